"""What a stack contains: parts, the files of each, native libraries, packages of the system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..core import names, validation
from ..core.construct import read

# The part of files that nothing provides; they are listed like all others.
UNOWNED = "unowned"
KINDS = (
    "package", "conda", "source", "python", "environment", "ffmpeg", "miniforge", "records", UNOWNED,
)  # fmt: skip
_TEXT = 4096  # characters


def short(value: object, where: str) -> str:
    """Return text of at most 4,096 characters; it may be empty. Raises ``StackError``."""
    if not isinstance(value, str) or len(value) > _TEXT:
        raise validation.bad(where, "a short text", names.shortened(value))
    return str(value)


def named(value: object, where: str) -> str:
    """Return text of 1 to 4,096 characters. Raises ``StackError``."""
    return validation.text(short(value, where), where)


@dataclass(frozen=True)
class Embedded:
    """A library inside of a package, as the SBOM of that package names it (PEP 770)."""

    name: str = read(named)
    version: str = read(short, default="", omit=True)
    purl: str = read(short, default="", omit=True)


@dataclass(frozen=True)
class Part:
    """A package, source or program that provides files; ``id`` is unique, ``kind`` one of ``KINDS``.

    ``expression`` is an SPDX expression, ``licenses`` are names; ``origin`` says where it comes from:
    a conda channel, or the name of a source for a package that is installed in place.
    """

    id: str = read(named)
    kind: str = read(validation.choice(*KINDS))
    name: str = read(named)
    version: str = read(short, default="", omit=True)
    expression: str = read(short, default="", omit=True)
    licenses: tuple[str, ...] = read(default=(), omit=True)
    embedded: tuple[Embedded, ...] = read(default=(), omit=True)
    origin: str = read(short, default="", omit=True)
    sha256: str = read(short, default="", omit=True)


class Installed(NamedTuple):
    """A package and its files, as paths in the stack; ``adopted`` are links to another Python."""

    part: Part
    files: tuple[str, ...]
    adopted: tuple[str, ...] = ()


class File(NamedTuple):
    """A file: its path below the stack, its part, and its SHA-256.

    ``sha256`` is empty where digests were not asked for; of a link, ``link`` is what it names.
    """

    path: str
    part: str
    sha256: str = ""
    link: str = ""


@dataclass(frozen=True)
class Library:
    """What an ELF file says of itself: its soname, the sonames that it loads, its build id."""

    soname: str = read(short, default="", omit=True)
    needed: tuple[str, ...] = read(default=(), omit=True)
    build_id: str = read(short, default="", omit=True)


@dataclass(frozen=True)
class SystemPackage:
    """A package of the distribution that a stack uses; ``manager`` is deb or rpm.

    ``source`` is the source package, ``why`` what the stack uses it for.
    """

    manager: str = read(validation.choice("deb", "rpm"))
    name: str = read(names.package)
    version: str = read(names.package_version)
    architecture: str = read(short)
    why: str = read(short)
    source: str = read(short, default="", omit=True)
    licenses: tuple[str, ...] = read(default=(), omit=True)


@dataclass(frozen=True)
class Contents:
    """Everything in a stack; ``recorded`` is when its lock was written, in seconds since 1970."""

    recorded: int
    parts: tuple[Part, ...]
    files: tuple[File, ...]
    libraries: dict[str, Library]
    system: tuple[SystemPackage, ...]
    notes: tuple[str, ...] = ()
