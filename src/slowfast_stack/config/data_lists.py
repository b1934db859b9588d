"""Read the lists of a data set as upstream's loaders do, and find missing files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    is_number,
    parse_json,
)

if TYPE_CHECKING:
    from pathlib import Path

_CHECKED = 2000  # videos whose existence is checked
_FRAME_FIELDS = 5
_FIELDS = (1, 2, 3)  # upstream takes path; path label; path something label

_BEGINNING = 16  # bytes of a file that show whether it is text
_VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".flv", ".wmv")
_CONTAINERS = (b"RIFF", b"OggS")  # that begin with letters
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
    missing = tuple(row[0] for row in checked if not _may_be_video(prefix / row[0]))
    return VideoList(path, len(rows), frozenset(labels), bad, missing, len(checked))


def _may_be_video(path: Path) -> bool:
    """Return whether a file is there that is no text, such as a page that names an error."""
    try:
        with path.open("rb") as file:
            first = file.read(_BEGINNING)
    except OSError:
        return False
    if path.suffix.lower() not in _VIDEOS or not first or first.startswith(_CONTAINERS):
        return True
    return not all(32 <= n < 127 or n in b"\t\r\n" for n in first)  # noqa: PLR2004


def _readable(row: list[str]) -> bool:
    if len(row) not in _FIELDS or not row[0]:
        return False
    if len(row) == 1:  # upstream reads it as a path of class 0
        return not _OTHER_SEPARATOR.search(row[0])
    return is_number(row[-1].strip())


@dataclass(frozen=True)
class FrameList:
    """A list of frames, as Charades and Something-Something have it."""

    videos: frozenset[str]
    labels: frozenset[int]
    bad: str  # the first line that upstream cannot read
    missing: tuple[str, ...]


def read_frames(path: Path, prefix: Path) -> FrameList:
    """Read a list of frames: original_vido_id video_id frame_id path labels."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line.split() for line in lines[1:]]
    wrong = (line for line, row in zip(lines[1:], rows, strict=True) if not _is_frame(row))
    bad = next((line or "(an empty line)" for line in wrong), "")
    if not lines or not lines[0].startswith("original_vido_id"):
        bad = lines[0] if lines else "(empty)"
    complete = [row for row in rows if _is_frame(row)]
    labels = frozenset(label for row in complete for label in _labels(row) or ())
    every = max(1, len(complete) // _CHECKED)
    missing = tuple(row[3] for row in complete[::every] if not (prefix / row[3]).is_file())
    return FrameList(frozenset(row[0] for row in complete), labels, bad, missing)


def _is_frame(row: list[str]) -> bool:
    return len(row) == _FRAME_FIELDS and _labels(row) is not None


def _labels(row: list[str]) -> list[int] | None:
    """Return the labels of a frame as upstream reads them; None where it cannot."""
    text = row[-1].replace('"', "")
    try:
        return [int(part) for part in text.split(",")] if text else []
    except ValueError:
        return None


class NotLabelled(ValueError):
    """The files that name the labels of Something-Something cannot be read as such."""


def read_templates(names: Path, path: Path) -> list[tuple[str, int]]:
    """Return each video of a split of Something-Something with its label.

    ``names`` has a number for each template, ``path`` a template for each video. Raises NotLabelled.
    """
    numbers, videos = _parsed(names, dict), _parsed(path, list)
    found = []
    for row in videos:
        try:
            template = row["template"].replace("[", "").replace("]", "")
            found.append((row["id"], int(numbers[template])))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"{path} has a video whose template {names.name} does not number: {row!r:.80}"
            raise NotLabelled(message) from error
    return found


def _parsed(path: Path, kind: type[Any]) -> Any:  # noqa: ANN401  (what JSON holds)
    try:
        value = parse_json(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        message = f"{path} is not JSON"
        raise NotLabelled(message) from error
    if not isinstance(value, kind):
        message = f"{path} is not the {kind.__name__} that upstream reads"
        raise NotLabelled(message)
    return value


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
