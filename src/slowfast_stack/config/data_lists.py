"""Read the lists of a data set as upstream's loaders do, and find missing files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import is_number

if TYPE_CHECKING:
    from pathlib import Path

_CHECKED = 2000  # videos whose existence is checked
_FRAME_FIELDS = 5
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
    checked: int


def read_videos(path: Path, separator: str, prefix: Path) -> VideoList:
    """Read ``train.csv`` and its like."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line.split(separator) if separator else [line] for line in lines]
    bad = next((line for line, row in zip(lines, rows, strict=True) if not _readable(row)), "")
    labels = {int(row[-1]) for row in rows if len(row) > 1 and _readable(row)}
    checked = rows[:_CHECKED]
    missing = tuple(row[0] for row in checked if not (prefix / row[0]).exists())
    return VideoList(path, len(rows), frozenset(labels), bad, missing, len(checked))


def _readable(row: list[str]) -> bool:
    if len(row) not in _FIELDS or not row[0]:
        return False
    if len(row) == 1:  # upstream reads it as a path of class 0
        return not _OTHER_SEPARATOR.search(row[0])
    return is_number(row[-1].strip())


@dataclass(frozen=True)
class FrameList:
    """A list of frames, as Charades and Something-Something have it."""

    videos: int
    labels: frozenset[int]
    bad: str  # the first line that upstream cannot read
    missing: tuple[str, ...]


def read_frames(path: Path, prefix: Path) -> FrameList:
    """Read a list of frames: original_vido_id video_id frame_id path labels."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line.split() for line in lines[1:]]
    wrong = (line for line, row in zip(lines[1:], rows, strict=True) if len(row) != _FRAME_FIELDS)
    bad = next(wrong, "")
    if not lines or not lines[0].startswith("original_vido_id"):
        bad = lines[0] if lines else "(empty)"
    complete = [row for row in rows if len(row) == _FRAME_FIELDS]
    texts = {text for row in complete for text in row[4].strip('"').split(",")}
    labels = frozenset(int(text) for text in texts if is_number(text))
    missing = tuple(row[3] for row in complete[:_CHECKED] if not (prefix / row[3]).exists())
    return FrameList(len({row[0] for row in complete}), labels, bad, missing)


def read_boxes(path: Path) -> tuple[int, frozenset[int]]:
    """Read ground-truth boxes of AVA: the number of moments with boxes, and the actions in them."""
    rows = [
        line.split(",") for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    complete = [row for row in rows if len(row) >= 7]  # noqa: PLR2004  (columns of AVA)
    moments = {(row[0], row[1]) for row in complete}
    return len(moments), frozenset(int(row[6]) for row in complete if is_number(row[6].strip()))


def videos_of_frames(path: Path) -> set[str]:
    """Return the videos of a list of frames of AVA."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    return {line.split()[0] for line in lines if line.split()}


def videos_of_boxes(path: Path, threshold: float | None, every: int) -> set[str] | None:
    """Return the videos with boxes, None where a line is of another kind.

    With a threshold only boxes with such a score count; of the seconds each ``every``-th does.
    """
    found: set[str] = set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        row = line.strip().split(",")
        try:
            second, label = int(row[1]), row[6]
            if threshold is not None and float(row[7]) < threshold:
                continue
            int(label or -1)
        except (IndexError, ValueError):
            return None
        if second % every == 0:
            found.add(row[0])
    return found


def unreadable_truth(text: str) -> str | None:
    """Return the first line that is no box with an action: video, second, box, action."""
    rows = ((line, line.split(",")) for line in text.splitlines())
    columns = (_TRUTH, _TRUTH + 1)
    wrong = (line for line, row in rows if len(row) not in columns or not is_number(row[6].strip()))
    return next(wrong, None)


_TRUTH = 7


def unreadable_exclusion(text: str) -> str | None:
    """Return the first line that is no moment: video, second."""
    return next((line for line in text.splitlines() if line.count(",") != 1), None)


def unreadable_label_map(text: str) -> str | None:
    """Return the first line where there is no class as upstream reads it, with two spaces."""
    named = re.search(r'^  name: *"', text, re.MULTILINE)
    numbered = re.search(r"^  (?:label_)?id: *\d+$", text, re.MULTILINE)
    return None if named and numbered else "".join(text.splitlines()[:1])
