"""Rules on the lists of Something-Something and Charades, and on the folders of ImageNet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slowfast_stack.config import data_lists, pictures, usage
from slowfast_stack.config.findings import ERROR, WARNING, Finding
from slowfast_stack.config.rules_files import empty_loader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.data_lists import FrameList
    from slowfast_stack.config.rules_files import Rule

_FOLDER, _CLASSES = "DATA.PATH_TO_DATA_DIR", "MODEL.NUM_CLASSES"
_SPLITS = (("TRAIN", "train"), ("TRAIN", "val"), ("TEST", "test"))
_LABELS = "something-something-v2-labels.json"
_FRAME_LISTS = ("ssv2", "charades")
_LAYOUTS = {
    "ssv2": "The folder with train.csv, val.csv and the three JSON files of Something-Something.",
    "ptvssv2": "The folder with train.csv, val.csv and the JSON files of Something-Something.",
    "charades": "The folder with train.csv and val.csv.",
    "ptvcharades": "The folder with train.csv, val.csv and test.csv.",
    "imagenet": "The folder with train and val, and in them a folder for each class (n01440764).",
}


def _read(read: Content) -> list[tuple[str, str]]:
    """List the splits that are read, each with its data set."""
    return [
        (mode, str(read.get(f"{part}.DATASET")).lower())
        for part, mode in _SPLITS
        if read.get(f"{part}.ENABLE")
    ]


def _list_name(data_set: str, mode: str) -> str:
    """Return the list of a split: the test of most data sets reads that of the validation."""
    return f"{mode}.csv" if mode != "test" or data_set == "ptvcharades" else "val.csv"


def _templates(mode: str) -> str:
    return f"something-something-v2-{'train' if mode == 'train' else 'validation'}.json"


def there(read: Content, here: Path) -> Iterator[Finding]:
    """Look for what upstream opens for each split."""
    folder = here / read.get(_FOLDER)
    for mode, data_set in _read(read):
        paths = [folder / _list_name(data_set, mode)]
        if data_set.endswith("ssv2"):
            paths += [folder / _LABELS, folder / _templates(mode)]
        if data_set == "imagenet":
            paths = [] if read.get("DATA.PATH_TO_PRELOAD_IMDB") else [folder / mode]
        for path in paths if data_set in _LAYOUTS else ():
            what = "folder" if data_set == "imagenet" else "file"
            if not (path.is_dir() if what == "folder" else path.is_file()):
                id_ = "missing-folder" if what == "folder" else "missing-list"
                message = f"There is no {what} {path}."
                yield Finding(id_, _FOLDER, message, _LAYOUTS[data_set])


def frames(read: Content, here: Path) -> Iterator[Finding]:
    """Read the lists of frames as upstream does."""
    folder = here / read.get(_FOLDER)
    for mode, data_set in _read(read):
        path = folder / _list_name(data_set, mode)
        kind = data_set.removeprefix("ptv")
        if kind in _FRAME_LISTS and path.is_file():
            listed = data_lists.read_frames(path, here / read.get("DATA.PATH_PREFIX"))
            yield from _list(path, listed, mode, read)
            if listed.bad:
                continue
            if kind == "ssv2":
                yield from _labelled(folder, listed, mode, read)
            elif mode == "train":
                yield from _many_labels(path, listed, read)


def _list(path: Path, listed: FrameList, mode: str, read: Content) -> Iterator[Finding]:
    if listed.bad:
        message = f"{path} has a line that cannot be read: {listed.bad[:80]!r}."
        fix = "original_vido_id video_id frame_id path labels, in the first line too."
        yield Finding("separator", _FOLDER, message, fix)
    elif not listed.videos:
        message = f"{path} has no line for a frame; upstream stops."
        yield Finding("missing-list", _FOLDER, message, "A list of frames.")
    elif listed.missing:
        message = (
            f"{len(listed.missing)} frames of {path} are missing, such as {listed.missing[0]}."
        )
        key, fix = "DATA.PATH_PREFIX", "The base directory of the paths."
        yield Finding("missing-videos", key, f"{message} Upstream stops.", fix)
    elif mode == "train":
        yield from empty_loader(len(listed.videos), "videos", read)


def _many_labels(path: Path, listed: FrameList, read: Content) -> Iterator[Finding]:
    highest = max(listed.labels, default=-1)
    if highest >= read.get(_CLASSES):
        message, fixed = f"{path} has the label {highest}.", {_CLASSES: highest + 1}
        yield Finding("class-count", _CLASSES, message, f"{highest + 1}", set=fixed)
    elif len(listed.labels) <= 1:
        message = f"{path} has {len(listed.labels)} label in all: there is nothing to distinguish."
        yield Finding("one-label", _FOLDER, message, "The right labels.", WARNING)


def _labelled(folder: Path, listed: FrameList, mode: str, read: Content) -> Iterator[Finding]:
    """Compare the videos of a list with the templates that name their labels."""
    names, path = folder / _LABELS, folder / _templates(mode)
    if not (names.is_file() and path.is_file()):
        return  # which is another finding
    try:
        labels = data_lists.read_templates(names, path)
    except data_lists.NotLabelled as error:
        message = f"{error}; upstream stops."
        yield Finding("separator", _FOLDER, message, _LAYOUTS["ssv2"])
        return
    csv = _list_name("ssv2", mode)
    used = {label for video, label in labels if video in listed.videos}
    if len(labels) != len(listed.videos):
        message = f"{path.name} has {len(labels)} videos, {csv} {len(listed.videos)}."
        yield Finding("missing-list", _FOLDER, f"{message} Upstream stops.", "The same videos.")
    elif not used:
        message = f"{csv} names none of the videos of {path.name}; upstream stops."
        yield Finding("missing-list", _FOLDER, message, "The same videos.")
    elif max(used) >= read.get(_CLASSES):
        message, needed = f"{names} has the label {max(used)}.", max(used) + 1
        level = ERROR if mode == "train" else WARNING
        fixed = {_CLASSES: needed}
        yield Finding("class-count", _CLASSES, message, f"{needed}", level, set=fixed)
    elif mode == "train" and len(used) == 1 and len(labels) > 1:
        message = f"Every label of {path} is {min(used)}: there is nothing to distinguish."
        yield Finding("one-label", _FOLDER, message, "The right labels.", WARNING)


def images(read: Content, here: Path) -> Iterator[Finding]:
    """Look into the folders of ImageNet, each a class."""
    splits = [mode for mode, data_set in _read(read) if data_set == "imagenet"]
    if splits and (loaded := read.get("DATA.PATH_TO_PRELOAD_IMDB")):
        for path in (here / loaded / f"{mode}.json" for mode in splits):
            if not path.is_file():
                message, key = f"There is no file {path}.", "DATA.PATH_TO_PRELOAD_IMDB"
                yield Finding("missing-file", key, message, "(empty)", set={key: ""})
        return
    found = {}
    for mode in splits:
        folder = here / read.get(_FOLDER) / mode
        if folder.is_dir():
            found[mode] = pictures.read(folder)
            yield from _split(folder, found[mode], mode, read)
    for mode in ("val", "test"):
        if {mode, "train"} <= {*found} and found[mode].classes != found["train"].classes:
            message = f"The classes of {mode} are not those of train: the numbers differ."
            yield Finding("labels", _FOLDER, message, "The same folders.", WARNING)


def _split(folder: Path, found: pictures.Pictures, mode: str, read: Content) -> Iterator[Finding]:
    learns, classes = usage.model(read) != "MaskMViT", len(found.classes)
    if found.file:
        message = f"{found.file} is a file where upstream lists a class; it stops."
        yield Finding("missing-folder", _FOLDER, message, _LAYOUTS["imagenet"])
    elif not found.classes:
        message = f"{folder} has no folder for a class."
        yield Finding("missing-folder", _FOLDER, message, _LAYOUTS["imagenet"])
    elif not found.images:
        message = f"The classes of {folder} are empty; upstream stops."
        yield Finding("missing-folder", _FOLDER, message, _LAYOUTS["imagenet"])
    elif found.bad and (mode != "train" or len(found.bad) == found.checked):
        message = f"{found.bad[0]} is no picture; upstream stops."
        yield Finding("missing-videos", _FOLDER, message, "Pictures alone, such as JPEG files.")
    elif found.bad:
        message = f"{len(found.bad)} files are no pictures, such as {found.bad[0]}."
        yield Finding("missing-videos", _FOLDER, message, "Pictures alone.", WARNING)
    elif learns and classes > read.get(_CLASSES):
        message, fixed = f"{folder} has {classes} classes.", {_CLASSES: classes}
        level = ERROR if mode == "train" else WARNING
        yield Finding("class-count", _CLASSES, message, f"{classes}", level, set=fixed)
    elif mode == "train":
        yield from empty_loader(found.images, "images", read)
        if learns and classes == 1:
            message = f"{folder} has one class: there is nothing to distinguish."
            yield Finding("one-label", _FOLDER, message, "The right folders.", WARNING)


RULES: tuple[Rule, ...] = (there, frames, images)
