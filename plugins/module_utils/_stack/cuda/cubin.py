"""List the GPU code inside a compiled extension, with NVIDIA's cuobjdump or without.

The layout of a fat binary was read from what nvcc 13.0 writes, compressed and not, for sm_75 to
sm_120f. This file imports nothing of its package: the proof program carries a copy of it.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The sections of a shared library that hold fat binaries.
SECTIONS = (b".nv_fatbin", b"__nv_relfatbin")
_CONTAINER = struct.Struct("<IHHQ")  # magic, version, size of this header, size of the rest
_MAGIC = 0xBA55ED50
_ENTRY = struct.Struct(
    "<HHIQIIHHIIIQ"
)  # kind, ?, header, size, ?, ?, minor, major, arch, ?, ?, flags
_PTX, _ELF = 1, 2
# Flags of an entry for one architecture only, or for one family.
_SUFFIXES = ((0x100000, "a"), (0x1000000, "f"))
_LISTED_CODE = re.compile(r"\bsm_(\d+[af]?)\.cubin")
_LISTED_PTX = re.compile(r"\b(?:sm|compute)_(\d+[af]?)\.ptx")


@dataclass(frozen=True)
class Code:
    """What is inside: machine code and PTX, each by architecture such as ``90`` or ``90a``."""

    sm: frozenset[str]
    ptx: frozenset[str]

    def names(self) -> list[str]:
        """Return the names that NVIDIA's tools use: sm_90 is machine code, compute_90 is PTX."""
        code = [f"sm_{arch}" for arch in ordered(self.sm)]
        return code + [f"compute_{arch}" for arch in ordered(self.ptx)]

    def __str__(self) -> str:
        """Return the names in one line."""
        return ", ".join(self.names()) or "no GPU code"


def ordered(archs: frozenset[str]) -> list[str]:
    """Sort architectures by their number."""
    return sorted(archs, key=lambda arch: (len(arch.rstrip("af")), arch))


def of_listing(text: str) -> Code:
    """Read what ``cuobjdump --list-elf`` and ``--list-ptx`` print."""
    return Code(frozenset(_LISTED_CODE.findall(text)), frozenset(_LISTED_PTX.findall(text)))


def of_bytes(data: bytes) -> Code:
    """Read a fat binary, or a shared library with fat binaries in it.

    Raises ``ValueError`` for anything else, and for a file that was cut off.
    """
    parts = [data] if not data.startswith(b"\x7fELF") else list(_sections(data))
    found: dict[int, set[str]] = {_ELF: set(), _PTX: set()}
    try:
        for part in parts:
            for kind, arch in _entries(part):
                found.setdefault(kind, set()).add(arch)
    except struct.error as error:
        raise ValueError("the fat binary is cut off") from error
    return Code(frozenset(found[_ELF]), frozenset(found[_PTX]))


def _sections(data: bytes) -> Iterator[bytes]:
    """Yield the sections of a 64-bit little-endian ELF file that hold fat binaries."""
    if data[4:6] != b"\x02\x01":
        raise ValueError("no 64-bit little-endian ELF file")
    try:
        (table,) = struct.unpack_from("<Q", data, 0x28)
        size, count, names = struct.unpack_from("<HHH", data, 0x3A)
        headers = [struct.unpack_from("<IIQQQQ", data, table + n * size) for n in range(count)]
        start = headers[names][4]
    except (struct.error, IndexError) as error:
        raise ValueError("the ELF file is cut off") from error
    for name, _kind, _flags, _address, offset, length in headers:
        end = data.find(b"\0", start + name)
        if data[start + name : end] in SECTIONS:
            if offset + length > len(data):
                raise ValueError("the ELF file is cut off")
            yield data[offset : offset + length]


def _entries(part: bytes) -> Iterator[tuple[int, str]]:
    offset = 0
    while offset + _CONTAINER.size <= len(part):
        magic, _version, header, size = _CONTAINER.unpack_from(part, offset)
        if magic == 0:
            offset += 8  # the linker's padding
            continue
        if magic != _MAGIC:
            raise ValueError(f"no fat binary at byte {offset}")
        offset, end = offset + header, offset + header + size
        while offset < end:
            entry = _ENTRY.unpack_from(part, offset)
            kind, length, payload, arch, flags = entry[0], entry[2], entry[3], entry[8], entry[11]
            if not length or offset + length + payload > len(part):
                raise ValueError("the fat binary is cut off")
            suffix = next((letter for flag, letter in _SUFFIXES if flags & flag), "")
            yield kind, f"{arch}{suffix}"
            offset += length + payload


def wanted(arch_list: str) -> Code:
    """Return what TORCH_CUDA_ARCH_LIST asks for."""
    entries = [entry for entry in re.split(r"[;\s]+", arch_list) if entry]
    names = [(entry.partition("+")[0].replace(".", ""), "+PTX" in entry) for entry in entries]
    return Code(
        frozenset(name for name, _ptx in names), frozenset(name for name, ptx in names if ptx)
    )


def missing(arch_list: str, found: Code) -> list[str]:
    """Return what a file lacks of an architecture list, in the names of NVIDIA's tools."""
    asked = wanted(arch_list)
    return Code(asked.sm - found.sm, asked.ptx - found.ptx).names()
