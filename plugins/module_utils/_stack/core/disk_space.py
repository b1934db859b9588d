"""Free disk space: bytes, and inodes where the file system counts them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

_MB, _GB = 10**6, 10**9
_FILE = 1 << 16  # bytes


def existing(folder: Path) -> Path:
    """Return the folder itself, or its nearest parent that exists."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def free_bytes(folder: Path) -> int:
    """Return how many bytes a user without privileges may still write below a folder."""
    return _free(existing(folder))[0]


def is_full(folder: Path) -> bool:
    """Return whether a file system has no space or no inode left for a small file."""
    size, inodes = _free(folder)
    return size < _FILE or inodes == 0


def require(folder: Path, size: int, files: int, content: str) -> None:
    """Raise StackError if ``size`` bytes in ``files`` files do not fit below ``folder``."""
    place = existing(folder)
    free, inodes = _free(place)
    lacks = []
    if free < size:
        lacks.append(f"{_size(size)} are needed and {_size(free)} free")
    if inodes is not None and inodes < files:
        lacks.append(f"{files} inodes are needed and {inodes} free")
    if lacks:
        raise StackError(
            f"{place} does not have enough free space for {content}.",
            f"{'; '.join(lacks)}.",
            "Free that much, use another folder, or add --skip-disk-check.",
            code="disk.full",
        )


def _free(folder: Path) -> tuple[int, int | None]:
    """Return free bytes and inodes; None where their number is not fixed, as in Btrfs."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None


def _size(number: int) -> str:
    return f"{number / _GB:.1f} GB" if number >= _GB else f"{number / _MB:.1f} MB"
