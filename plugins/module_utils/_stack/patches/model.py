"""What a patch is, and what it can find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Protocol

from ..core.errors import StackError
from .syntax.source_file import Source
from .syntax.splices import BadEditError, Splice, apply

if TYPE_CHECKING:
    from .conditions import Condition

# The five answers of a detector, and the one of a patch that was made.
AFFECTED = "affected"
ALREADY = "already-applied"
DIFFERENTLY = "fixed-differently"
NOT_HERE = "not-applicable"
UNKNOWN = "unknown"
APPLIED = "applied"

# When files of one patch disagree, the first of these that occurs is its status.
WORST_FIRST = (UNKNOWN, AFFECTED, DIFFERENTLY, ALREADY, NOT_HERE)

Versions = Mapping[str, str]


class ReadableTree(Protocol):
    """Where files are read; paths are relative, with slashes."""

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, or None where there is none."""

    def commit(self) -> str | None:
        """Return the commit of the tree, or None outside git."""


class Tree(ReadableTree, Protocol):
    """Where files are read and written."""

    def require_writable(self, path: str) -> None:
        """Raise ``StackError`` where ``write`` could not work."""

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place atomically."""

    def remove(self, path: str) -> None:
        """Take a file away."""

    def drop(self, folder: str) -> None:
        """Take a folder away."""


@dataclass(frozen=True)
class Finding:
    """The state of one file: a status, the edit if it is affected, else why."""

    status: str
    splices: tuple[Splice, ...] = ()
    because: str = ""


def affected(*splices: Splice) -> Finding:
    """Say that the breakage is there, and how to patch it."""
    return Finding(AFFECTED, tuple(splices))


def already(because: str = "") -> Finding:
    """Say that the code is as it should be."""
    return Finding(ALREADY, (), because)


def differently(because: str) -> Finding:
    """Say that somebody has patched the same thing in another way that holds."""
    return Finding(DIFFERENTLY, (), because)


def not_here(because: str = "") -> Finding:
    """Say that this file never had the code in question."""
    return Finding(NOT_HERE, (), because)


def unknown(because: str) -> Finding:
    """Say that the code is there in a form that nobody has seen; name the function."""
    return Finding(UNKNOWN, (), because)


@dataclass(frozen=True)
class Site:
    """Where a patch looks: one path of the repository, and what it does with the file.

    A file that is missing is created with ``text``, if there is one.
    Where ``lacks`` names a path, the site counts only in trees without that file.
    """

    path: str
    examine: Callable[[Source], Finding] = lambda _: not_here()
    text: str | None = None
    lacks: str | None = None


@dataclass(frozen=True)
class Patch:
    """One known breakage: how users see it, when it bites, where it is, and how it is patched."""

    id: str
    component: str
    title: str
    symptom: str
    reason: str
    issues: tuple[str, ...]
    needed: Condition
    sites: Sequence[Site]


# A file may hold the same breakage several times over; more than this is no patch.
ROUNDS = 4


def look(site: Site, path: str, data: bytes) -> tuple[Finding, bytes]:
    """Examine one file; return the first finding and the file as it should be.

    The edit is repeated until the detector is content, so that a second patch changes nothing.
    """
    first, after = _once(site, path, data)
    finding = first
    for _round in range(ROUNDS):
        if finding.status != AFFECTED:
            break
        finding, after = _once(site, path, after)
    if first.status != AFFECTED:
        return first, data
    if finding.status in (AFFECTED, UNKNOWN):
        return unknown(finding.because or "The edit does not satisfy its own detector."), data
    return first, after


def _once(site: Site, path: str, data: bytes) -> tuple[Finding, bytes]:
    try:
        source = Source(path, data)
        finding = site.examine(source)
        return finding, apply(source, finding.splices) if finding.splices else data
    except BadEditError as error:
        return unknown(error.message), data
    except StackError as error:
        return unknown(str(error)), data
