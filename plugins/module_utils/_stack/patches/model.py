"""What a patch is, and what it reports about a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Callable, Protocol

from ..core.errors import StackError
from .conditions import Condition, always
from .syntax.source_file import Source
from .syntax.splices import BadEditError, Splice, apply

# The statuses of a patch: five that a detector can report, and APPLIED after writing.
AFFECTED = "affected"
ALREADY_APPLIED = "already-applied"
FIXED_DIFFERENTLY = "fixed-differently"
NOT_APPLICABLE = "not-applicable"
UNKNOWN = "unknown"
APPLIED = "applied"

# If the files of one patch differ, the first of these that occurs is the status of the patch.
WORST_FIRST = (UNKNOWN, AFFECTED, FIXED_DIFFERENTLY, ALREADY_APPLIED, NOT_APPLICABLE)

Versions = Mapping[str, str]

# Where a source tree can come from: the commit that the catalog pins, another commit of the
# upstream repository, the package on PyPI, any other repository.
PINNED, UPSTREAM, PYPI, FORK = "pinned", "upstream", "pypi", "fork"
EVERY_ORIGIN = (PINNED, UPSTREAM, PYPI, FORK)
GIT_ONLY = (PINNED, UPSTREAM, FORK)
NOT_PINNED = (UPSTREAM, PYPI, FORK)


class ReadableTree(Protocol):
    """A tree of files to read; paths are relative to its root, with forward slashes."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, None if it does not exist."""

    def commit(self) -> str | None:
        """Return the git commit of the tree, None outside git."""


class Tree(ReadableTree, Protocol):
    """A tree of files to read and write."""

    def require_writable(self, path: str) -> None:
        """Raise ``StackError`` if the file could not be written."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file atomically."""

    def remove(self, path: str) -> None:
        """Remove a file."""

    def drop(self, folder: str) -> None:
        """Remove a folder with its content."""


@dataclass(frozen=True)
class Finding:
    """What a detector reports about one file: a status, the edit if affected, else a reason."""

    status: str
    splices: tuple[Splice, ...] = ()
    because: str = ""


def affected(*splices: Splice) -> Finding:
    """Report that the file has the breakage, with the edit that patches it."""
    return Finding(AFFECTED, tuple(splices))


def already_applied(because: str = "") -> Finding:
    """Report that the code is correct."""
    return Finding(ALREADY_APPLIED, (), because)


def fixed_differently(because: str) -> Finding:
    """Report that the code fixes the same breakage in another way."""
    return Finding(FIXED_DIFFERENTLY, (), because)


def not_applicable(because: str = "") -> Finding:
    """Report that the file does not have the code that the patch is about."""
    return Finding(NOT_APPLICABLE, (), because)


def unknown(because: str) -> Finding:
    """Report that the code has a form that the patch does not know; name the function."""
    return Finding(UNKNOWN, (), because)


@dataclass(frozen=True)
class Beside:
    """What another file of the tree must hold for a site to apply."""

    path: str
    holds: Callable[[Source], bool]


@dataclass(frozen=True)
class Site:
    """One file that a patch examines, by its path in the repository.

    A missing file is created with ``text``, unless that is None.
    With ``lacks``, the site applies only to trees without the file of that path; with ``beside``,
    only to those in which one of these files has the code that makes the patch necessary.
    """

    path: str
    examine: Callable[[Source], Finding] = lambda _: not_applicable()
    text: str | None = None
    lacks: str | None = None
    beside: tuple[Beside, ...] = ()


@dataclass(frozen=True)
class Patch:
    """One known breakage: its symptom and reason, when a patch is needed, and the files to patch.

    ``origins`` are those whose trees can have the breakage, as ``scripts/patch_history.py`` and a
    run over the pinned commits and the packages on PyPI measured on 2026-11-30.
    """

    id: str
    component: str
    title: str
    symptom: str
    reason: str
    sites: Sequence[Site]
    issues: tuple[str, ...] = ()
    needed: Condition = always
    origins: tuple[str, ...] = EVERY_ORIGIN


# How often an edit is repeated in one file until its detector finds nothing more.
ROUNDS = 4


def examine_file(site: Site, path: str, data: bytes) -> tuple[Finding, bytes]:
    """Examine one file; return the first finding and the patched content.

    The edit is repeated until the detector finds nothing, so applying it again changes nothing.
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
        return unknown(
            finding.because or "The detector still finds the breakage after the edit."
        ), data
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
