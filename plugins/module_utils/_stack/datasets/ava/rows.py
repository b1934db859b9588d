"""The rows of frame lists, boxes, excluded timestamps and label maps, as SlowFast reads them.

Read in slowfast/datasets/ava_helper.py and slowfast/utils/ava_eval_helper.py, SlowFast 287ec00.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import Unreadable
from ...core.validation import is_number
from .dataset import CLASSES, SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = "original_vido_id video_id frame_id path labels"  # upstream's spelling; always skipped
FRAME_FIELDS = 5
THRESHOLD = 0.9  # AVA.DETECTION_SCORE_THRESH


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line, without its line end. Raises Unreadable."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield number, line.rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise Unreadable(
            f"{path} cannot be read.", f"{cause}.", "Download it again.", code="file.unreadable"
        ) from error


def frame_row(video: str, index: int, number: int, path: str) -> str:
    """Return a row of a frame list; its last field is two quotation marks."""
    return f'{video} {index} {number} {path} ""\n'


def frame_rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, video and path of each row. Raises Unreadable for what is refused."""
    for number, line in lines(path):
        fields = line.split()
        if len(fields) != FRAME_FIELDS:
            cause = f"Line {number} has {len(fields)} fields instead of {FRAME_FIELDS}: {line!r}."
            raise Unreadable(
                f"{path} is no frame list.",
                cause,
                "Write it again: ava lists.",
                code="ava.invalid-list",
            )
        if number > 1:
            yield number, fields[0], fields[3]
        elif fields != HEADER.split() and is_number(fields[2]):
            raise Unreadable(
                f"{path} has no header.",
                "The loader skips the first line, so the first frame would be lost.",
                "Write it again: ava lists.",
                code="ava.invalid-list",
            )


def highest_numbers(path: Path) -> dict[str, int]:
    """Return the highest frame number that a list names for each video, by its last rows."""
    found: dict[str, int] = {}
    video, last = "", ""
    for _number, line in lines(path):
        if not line.startswith(f"{video} "):
            _note(found, video, last)
            video = line.partition(" ")[0]
        last = line
    _note(found, video, last)
    return found


def _note(found: dict[str, int], video: str, line: str) -> None:
    fields = line.split()
    name = fields[3] if len(fields) == FRAME_FIELDS else ""
    number = name.rpartition("_")[2].partition(".")[0]
    if is_number(number):
        found[video] = max(found.get(video, 0), int(number))


def wrong_box(fields: list[str], *, predicted: bool) -> str:
    """Say why a row of boxes is not as the loader and the evaluation need it; nothing if it is."""
    columns = (8,) if predicted else (7, 8)
    if len(fields) not in columns:
        return f"{len(fields)} columns instead of {' or '.join(map(str, columns))}"
    second = fields[1]
    if not is_number(second) or int(second) not in SECONDS:
        return f"second {second!r} is not one of {SECONDS[0]} to {SECONDS[-1]}"
    try:
        left, top, right, bottom = (float(text) for text in fields[2:6])
    except ValueError:
        return f"{','.join(fields[2:6])} are not numbers"
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        return f"box {','.join(fields[2:6])} is not x1 < x2, y1 < y2 in fractions of 1"
    return _wrong_end(fields, predicted=predicted)


def _wrong_end(fields: list[str], *, predicted: bool) -> str:
    label = fields[6]
    absent = predicted and label == ""
    if not absent and not (is_number(label) and 1 <= int(label) <= CLASSES):
        return f"label {label!r} is not one of 1 to {CLASSES}"
    if predicted:
        try:
            score = float(fields[7])
        except ValueError:
            return f"score {fields[7]!r} is not a number"
        if not 0 <= score <= 1:
            return f"score {fields[7]} is not between 0 and 1; is this a ground-truth file?"
    return ""


def strong(fields: list[str]) -> bool:
    """Return whether a predicted box is good enough to be used."""
    return float(fields[7]) >= THRESHOLD


def label_map(path: Path) -> dict[int, str]:
    """Return the names of the classes by id, as the evaluation finds them. Raises Unreadable."""
    found, name = {}, ""
    for number, line in lines(path):
        if line.startswith("  name:"):
            name = line.split('"')[1] if line.count('"') > 1 else ""
        elif line.startswith(("  id:", "  label_id:")):
            text = line.split()[-1]
            if not is_number(text) or not 1 <= int(text) <= CLASSES or not name:
                cause = f"Line {number} gives the class {name!r} the id {text}."
                raise Unreadable(
                    f"{path} is not a label map.",
                    cause,
                    f"Ids are 1 to {CLASSES}.",
                    code="ava.invalid-list",
                )
            found[int(text)] = name
    if not found:
        raise Unreadable(
            f"{path} is not a label map.",
            "It contains no class.",
            "Download it again.",
            code="ava.invalid-list",
        )
    return found


def label_map_text(names: list[str]) -> str:
    """Return a label map whose first class has the id 1."""
    items = (f'item {{\n  name: "{name}"\n  id: {i}\n}}\n' for i, name in enumerate(names, 1))
    return "".join(items)
