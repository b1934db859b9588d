"""Write frame lists and annotations as SlowFast's loader reads them, in a folder of their own.

The loader requires the same videos in a frame list and in its boxes: a listed video without boxes is a
KeyError, a video with boxes alone trips its assertion (slowfast/datasets/ava_dataset.py).
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from ...core.errors import StackError, Unreadable
from ...core.files import atomic_write
from ...core.process import Commands, locked
from . import frames, rows
from .dataset import frame_name, usable_name
from .official import SPLITS, VERSIONS, predicted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .dataset import DataSet, Layout
    from .official import Version

    Text = Callable[[], Iterable[str]]


@dataclass(frozen=True)
class Split:
    """The videos of one half of the data: how many frames each has, and its boxes."""

    name: str
    videos: dict[str, int]
    boxes: dict[str, list[str]]
    left_out: dict[str, str] = field(default_factory=dict)


def highest(tree: Layout) -> dict[str, int]:
    """Return how many frames each video has in the official lists, which may be absent."""
    found: dict[str, int] = {}
    for split in SPLITS:
        path = tree.frame_lists / f"{split}.csv"
        if path.exists():
            found.update(rows.highest_numbers(path))
    return found


def write(
    tree: Layout, numbers: DataSet, version: str, *, every: bool, dry: bool = False
) -> dict[str, Any]:
    """Write lists for all videos, or for those whose frames exist; return what they hold.

    They go to ``lists/all`` or ``lists/present``, with a configuration that names them.
    Raises StackError.
    """
    release = VERSIONS[version]
    splits = [_split(tree, numbers, release, name, every=every) for name in SPLITS]
    empty = [split.name for split in splits if not split.videos]
    if empty:
        raise StackError(
            f"There is no video for {' and '.join(empty)}.",
            _most_frequent(splits) or "No list and no boxes name one.",
            "Extract the frames (ava extract), or write lists for all videos with --all.",
            code="ava.empty-split",
        )
    folder = tree.lists / ("all" if every else "present")
    changed = place(folder, dict(_files(tree, numbers, release, splits, folder)), dry=dry)
    return {
        "changed": changed,
        "folder": str(folder),
        "config": str(folder / "ava.yaml"),
        "splits": {
            split.name: {"videos": len(split.videos), "frames": sum(split.videos.values())}
            for split in splits
        },
        "left_out": {video: cause for split in splits for video, cause in split.left_out.items()},
    }


def _split(tree: Layout, numbers: DataSet, release: Version, name: str, *, every: bool) -> Split:
    truth = _boxes(tree.annotations / release.boxes(name), strong=False)
    files = {release.boxes(name): truth}
    persons = tree.annotations / predicted(name)
    if persons.exists():
        files[persons.name] = _boxes(persons, strong=True)
    official = tree.frame_lists / f"{name}.csv"
    if official.exists():
        known = rows.highest_numbers(official)
        list(rows.frame_rows(official))  # refuses what the loader refuses
    else:
        known = dict.fromkeys(sorted(truth), numbers.frames or 0)
    kept, left = {}, {}
    used = files.get(persons.name, truth) if name == "val" else truth
    for video, count in known.items():
        here = count if every else _present(tree, video, count)
        if not usable_name(video):
            left[video] = "a list cannot hold its name"
        elif not here:
            left[video] = "its frames do not exist"
        elif video not in used:
            left[video] = "it has no boxes that would be used"
        else:
            kept[video] = here
    boxes = {
        file: [line for video, of in found.items() if video in kept for line in of]
        for file, found in files.items()
    }
    return Split(name, kept, boxes, left)


def _present(tree: Layout, video: str, count: int) -> int:
    observed = frames.examine(tree.frames_of(video), video, count or None, bytes_too=False)
    return 0 if observed.wrong else observed.count


def _boxes(path: Path, *, strong: bool) -> dict[str, list[str]]:
    """Return the rows of each video; with ``strong``, of those with a box that is used."""
    found: dict[str, list[str]] = {}
    good = set()
    for number, line in rows.lines(path):
        fields = line.strip().split(",")
        wrong = rows.wrong_box(fields, predicted=strong)
        if wrong:
            cause = f"Line {number}: {wrong}."
            raise Unreadable(
                f"{path} cannot be used.",
                cause,
                "See all errors: ava check.",
                code="ava.invalid-boxes",
            )
        found.setdefault(fields[0], []).append(line.strip() + "\n")
        if not strong or rows.strong(fields):
            good.add(fields[0])
    return {video: of for video, of in found.items() if video in good}


def _files(
    tree: Layout, numbers: DataSet, release: Version, splits: list[Split], folder: Path
) -> Iterator[tuple[str, Text]]:
    first = 0
    for split in splits:
        yield f"frame_lists/{split.name}.csv", partial(frame_list, split.videos, first, numbers)
        first += len(split.videos)
        for file, lines in split.boxes.items():
            yield f"annotations/{file}", partial(iter, lines)
        excluded = tree.annotations / release.excluded(split.name)
        yield f"annotations/{excluded.name}", partial(_copied, excluded)
    labels = tree.annotations / release.label_map
    rows.label_map(labels)
    yield f"annotations/{labels.name}", partial(_copied, labels)
    yield "ava.yaml", partial(iter, [configuration(tree, release, splits, folder)])


def _copied(path: Path) -> Iterator[str]:
    return (
        line.rstrip("\r") + "\n" for _number, line in (rows.lines(path) if path.exists() else ())
    )


def frame_list(videos: dict[str, int], first: int, numbers: DataSet) -> Iterator[str]:
    """Yield a frame list of videos with so many frames; ``first`` is the number of the first video.

    Row i is shown 900 + i/30 s; ``numbers.lead`` rows repeat the first frame before it.
    """
    yield rows.HEADER + "\n"
    for index, (video, count) in enumerate(videos.items(), first):
        for row in range(numbers.lead + count):
            name = frame_name(video, max(1, row - numbers.lead + 1))
            yield rows.frame_row(video, index, row, f"{video}/{name}")


def configuration(tree: Layout, release: Version, splits: list[Split], folder: Path) -> str:
    """Return the keys that make SlowFast read these lists, as YAML."""
    persons = [predicted("val")] if any(predicted("val") in split.boxes for split in splits) else []
    keys: dict[str, object] = {
        "FRAME_DIR": str(tree.frames),
        "FRAME_LIST_DIR": str(folder / "frame_lists"),
        "ANNOTATION_DIR": str(folder / "annotations"),
        "TRAIN_LISTS": ["train.csv"],
        "TEST_LISTS": ["val.csv"],
        "TRAIN_GT_BOX_LISTS": [release.boxes("train")],
        "TRAIN_PREDICT_BOX_LISTS": [],
        "TEST_PREDICT_BOX_LISTS": persons,
        "LABEL_MAP_FILE": release.label_map,
        "EXCLUSION_FILE": release.excluded("val"),
        "GROUNDTRUTH_FILE": release.boxes("val"),
    }
    lines = [f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()]
    return "\n".join(["AVA:", *lines]) + "\n"


def place(folder: Path, files: dict[str, Text], *, dry: bool = False) -> bool:
    """Replace a folder and all its files at once; return whether anything changed.

    Several hosts that share the tree do so one after the other.
    """
    with locked(Commands(), folder.with_name(f".{folder.name}.lock")):
        return _place(folder, files, dry=dry)


def _place(folder: Path, files: dict[str, Text], *, dry: bool) -> bool:
    if all(_same(folder / name, text()) for name, text in files.items()):
        return False
    if not dry:
        fresh = folder.with_name(f".{folder.name}.new")
        old = folder.with_name(f".{folder.name}.old")
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        for name, text in files.items():
            atomic_write(fresh / name, text())
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    return True


def _same(path: Path, lines: Iterable[str]) -> bool:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return all(file.read(len(line)) == line for line in lines) and not file.read(1)
    except (OSError, UnicodeDecodeError):
        return False


def _most_frequent(splits: list[Split]) -> str:
    whys = [cause for split in splits for cause in split.left_out.values()]
    if not whys:
        return ""
    cause = max(set(whys), key=whys.count)
    return f"Of {len(whys)} videos that lists name, {whys.count(cause)} are left out: {cause}."
