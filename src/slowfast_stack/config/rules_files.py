"""Rules on the files that a configuration names: data, checkpoints, the output folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats
from slowfast_stack import trusted
from slowfast_stack.config import data_lists, usage
from slowfast_stack.config.findings import ERROR, NOTE, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.formats import (
        Kind,
    )
    from slowfast_stack.config.content import Content

    Rule = Callable[[Content, Path], Iterator[Finding]]

_LISTED = ("kinetics", "ptvkinetics")  # data sets with train.csv, val.csv, test.csv
_AVA_FILES = ("LABEL_MAP_FILE", "EXCLUSION_FILE", "GROUNDTRUTH_FILE")
_AVA_BOXES = ("TRAIN_GT_BOX_LISTS", "TRAIN_PREDICT_BOX_LISTS", "TEST_PREDICT_BOX_LISTS")


def _checkpoint(read: Content, here: Path) -> Iterator[Finding]:
    for part in ("TRAIN", "TEST"):
        key = f"{part}.CHECKPOINT_FILE_PATH"
        named = read.get(key)
        if not named or (part == "TRAIN" and not _uses_train_checkpoint(read)):
            continue
        path = here / named
        if not path.is_file():
            fix = "Fetch it: slowfast-stack models get, and write its path."
            yield Finding("missing-checkpoint", key, f"There is no file {path}.", fix)
            continue
        kind = formats.of_file(path)
        yield from _kind(part, path, kind, read)
        yield from _other_model(part, kind, read)
        yield from _classes(part, kind, read)
        if part == "TRAIN" and read.get("TRAIN.ENABLE"):
            yield from _epoch(kind, read)


def _uses_train_checkpoint(read: Content) -> bool:
    return bool(read.get("TRAIN.ENABLE") or not read.get("TEST.CHECKPOINT_FILE_PATH"))


def _kind(part: str, path: Path, kind: Kind, read: Content) -> Iterator[Finding]:
    key = f"{part}.CHECKPOINT_TYPE"
    if kind.type not in (formats.PYTORCH, formats.CAFFE2):
        message = f"{path} is not a checkpoint of SlowFast ({kind.type}). {kind.cause}"
        fix = "Fetch it again: slowfast-stack models get."
        yield Finding("no-checkpoint", f"{part}.CHECKPOINT_FILE_PATH", message, fix)
    elif refused := trusted.refusal(path, kind):
        fix = "Use a checkpoint of tensors alone: slowfast-stack models list."
        message = f"{path} is refused. {refused}"
        yield Finding("no-checkpoint", f"{part}.CHECKPOINT_FILE_PATH", message, fix)
    elif kind.type != read.get(key):
        message = f"{path.name} is a {kind.type} file, but {key} is {read.get(key)}. {kind.cause}"
        yield Finding("checkpoint-type", key, message, kind.type, set={key: kind.type})


_SHARED = {"ResNet", "SlowFast"}  # the slow pathway has weights of some of the same names


def _other_model(part: str, kind: Kind, read: Content) -> Iterator[Finding]:
    """Refuse weights of another model: upstream trains from random values, without an error."""
    named = str(read.get("MODEL.MODEL_NAME"))
    expected = "PyTorchVideo" if named.startswith("PTV") else named.removeprefix("Mask")
    renamed = part == "TRAIN" and read.get("TRAIN.CHECKPOINT_CLEAR_NAME_PATTERN")
    if not kind.model or renamed or expected in (kind.model, ""):
        return
    trains = part == "TRAIN" and read.get("TRAIN.ENABLE")
    level = WARNING if trains and {kind.model, expected} == _SHARED else ERROR
    message = f"The weights are of {kind.model}, and the model is {named}: they do not fit."
    fix = "A checkpoint of this model: slowfast-stack models list."
    yield Finding("other-model", f"{part}.CHECKPOINT_FILE_PATH", message, fix, level)


def _classes(part: str, kind: Kind, read: Content) -> Iterator[Finding]:
    expected = read.get("MODEL.NUM_CLASSES")
    if kind.classes in (None, expected):
        return
    message = f"The checkpoint's head has {kind.classes} classes, the model {expected}"
    if part == "TRAIN" and read.get("TRAIN.ENABLE"):
        full = f"{message}: the head starts from random values, the rest is loaded."
        fix = "Right for fine-tuning."
        yield Finding("new-head", "MODEL.NUM_CLASSES", full, fix, NOTE)
        return
    yield Finding(
        "head-not-loaded",
        "MODEL.NUM_CLASSES",
        f"{message}: the head is not loaded, and its results are random.",
        f"{kind.classes}",
        set={"MODEL.NUM_CLASSES": kind.classes},
    )


def _epoch(kind: Kind, read: Content) -> Iterator[Finding]:
    if kind.epoch is None or read.get("TRAIN.CHECKPOINT_EPOCH_RESET"):
        return
    begins, ends = kind.epoch + 1, read.get("SOLVER.MAX_EPOCH")
    message = (
        f"The checkpoint is of epoch {begins}; training would continue with epoch {begins + 1}"
    )
    level, full = ERROR, f"{message} of {ends}: nothing is trained, and it ends without an error."
    if begins < ends:
        level, full = WARNING, f"{message} of {ends}, with the optimizer of the earlier run."
    fixed = {"TRAIN.CHECKPOINT_EPOCH_RESET": True}
    yield Finding("epoch-reset", "TRAIN.CHECKPOINT_EPOCH_RESET", full, "True", level, set=fixed)


def _untrained(read: Content, here: Path) -> Iterator[Finding]:
    runs = read.get("TEST.ENABLE") or read.get("DEMO.ENABLE")
    named = [read.get(f"{part}.CHECKPOINT_FILE_PATH") for part in ("TEST", "TRAIN")]
    saved = list((here / read.get("OUTPUT_DIR") / "checkpoints").glob("*checkpoint*"))
    if runs and not (read.get("TRAIN.ENABLE") or any(named) or saved):
        message = "No checkpoint is named or saved: the weights are random, and so are the results."
        fix = "The path of a checkpoint: slowfast-stack models list."
        yield Finding("untrained", "TEST.CHECKPOINT_FILE_PATH", message, fix, WARNING)


def _resume(read: Content, here: Path) -> Iterator[Finding]:
    if not (read.get("TRAIN.ENABLE") and read.get("TRAIN.AUTO_RESUME")):
        return
    folder = here / read.get("OUTPUT_DIR") / "checkpoints"
    saved = sorted(folder.glob("*checkpoint_epoch_*")) if folder.is_dir() else []
    if saved and read.get("TRAIN.CHECKPOINT_FILE_PATH"):
        message = f"{folder} holds {saved[-1].name}; it is loaded instead of CHECKPOINT_FILE_PATH."
        fix = "Another OUTPUT_DIR for a new run; none to resume."
        yield Finding("resume-wins", "OUTPUT_DIR", message, fix, NOTE)


def _videos(read: Content, here: Path) -> Iterator[Finding]:
    parts = [("TRAIN", "train"), ("TRAIN", "val"), ("TEST", "test")]
    for part, mode in parts:
        shown = mode == "test" and usage.visualizes(read)
        used = read.get(f"{part}.ENABLE") or shown
        if not used or read.get(f"{part}.DATASET") not in _LISTED:
            continue
        path = here / read.get("DATA.PATH_TO_DATA_DIR") / f"{mode}.csv"
        if not path.is_file():
            fix = "The folder that holds train.csv, val.csv and test.csv."
            message = f"There is no {path}."
            yield Finding("missing-list", "DATA.PATH_TO_DATA_DIR", message, fix)
            continue
        separator = read.get("DATA.PATH_LABEL_SEPARATOR")
        listed = data_lists.read_videos(path, separator, here / read.get("DATA.PATH_PREFIX"))
        yield from _list(listed, separator, read, mode)
        if not listed.rows:
            message = f"{path} is empty; upstream stops."
            yield Finding("missing-list", "DATA.PATH_TO_DATA_DIR", message, "PATH LABEL lines.")
        elif mode == "train":
            yield from _one_label(path, listed.labels, listed.rows, read)
            yield from _neighbours(path, listed.rows, read)
            yield from empty_loader(listed.rows, "clips", read)


_NEIGHBOURS = 200  # clips that ContrastiveModel.eval_knn compares with


def _neighbours(path: Path, rows: int, read: Content) -> Iterator[Finding]:
    """Refuse too few clips for the evaluation of contrastive pretraining."""
    pretrains = read.get("TASK") == "ssl" and read.get("MODEL.MODEL_NAME") == "ContrastiveModel"
    key = "CONTRASTIVE.KNN_ON"
    if pretrains and read.get(key) and rows < _NEIGHBOURS:
        message = f"Evaluation takes the {_NEIGHBOURS} nearest clips, and {path} has {rows}."
        yield Finding("neighbours", key, message, "False", set={key: False})


def _one_label(path: Path, labels: frozenset[int], rows: int, read: Content) -> Iterator[Finding]:
    """Warn of labels that are all equal: any model learns to answer that one."""
    if rows > 1 and len(labels) == 1 and not read.get("MASK.ENABLE") and read.get("TASK") != "ssl":
        message = f"Every label of {path} is {min(labels)}: there is nothing to distinguish."
        yield Finding("one-label", "DATA.PATH_TO_DATA_DIR", message, "The right labels.", WARNING)


def _list(
    listed: data_lists.VideoList, separator: str, read: Content, mode: str
) -> Iterator[Finding]:
    classes = read.get("MODEL.NUM_CLASSES")
    if listed.bad:
        other = {" ": ",", ",": " "}.get(separator, " ")
        fits = other in listed.bad and separator not in listed.bad
        key = "DATA.PATH_LABEL_SEPARATOR"
        message = f"{listed.path} has a line that cannot be read: {listed.bad[:80]!r}."
        fix = f"{other!r}" if fits else "PATH LABEL in each line, LABEL a number."
        yield Finding("separator", key, message, fix, set={key: other} if fits else {})
    elif listed.labels and max(listed.labels) >= classes:
        needed = max(listed.labels) + 1
        message = (
            f"{listed.path} has the label {max(listed.labels)}; the model has {classes} classes."
        )
        key = "MODEL.NUM_CLASSES"
        learns = mode == "train" and read.get("TASK") != "ssl" and not read.get("MASK.ENABLE")
        level = ERROR if learns else WARNING  # only the loss stops at such a label
        yield Finding("class-count", key, message, f"{needed}", level, set={key: needed})
    if listed.missing and not listed.bad:
        count = f"{len(listed.missing)} of the first {listed.checked} videos"
        message = f"{count} of {listed.path} are missing, such as {listed.missing[0]}."
        # Training takes another video instead of one that it cannot read, a test does not.
        some = mode != "test" and len(listed.missing) < listed.checked
        level, fix = WARNING if some else ERROR, "The base directory of the paths."
        yield Finding("missing-videos", "DATA.PATH_PREFIX", message, fix, level)


def empty_loader(samples: int, message: str, read: Content) -> Iterator[Finding]:
    """Refuse a batch that the data cannot fill: upstream would train nothing, or stop."""
    gpus, shards = max(1, read.get("NUM_GPUS")), max(1, read.get("NUM_SHARDS"))
    mine = math.ceil(samples / (gpus * shards))
    batch = read.get("TRAIN.BATCH_SIZE") // gpus
    factor = largest_batch(read)
    if mine >= batch * factor or samples == 0:
        return
    fits = mine // factor * gpus
    full = (
        f"Each process has {mine} {message} and takes {batch * factor} at a time: none is trained."
    )
    key = "TRAIN.BATCH_SIZE"
    fix = f"At most {fits}." if fits else "More data, or no multigrid."
    yield Finding("empty-loader", key, full, fix, set={key: fits} if fits else {})


def largest_batch(read: Content) -> int:
    """Return how many times larger than the others a batch of the short or long cycle can be."""
    size, factors = 1.0, read.get("MULTIGRID.SHORT_CYCLE_FACTORS") or [1]
    factors = [n for n in factors if isinstance(n, int | float) and n > 0] or [1]
    if read.get("MULTIGRID.SHORT_CYCLE"):
        size = 1 / min(factors) ** 2
    if read.get("MULTIGRID.LONG_CYCLE"):
        shapes = [
            (row[0], row[1])
            for row in read.get("MULTIGRID.LONG_CYCLE_FACTORS")
            if isinstance(row, list | tuple) and len(row) == 2 and min(row) > 0  # noqa: PLR2004
        ] or [(1, 1)]
        short = 1 / min(factors) ** 2 if read.get("MULTIGRID.SHORT_CYCLE") else 1
        size = max(
            round(1 / (time * side * side)) * max(1, round(short * side * side))
            for time, side in shapes
        )
    return round(size)


def _ava(read: Content, here: Path) -> Iterator[Finding]:
    parts = [part for part in ("TRAIN", "TEST") if read.get(f"{part}.ENABLE")]
    if "ava" not in [read.get(f"{part}.DATASET") for part in parts]:
        return
    folders = {name: here / read.get(f"AVA.{name}") for name in _AVA_FOLDERS}
    for name, folder in folders.items():
        if not read.get(f"AVA.{name}") or not folder.is_dir():
            message = f"There is no folder {read.get(f'AVA.{name}') or '(none)'}."
            yield Finding("missing-folder", f"AVA.{name}", message, _AVA_FOLDERS[name])
    lists, notes = folders["FRAME_LIST_DIR"], folders["ANNOTATION_DIR"]
    expected = [(f"AVA.{key}", notes / read.get(f"AVA.{key}")) for key in _AVA_FILES]
    expected += [
        (f"AVA.{key}", notes / name) for key in _AVA_BOXES for name in read.get(f"AVA.{key}") or ()
    ]
    expected += [
        (f"AVA.{key}", lists / name)
        for key in ("TRAIN_LISTS", "TEST_LISTS")
        for name in read.get(f"AVA.{key}") or ()
    ]
    for key, path in expected:
        if read.get(_AVA_HOLDERS.get(key, "AVA.ANNOTATION_DIR")) and not path.is_file():
            fix = "Fetch it, or name a file that exists."
            yield Finding("missing-file", key, f"There is no {path}.", fix)
    yield from _boxes(read, notes)


_AVA_HOLDERS = {"AVA.TRAIN_LISTS": "AVA.FRAME_LIST_DIR", "AVA.TEST_LISTS": "AVA.FRAME_LIST_DIR"}
_AVA_FOLDERS = {
    "FRAME_DIR": "The folder frames, with a folder for each video.",
    "FRAME_LIST_DIR": "The folder frame_lists, with train.csv and val.csv.",
    "ANNOTATION_DIR": "The folder annotations.",
}


def _boxes(read: Content, folder: Path) -> Iterator[Finding]:
    paths = [folder / name for name in read.get("AVA.TRAIN_GT_BOX_LISTS") or ()]
    if not read.get("TRAIN.ENABLE") or not all(path.is_file() for path in paths):
        return
    counted = [data_lists.read_boxes(path) for path in paths]
    highest = max((max(actions, default=0) for _, actions in counted), default=0)
    classes = read.get("MODEL.NUM_CLASSES")
    if highest > classes:
        message = f"The boxes name action {highest}; the model has {classes} classes."
        key = "MODEL.NUM_CLASSES"
        yield Finding("class-count", key, message, f"{highest}", set={key: highest})
    yield from empty_loader(sum(moments for moments, _ in counted), "moments with boxes", read)


def _demo(read: Content, here: Path) -> Iterator[Finding]:
    key = "DEMO.LABEL_FILE_PATH"
    named = read.get(key)
    if read.get("DEMO.ENABLE") and not (named and (here / named).is_file()):
        message = f"There is no file {named or '(none)'} with the names of the classes."
        yield Finding("missing-file", key, message, "A JSON file of class names and numbers.")


def _pictures(read: Content, here: Path) -> Iterator[Finding]:
    """Compare the views of a test with pictures, which have one each."""
    if not read.get("TEST.ENABLE") or str(read.get("TEST.DATASET")).lower() != "imagenet":
        return
    crops, key = read.get("TEST.NUM_SPATIAL_CROPS"), "TEST.NUM_ENSEMBLE_VIEWS"
    views = [*read.get("TEST.NUM_TEMPORAL_CLIPS")] or [read.get(key)]
    worst = max((n * crops for n in views if isinstance(n, int)), default=1)
    folder = here / read.get("DATA.PATH_TO_DATA_DIR") / "test"
    count = sum(1 for _ in folder.glob("n*/*"))
    if worst > 1:
        message = f"A picture has one view; {worst} pictures in a row would count as one."
        level = ERROR if count % worst else WARNING
        fixed = {key: 1, "TEST.NUM_SPATIAL_CROPS": 1, "TEST.NUM_TEMPORAL_CLIPS": []}
        yield Finding("views", key, message, "1", level, set=fixed)


RULES: tuple[Rule, ...] = (
    _checkpoint,
    _untrained,
    _resume,
    _videos,
    _ava,
    _pictures,
    _demo,
)
