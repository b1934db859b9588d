"""Open ZIP files that others wrote: one meaning for every reader, and bounded memory."""

from __future__ import annotations

import codecs
import contextlib
import os
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from .errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Bytes of the central directory: about 80,000 files.
_LARGEST_DIRECTORY = 8 << 20
# Lists and annotations as text: AVA's shrink to a tenth, and have 120 MB.
_MOST_MEMBERS, _LARGEST_CONTENT, _LARGEST_RATIO = 1000, 512 << 20, 100
_BLOCK = 1 << 18
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")


class BadZipError(StackError):
    """A ZIP file that is damaged, too large, or that two programs would read differently."""

    code = "archive.unreadable"


@contextlib.contextmanager
def opened(file: IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP file that begins with its first member and ends with its directory.

    Raises ``BadZipError``, also for what is found while members are read.
    """
    try:
        _require_plain(file)
        with zipfile.ZipFile(file) as archive:
            names = [info.filename.casefold() for info in archive.infolist()]
            if len(set(names)) != len(names):
                raise zipfile.BadZipFile("two members have the same name")
            yield archive
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError),
        *(NotImplementedError, RuntimeError),  # an unknown compression, a password
    ) as error:
        raise BadZipError(
            f"The ZIP file {name} cannot be read.",
            f"It is truncated or damaged: {error}.",
            "Get the file again.",
        ) from error


def require_small(archive: zipfile.ZipFile, packed: int) -> None:
    """Raise ``BadZipFile`` where the content would be far larger than the file of ``packed`` bytes.

    No more than the declared size of a member is ever read.
    """
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > _MOST_MEMBERS or total > min(_LARGEST_CONTENT, packed * _LARGEST_RATIO):
        raise zipfile.BadZipFile(f"{len(infos)} files of {total} bytes would be in it")


def text(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[str]:
    """Yield the UTF-8 text of a member in blocks."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with archive.open(info) as member:
        for block in iter(lambda: member.read(_BLOCK), b""):
            yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def read_at_most(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes | None:
    """Return the content of a member; None where it is larger, whatever its header says."""
    with archive.open(info) as member:
        data = member.read(limit + 1)
    return data if len(data) <= limit else None


def _require_plain(file: IO[bytes]) -> None:
    """Raise ``BadZipFile`` where readers could disagree on which directory counts.

    Some look for its end from the back, some allow bytes before the first member, and some take
    offsets as written.
    """
    size = file.seek(0, os.SEEK_END)
    end = size - _END.size
    sign, disk, *_counts, length, start, comment = _END.unpack(_at(file, end, _END.size))
    if sign != b"PK\5\6" or comment or disk not in (0, 0xFFFF):
        raise zipfile.BadZipFile("it does not end with its directory")
    locator = _at(file, end - _LOCATOR.size, _LOCATOR.size) if end >= _LOCATOR.size else b""
    if locator[:4] == b"PK\6\7":
        end = end - _LOCATOR.size - _END_64.size
        found = _END_64.unpack(_at(file, end, _END_64.size))
        if found[0] != b"PK\6\6" or _LOCATOR.unpack(locator)[2] != end:
            raise zipfile.BadZipFile("it does not end with its directory")
        narrow = (length, start)
        length, start = found[8], found[9]
        if any(n not in (0xFFFFFFFF, w) for n, w in zip(narrow, (length, start))):
            raise zipfile.BadZipFile("it has two directories")
    if start + length != end:
        raise zipfile.BadZipFile("its directory is at another place than it says")
    if length > _LARGEST_DIRECTORY:
        raise zipfile.BadZipFile("its directory is too large")


def _at(file: IO[bytes], place: int, size: int) -> bytes:
    if place < 0:
        raise zipfile.BadZipFile("it is too short")
    file.seek(place)
    return file.read(size)
