"""Walk the folders of a stack, and read every file of them once."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import elf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .model import Library

_BLOCK = 1 << 20
_MOST_THREADS = 8


class Entry(NamedTuple):
    """Something that is no folder: where it is, its path in the stack, what it names as a link."""

    place: str
    path: str
    link: str = ""
    regular: bool = True
    runs: bool = False


class Seen(NamedTuple):
    """What was read of a file."""

    sha256: str
    library: Library | None


def walk(root: Path, label: str, follow: Callable[[str], bool]) -> Iterator[Entry]:
    """Yield everything below ``root`` but its folders; paths begin with ``label``.

    A link is not followed, but where ``follow`` says so of its path.
    """
    waiting = [(str(root), label)]
    while waiting:
        folder, before = waiting.pop()
        with os.scandir(folder) as rows:
            for row in rows:
                path = f"{before}/{row.name}" if before else row.name
                if row.is_symlink() and not follow(path):
                    yield Entry(row.path, path, str(Path(row.path).readlink()), regular=False)
                elif row.is_dir():
                    waiting.append((row.path, path))
                else:
                    mode = row.stat().st_mode if row.is_file() else 0
                    yield Entry(row.path, path, "", row.is_file(), bool(mode & 0o111))


def read(entries: list[Entry], *, digests: bool) -> Mapping[str, Seen]:
    """Return by path the SHA-256 of every regular file, and what ELF files say.

    Without ``digests`` no file is read completely. Raises ``OSError``.
    """
    regular = [entry for entry in entries if entry.regular]
    workers = min(_MOST_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        seen = pool.map(lambda entry: _read(entry, digests=digests), regular, chunksize=64)
        return {entry.path: each for entry, each in zip(regular, seen)}


def _read(entry: Entry, *, digests: bool) -> Seen:
    library = None
    if entry.runs or ".so" in entry.place.rpartition("/")[2]:
        library = elf.read(Path(entry.place))
    return Seen(_sha256(entry.place) if digests else "", library)


def _sha256(place: str) -> str:
    digest = hashlib.sha256()
    with open(place, "rb", buffering=0) as file:  # noqa: PTH123  (28,000 times)
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()
