"""List everything in a stack: each file with the part that provides it, or as that of no part."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ..environment.lock import FILE
from . import conda_packages, files, python_packages, system
from .model import Contents, File, Part
from .owners import SINGLE, Owners, of_ffmpeg, tracked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ..core.process import Commands
    from .model import Installed, Library


class _Stack(NamedTuple):
    """The folder of a stack, and the Python that its environment was made with."""

    home: Path
    interpreter: Path

    def places(self) -> Iterator[tuple[Path, str]]:
        """Yield the folders that a stack is made of, each with the first part of its paths.

        An interpreter of uv and Miniforge are shared by the stacks of a prefix.
        """
        prefix = self.home.parent.parent
        yield self.home, ""
        pythons = prefix / "pythons"
        if pythons in self.interpreter.parents:
            yield pythons / self.interpreter.relative_to(pythons).parts[0], "python"
        if (self.home / "env" / conda_packages.RECORDS).is_dir():
            yield from [(prefix / "miniforge", "miniforge")] * (prefix / "miniforge").is_dir()

    def condas(self) -> Iterator[Installed]:
        """Yield the packages that conda installed."""
        for folder, label in ((self.home / "env", "env"), *self.places()):
            if label in ("env", "miniforge"):
                yield from conda_packages.installed(folder, label)


def collect(commands: Commands, home: Path, machine: str, *, digests: bool) -> Contents:
    """Return the contents of the stack in ``home``; with ``digests`` every file is read completely.

    ``machine`` is the architecture, such as x86_64. Raises ``OSError`` and ``StackError``.
    """
    home = home.resolve()
    stack = _Stack(home, (home / "env" / "bin" / "python").resolve())
    folders = (path.name for path in (home / "src").glob("*") if path.is_dir())
    sources = sorted(name for name in folders if name[0] != ".")
    notes: list[str] = []
    packages = [*python_packages.installed(home / "env", frozenset(sources)), *stack.condas()]
    packages += filter(None, [of_ffmpeg(home / "ffmpeg")])
    owners = Owners(
        {file: row.part.id for row in packages for file in row.files},
        {name: tracked(commands, home / "src" / name, notes) for name in sources},
    )
    entries = _entries(stack, {path for row in packages for path in row.adopted})
    seen = files.read(entries, digests=digests)
    digest = {path: each.sha256 for path, each in seen.items()}
    rows = tuple(
        File(one.path, owners.of(one.path), digest.get(one.path, ""), one.link) for one in entries
    )
    libraries = {path: each.library for path, each in seen.items() if each.library}
    known = [row.part for row in packages]
    known += [Part(f"source {name}", "source", name) for name in sources]
    filled = {row.part for row in rows}
    return Contents(
        recorded=int((home / FILE).stat().st_mtime),
        parts=(*known, *(part for part in SINGLE if part.id in filled)),
        files=rows,
        libraries=libraries,
        system=system.used(commands, _wanted(stack, entries, libraries, machine)),
        notes=tuple(notes),
    )


def _entries(stack: _Stack, adopted: Iterable[str]) -> list[files.Entry]:
    """Return every file and link of a stack by path; packages of another Python are followed."""
    followed = {*adopted, "ffmpeg"}
    found = [
        entry
        for folder, label in stack.places()
        for entry in files.walk(folder, label, followed.__contains__)
    ]
    return sorted(found, key=lambda entry: entry.path)


def _wanted(
    stack: _Stack,
    entries: Iterable[files.Entry],
    libraries: Mapping[str, Library],
    machine: str,
) -> dict[str, str]:
    """Return for each file of the system that a stack uses what it is used for."""
    own = {entry.path.rpartition("/")[2] for entry in entries}
    own |= {library.soname for library in libraries.values()}
    needed = {soname for library in libraries.values() for soname in library.needed}
    places = system.libraries(sorted(needed - own), machine)
    wanted = {place: f"library {soname}" for soname, place in places.items()}
    for entry in entries:
        if entry.link.startswith("/") and entry.path.startswith("ffmpeg/"):
            wanted[os.path.realpath(entry.link)] = "FFmpeg"
    return {**wanted, str(stack.interpreter): "Python interpreter"}
