"""Read the lists of a data set as upstream's loaders do: what is in them, and what is not there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LOOKED_AT = 2000  # videos whose existence is asked for
_FIELDS = (1, 2, 3)  # upstream takes path; path label; path something label

_OTHER_SEPARATOR = re.compile(r"[,;\s]\d+\s*$")


@dataclass(frozen=True)
class VideoList:
    """A list of videos with their labels."""

    path: Path
    rows: int
    labels: frozenset[int]
    bad: str  # the first line that upstream cannot read
    missing: tuple[str, ...]
    looked_at: int


def read_videos(path: Path, separator: str, prefix: Path) -> VideoList:
    """Read ``train.csv`` and its like."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line.split(separator) for line in lines]
    bad = next((line for line, row in zip(lines, rows, strict=True) if not _readable(row)), "")
    labels = {int(row[-1]) for row in rows if len(row) > 1 and _readable(row)}
    looked_at = rows[:_LOOKED_AT]
    missing = tuple(row[0] for row in looked_at if not (prefix / row[0]).exists())
    return VideoList(path, len(rows), frozenset(labels), bad, missing, len(looked_at))


def _readable(row: list[str]) -> bool:
    if len(row) not in _FIELDS or not row[0]:
        return False
    if len(row) == 1:  # upstream takes it for a path of class 0
        return not _OTHER_SEPARATOR.search(row[0])
    return row[-1].strip().isdigit()


def read_boxes(path: Path) -> tuple[int, frozenset[int]]:
    """Read ground-truth boxes of AVA: how many moments have any, and the actions named."""
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    whole = [row for row in rows if len(row) >= 7]  # noqa: PLR2004  (columns of AVA)
    moments = {(row[0], row[1]) for row in whole}
    return len(moments), frozenset(int(row[6]) for row in whole if row[6].strip().isdigit())
