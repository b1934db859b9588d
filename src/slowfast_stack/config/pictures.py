"""Read folders of pictures as upstream's ImageNet does: a folder for each class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CLASS = re.compile(r"n[0-9]+")
_CHECKED = 2000  # pictures whose first bytes are read
# How files that Pillow opens begin: JPEG, PNG, GIF, BMP, WebP, TIFF, JPEG 2000, Netpbm.
_BEGINNINGS = (
    b"\xff\xd8",
    b"\x89PNG",
    b"GIF8",
    b"BM",
    b"RIFF",
    b"II*\0",
    b"MM\0*",
    b"\0\0\0\x0cjP",
    b"\xff\x4f\xff\x51",
    b"P",
)


@dataclass(frozen=True)
class Pictures:
    """The classes of a split with their pictures; ``file`` is one where a class has to be."""

    classes: frozenset[str]
    images: int
    bad: tuple[str, ...]  # of the first ``checked``
    checked: int
    file: str


def read(folder: Path) -> Pictures:
    """Read the folders of a split."""
    classes = sorted(path for path in folder.iterdir() if _CLASS.fullmatch(path.name))
    file = next((str(path) for path in classes if not path.is_dir()), "")
    inside = {path: [*path.iterdir()] for path in classes if path.is_dir()}
    each = max(1, _CHECKED // max(1, len(classes)))
    checked = [path for paths in inside.values() for path in paths[:each]]
    bad = tuple(str(path) for path in checked if not _is_picture(path))
    return Pictures(
        frozenset(path.name for path in classes),
        sum(map(len, inside.values())),
        bad,
        len(checked),
        file,
    )


def _is_picture(path: Path) -> bool:
    """Return whether a file begins as a picture does; of an empty one that is not known."""
    try:
        with path.open("rb") as opened:
            first = opened.read(8)
    except OSError:
        return False
    return not first or first.startswith(_BEGINNINGS)
