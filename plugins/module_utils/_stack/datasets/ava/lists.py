"""Write frame lists and annotations as SlowFast's loader reads them, in a folder of their own.

The loader requires the same videos in a frame list and in its boxes: a listed video without boxes is a
KeyError, a video with boxes alone trips its assertion (slowfast/datasets/ava_dataset.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Callable

from ...core.errors import StackError, Unreadable
from ...core.files import atomic_write, fresh_folder, locked, replace_folder
from . import frames, rows
from .dataset import frame_name, usable_name
from .official import SPLITS, VERSIONS, predicted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
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


@dataclass(frozen=True)
class Lists:
    """What to write into ``lists/NAME``; ``annotations`` are the files beside boxes."""

    name: str
    release: Version
    splits: list[Split]
    annotations: Mapping[str, Text]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """Lists that were written: their folder, the configuration that names them, what they hold.

    ``splits`` counts videos and frames; ``left_out`` says why, by video; ``classes`` are the labels
    of custom clips.
    """

    changed: bool
    folder: str
    config: str
    splits: dict[str, dict[str, int]]
    left_out: dict[str, str]
    classes: tuple[str, ...]


def write(
    tree: Layout, numbers: DataSet, version: str, *, every: bool, dry: bool = False
) -> Written:
    """Write lists for all videos, or for those whose frames exist.

    They go to ``lists/all`` or ``lists/present``. Raises StackError.
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
    labels = tree.annotations / release.label_map
    rows.label_map(labels)
    texts = {
        path.name: partial(_copied, path)
        for path in (labels, *(tree.annotations / release.excluded(name) for name in SPLITS))
    }
    name = "all" if every else "present"
    return publish(tree, numbers, Lists(name, release, splits, texts), dry=dry)


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


def publish(tree: Layout, numbers: DataSet, lists: Lists, *, dry: bool = False) -> Written:
    """Replace a folder of lists at once, with a configuration that names its files.

    Several hosts that share the tree do so one after the other.
    """
    folder, splits, classes = tree.lists / lists.name, lists.splits, lists.classes
    files = {f"annotations/{file}": text for file, text in lists.annotations.items()}
    first = 0
    for split in splits:
        files[f"frame_lists/{split.name}.csv"] = partial(frame_list, split.videos, first, numbers)
        first += len(split.videos)
        for file, lines in split.boxes.items():
            files[f"annotations/{file}"] = partial(iter, lines)
    model = f"MODEL:\n  NUM_CLASSES: {len(classes)}\n" if classes else ""
    files["ava.yaml"] = partial(iter, [_configuration(tree, lists.release, splits, folder) + model])
    with locked(folder.with_name(f".{lists.name}.lock")):
        changed = not all(_same(folder / file, text()) for file, text in files.items())
        if changed and not dry:
            fresh = fresh_folder(folder)
            for file, text in files.items():
                atomic_write(fresh / file, text())
            replace_folder(fresh, folder)
    return Written(
        changed,
        str(folder),
        str(folder / "ava.yaml"),
        {
            split.name: {"videos": len(split.videos), "frames": sum(split.videos.values())}
            for split in splits
        },
        {video: cause for split in splits for video, cause in split.left_out.items()},
        classes,
    )


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


def _configuration(tree: Layout, release: Version, splits: list[Split], folder: Path) -> str:
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
