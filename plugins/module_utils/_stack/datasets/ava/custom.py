"""An AVA-style data set of custom clips, from a simple CSV of boxes and labels.

The loader knows the seconds 902 to 1798 and 30 frames a second only. So second t of a clip becomes
second 902 + t, and the list repeats the first frame for the 60 rows before it: nothing is copied.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ...core.errors import StackError, Unreadable, reason
from ...core.progress import Progress, silent
from ...core.validation import is_number
from . import manifest, rows
from .dataset import CLASSES, FPS, ORIGIN, SECONDS, DataSet, save
from .job import Job
from .lists import Lists, Split, Written, publish
from .official import SPLITS, VERSIONS, predicted
from .results import FAILED, Summary, summary
from .scheduler import Options, extract_clips
from .sources import present

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ...core.process import Commands
    from .dataset import Layout

VERSION = "2.2"  # the names of the files that SlowFast looks for by default
LEAD = (SECONDS[0] - ORIGIN) * FPS
NUMBERS = DataSet(name="custom", cut_s=0, frames=None, lead=LEAD)
_NEEDED = ("clip", "second", "x1", "y1", "x2", "y2", "label")
_SHOWN = 10


@dataclass(frozen=True)
class Box:
    """One label of one person: clip, second, corners in fractions of 1."""

    clip: str
    second: int
    corners: tuple[float, ...]
    label: str
    person: str
    split: str


class BadTable(StackError):
    """A CSV of boxes that cannot be used; every wrong row is named."""

    code = "ava.invalid-boxes"


def video_name(clip: str) -> str:
    """Return the name of a clip in the lists: without suffix, and with _ for what they forbid."""
    stem = clip.rpartition(".")[0] or clip
    return re.sub(r"[^\w.-]", "_", stem).lstrip(".") or "_"


def read(path: Path, clips: dict[str, Path]) -> list[Box]:
    """Return the boxes of a CSV file with a header. Raises BadTable, which lists what is wrong."""
    found, wrong = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            _require_columns(path, table.fieldnames or [])
            for row in table:
                box = _box(row, clips)
                if isinstance(box, Box):
                    found.append(box)
                else:
                    wrong.append(f"Line {table.line_num}: {box}.")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(
            f"{path} cannot be read.",
            reason(error),
            "Save it as UTF-8 CSV.",
            code="file.unreadable",
        ) from error
    if wrong:
        more = [f"{len(wrong) - _SHOWN} more rows are wrong."] if len(wrong) > _SHOWN else []
        raise BadTable(f"{path} has wrong rows.", "\n".join([*wrong[:_SHOWN], *more]), _FORMAT)
    if not found:
        raise BadTable(f"{path} contains no boxes.", "It has no row below its header.", _FORMAT)
    return found


def _require_columns(path: Path, columns: Sequence[str]) -> None:
    names = [str(name).strip() for name in columns]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        separator = " Is it separated by commas?" if len(names) == 1 else ""
        cause = f"It has {len(names)} columns and lacks {', '.join(missing)}.{separator}"
        raise BadTable(f"{path} lacks required columns.", cause, _FORMAT)


def _box(row: Mapping[str | None, str | None], clips: dict[str, Path]) -> Box | str:
    """Return the box of a row, or what is wrong with the row."""
    if None in row:
        return "it has more fields than the header"
    given = {str(key).strip(): (value or "").strip() for key, value in row.items()}
    video, second = video_name(given["clip"]), given["second"]
    person, split = given.get("person", "") or "0", given.get("split", "")
    last = SECONDS[-1] - SECONDS[0]
    corners = _corners([given[key] for key in _NEEDED[2:6]])
    for holds, wrong in (
        (video in clips, f"there is no clip {given['clip']!r}"),
        (
            is_number(second) and int(second) <= last,
            f"second {second!r} is not a whole number from 0 to {last}",
        ),
        (corners, "the corners are not x1 < x2, y1 < y2 in fractions of 1 (not pixels)"),
        (
            given["label"] and '"' not in given["label"],
            f"label {given['label']!r} is empty or has a quotation mark",
        ),
        (split in ("", *SPLITS), f"split {split!r} is neither train nor val"),
        (is_number(person), f"person {person!r} is not a whole number"),
    ):
        if not holds:
            return wrong
    return Box(video, int(second), corners, given["label"], person, split)


def _corners(texts: list[str]) -> tuple[float, ...]:
    """Return the corners; nothing where they are none."""
    try:
        left, top, right, bottom = (float(text) for text in texts)
    except ValueError:
        return ()
    good = 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    return (left, top, right, bottom) if good else ()


def clips_in(folder: Path, found: dict[str, Path]) -> dict[str, Path]:
    """Return clips by their name in the lists. Raises StackError for two of one name."""
    named: dict[str, Path] = {}
    for path in found.values():
        other = named.setdefault(video_name(path.name), path)
        if other != path:
            cause = f"{other.name} and {path.name} both become {video_name(path.name)}."
            raise StackError(
                f"Two clips of {folder} would get the same name.",
                cause,
                "Rename one of them.",
                code="ava.duplicate-clip",
            )
    return named


def splits(boxes: list[Box], val_percent: int) -> dict[str, str]:
    """Return the half of each clip: as the table says, else by the hash of its name.

    The hash keeps a clip in its half when others are added. Raises BadTable.
    """
    found: dict[str, str] = {}
    for box in boxes:
        if found.setdefault(box.clip, box.split) != box.split:
            raise BadTable(f"{box.clip} is in both splits.", "Its rows differ in split.", _FORMAT)
    for clip, half in found.items():
        if not half:
            chance = int(hashlib.sha256(clip.encode()).hexdigest()[:8], 16) % 100
            found[clip] = "val" if chance < val_percent else "train"
    lacking = [half for half in SPLITS if half not in found.values()]
    if lacking:
        cause = f"All {len(found)} clips are in the other split."
        hint = "Give the column split, train or val, or more clips."
        raise BadTable(f"No clip is for {lacking[0]}.", cause, hint)
    return found


def labels_of(boxes: list[Box]) -> list[str]:
    """Return the names of the classes in their order. Raises BadTable for more than 80."""
    names = sorted({box.label for box in boxes})
    if len(names) > CLASSES:
        cause = f"There are {len(names)}; upstream's loader supports {CLASSES}."
        raise BadTable("There are too many labels.", cause, "Merge some of them.")
    return names


def write(
    tree: Layout, boxes: list[Box], counts: dict[str, int], val_percent: int, *, dry: bool = False
) -> Written:
    """Write lists, boxes and label map for clips with ``counts`` frames.

    Boxes after the end of their clip raise BadTable, clips without frames are left out.
    """
    used = [box for box in boxes if box.clip in counts]
    late = [box for box in used if box.second * FPS >= counts[box.clip]]
    if late:
        lines = [f"{box.clip} has no second {box.second}." for box in late[:_SHOWN]]
        raise BadTable(
            f"{len(late)} boxes are after the end of their clip.", "\n".join(lines), _FORMAT
        )
    names, half = labels_of(used), splits(used, val_percent)
    release = VERSIONS[VERSION]
    made = []
    for split in SPLITS:
        videos = {clip: counts[clip] for clip in sorted(half) if half[clip] == split}
        mine = [box for box in used if box.clip in videos]
        files = {release.boxes(split): [_row(box, names) for box in mine]}
        if split == "val":
            files[predicted(split)] = sorted({_person(box) for box in mine})
        made.append(Split(split, videos, files))
    annotations = {release.excluded(split): partial(iter, list[str]()) for split in SPLITS}
    annotations[release.label_map] = partial(iter, [rows.label_map_text(names)])
    lists = Lists("custom", release, made, annotations, tuple(names))
    return publish(tree, NUMBERS, lists, dry=dry)


def _row(box: Box, names: list[str]) -> str:
    label = names.index(box.label) + 1
    return f"{_where(box)},{label},{box.person}\n"


def _person(box: Box) -> str:
    """Return the box as a detector would give it: no label, full score."""
    return f"{_where(box)},,1.0\n"


def _where(box: Box) -> str:
    corners = ",".join(f"{number:.4f}" for number in box.corners)
    return f"{box.clip},{SECONDS[0] + box.second:04d},{corners}"


_FORMAT = (
    "Write a header and a row for each label of each person: clip,second,x1,y1,x2,y2,label and, if "
    "you like, person and split (train or val)."
)


def run(
    commands: Commands,
    tree: Layout,
    table: Path,
    options: Options,
    *,
    val_percent: int = 20,
    progress: Progress = silent,
    dry: bool = False,
) -> Summary:
    """Extract the clips that a table names and write all files.

    ``options.folder`` holds the clips. Raises StackError for a wrong table; a clip that fails is a
    line, and the lists are written without it.
    """
    folder = options.folder or tree.videos
    clips = clips_in(folder, present(folder))
    boxes = read(table, clips)
    splits(boxes, val_percent)
    labels_of(boxes)
    used = {clip: clips[clip] for clip in sorted({box.clip for box in boxes})}
    if dry:
        todo = [clip for clip in used if not manifest.read(tree, clip)]
        return Summary(ok=True, changed=bool(todo), results=())
    save(tree, NUMBERS)
    results = extract_clips(Job(commands, options.tools, tree, NUMBERS, progress), options, used)
    counts = {result.name: result.frames or 0 for result in results if result.state != FAILED}
    lists = write(tree, boxes, counts, val_percent)
    found = summary(results)
    return replace(found, changed=found.changed or lists.changed, lists=lists)
