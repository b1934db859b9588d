"""Read what an ELF file says of itself: soname, the libraries that it loads, its build id.

The layout is that of elf(5): 64 bits, little-endian, as on all machines that PyTorch supports.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, NamedTuple

from .model import Library

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\x7fELF"
_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_DYNAMIC = struct.Struct("<qQ")
_NOTE = struct.Struct("<III")
_LOAD, _DYN, _NOTES = 1, 2, 4  # kinds of segments
_NEEDED, _STRTAB, _STRSZ, _SONAME = 1, 5, 10, 14  # kinds of dynamic entries
_BUILD_ID = 3
# The largest dynamic section and string table are read, no more: PyTorch's have 6 MiB of names.
_TABLE, _STRINGS, _MOST_NEEDED, _MOST_SEGMENTS = 1 << 16, 64 << 20, 256, 128
_NAME = 255
_FARTHEST = 1 << 40  # bytes


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


def read(path: Path) -> Library | None:
    """Return what an ELF file says; None for another file. Raises ``OSError``.

    A damaged one says nothing.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None
        try:
            return _library(file)
        except (struct.error, ValueError, OverflowError, KeyError):
            return Library()


def _library(file: IO[bytes]) -> Library:
    segments = list(_segments(file))
    dynamic = [
        entry
        for segment in segments
        if segment.kind == _DYN
        for entry in _DYNAMIC.iter_unpack(_clipped(file, segment, _DYNAMIC.size))
    ]
    values = dict(reversed(dynamic))
    strings = _at(file, _offset(segments, values[_STRTAB]), values[_STRSZ]) if dynamic else b""
    needed = [_name(strings, value) for kind, value in dynamic if kind == _NEEDED]
    return Library(
        soname=_name(strings, values[_SONAME]) if _SONAME in values else "",
        needed=tuple(needed[:_MOST_NEEDED]),
        build_id=next((each for s in segments if s.kind == _NOTES for each in _ids(file, s)), ""),
    )


def _segments(file: IO[bytes]) -> list[_Segment]:
    head = _at(file, 0, _HEADER.size)
    if head[4:6] != b"\x02\x01":
        raise ValueError("no 64-bit little-endian ELF file")
    fields = _HEADER.unpack(head)
    start, size, count = fields[4], fields[8], fields[9]
    rows = (
        _SEGMENT.unpack(_at(file, start + n * size, _SEGMENT.size))
        for n in range(min(count, _MOST_SEGMENTS))
    )
    return [_Segment(row[0], row[2], row[3], row[5]) for row in rows]


def _offset(segments: list[_Segment], address: int) -> int:
    for segment in segments:
        if segment.kind == _LOAD and 0 <= address - segment.address < segment.size:
            return segment.offset + address - segment.address
    raise ValueError("an address is in no segment")


def _clipped(file: IO[bytes], segment: _Segment, unit: int) -> bytes:
    size = min(segment.size, _TABLE)
    return _at(file, segment.offset, size - size % unit)


def _ids(file: IO[bytes], segment: _Segment) -> list[str]:
    """Return the build ids in a segment of notes."""
    data, place, found = _at(file, segment.offset, min(segment.size, _TABLE)), 0, []
    while place + _NOTE.size <= len(data):
        name, size, kind = _NOTE.unpack_from(data, place)
        place += _NOTE.size
        owner = data[place : place + name]
        place += -(-name // 4) * 4
        if kind == _BUILD_ID and owner == b"GNU\0":
            found.append(data[place : place + min(size, 64)].hex())
        place += -(-size // 4) * 4
    return found


def _name(strings: bytes, place: int) -> str:
    end = strings.index(b"\0", place)
    return strings[place : min(end, place + _NAME)].decode("utf-8", "replace")


def _at(file: IO[bytes], place: int, size: int) -> bytes:
    if size > _STRINGS or place > _FARTHEST:
        raise ValueError("a table is too large, or too far away")
    file.seek(place)
    data = file.read(size)
    if len(data) != size:
        raise ValueError("the file is cut off")
    return data
