"""Rules on TensorBoard: names of classes, views of layers and clips, histograms, saved predictions.

What upstream does is in slowfast/utils/misc.py (get_class_names), slowfast/visualization/ and
tools/visualization.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from slowfast_stack.config import usage
from slowfast_stack.config.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.rules_files import Rule

_NAMES = "TENSORBOARD.CLASS_NAMES_PATH"
_LAYERS = "TENSORBOARD.MODEL_VIS.GRAD_CAM.LAYER_LIST"
_PREDICTIONS = "TENSORBOARD.PREDICTIONS_PATH"
_FORM = 'A JSON file: {"name of a class": 0, ...}.'
_LIMIT = 16 << 20  # bytes; the names of Kinetics-700 have 20 KB
# What get_class_names reads beside the names, and where that is switched on.
_BESIDE = (
    ("TENSORBOARD.CATEGORIES_PATH", "TENSORBOARD.ENABLE"),
    ("TENSORBOARD.CONFUSION_MATRIX.SUBSET_PATH", "TENSORBOARD.ENABLE"),
    ("TENSORBOARD.HISTOGRAM.SUBSET_PATH", "TENSORBOARD.HISTOGRAM.ENABLE"),
    ("TENSORBOARD.WRONG_PRED_VIS.SUBSET_PATH", "TENSORBOARD.WRONG_PRED_VIS.ENABLE"),
)
# MODEL.SINGLE_PATHWAY_ARCH and MODEL.MULTI_PATHWAY_ARCH of slowfast/config/defaults.py.
_PATHWAYS = {
    "2d": 1,
    "c2d": 1,
    "i3d": 1,
    "slow": 1,
    "x3d": 1,
    "mvit": 1,
    "maskmvit": 1,
    "slowfast": 2,
}


def class_names(read: Content, here: Path) -> Iterator[Finding]:
    """Refuse names of classes that cannot be read; views of a model need them."""
    named, views = read.get(_NAMES), usage.visualizes(read)
    if not read.get("TENSORBOARD.ENABLE") or not (views or (named and usage.runs(read))):
        return
    if not named:
        message = "The views of a model need the names of the classes; upstream stops."
        yield Finding("tensorboard", _NAMES, message, _FORM)
    elif why := _refused(here / named):
        message = f"{here / named} {why}; upstream stops."
        removed = {} if views else {_NAMES: ""}
        yield Finding("missing-file", _NAMES, message, _FORM, set=removed)
    else:
        for key, switch in _BESIDE:
            path = here / read.get(key)
            if read.get(key) and read.get(switch) and not path.is_file():
                message = f"There is no file {path}; upstream stops."
                yield Finding("missing-file", key, message, "Leave it out.", set={key: ""})


def _refused(path: Path) -> str:
    """Return why a file is none that names classes, an empty text where it is one."""
    try:
        if path.stat().st_size > _LIMIT:
            return "is too large for names of classes"
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (ValueError, RecursionError):
        return "is not JSON"
    numbers = found.values() if isinstance(found, dict) else ()
    right = all(isinstance(each, int) and each >= 0 for each in numbers)
    return "" if numbers and right else "does not map names to numbers"


def layers(read: Content, _here: Path) -> Iterator[Finding]:
    """Refuse Grad-CAM, which is on unless switched off, without one layer for each pathway."""
    shown = usage.visualizes(read) and read.get("TENSORBOARD.MODEL_VIS.ENABLE")
    switch = "TENSORBOARD.MODEL_VIS.GRAD_CAM.ENABLE"
    if not (shown and read.get(switch)):
        return
    number, arch = len(read.get(_LAYERS)), str(read.get("MODEL.ARCH"))
    if read.get("DETECTION.ENABLE"):
        message = "Grad-CAM shows no boxes; upstream stops."
        yield Finding("tensorboard", switch, message, "False", set={switch: False})
    elif arch in _PATHWAYS and number != _PATHWAYS[arch]:
        message = f"Grad-CAM needs a layer of each of {_PATHWAYS[arch]} pathways, not {number};"
        fix = f"Name {_PATHWAYS[arch]} layers in {_LAYERS}, or switch it off."
        yield Finding("tensorboard", switch, f"{message} upstream stops.", fix, set={switch: False})


def histogram(read: Content, _here: Path) -> Iterator[Finding]:
    """Compare a histogram with the number of classes."""
    key, classes = "TENSORBOARD.HISTOGRAM.TOPK", read.get("MODEL.NUM_CLASSES")
    switches = ("TENSORBOARD.ENABLE", "TENSORBOARD.HISTOGRAM.ENABLE")
    if all(read.get(name) for name in switches) and read.get(key) > classes:
        message = f"The histogram counts the best {read.get(key)} of {classes} classes."
        yield Finding("limit", key, f"{message} Upstream stops.", f"{classes}", set={key: classes})


def boxes(read: Content, _here: Path) -> Iterator[Finding]:
    """Refuse views of boxes: wrong ones, and of another batch than one clip for each GPU."""
    if not (usage.visualizes(read) and read.get("DETECTION.ENABLE")):
        return
    gpus, key = read.get("NUM_GPUS"), "TEST.BATCH_SIZE"
    if gpus not in (0, read.get(key)):
        message = f"Views of boxes need one clip on each of {gpus} GPUs; upstream stops."
        yield Finding("tensorboard", key, message, str(gpus), set={key: gpus})
    key = "TENSORBOARD.WRONG_PRED_VIS.ENABLE"
    if read.get(key):
        message = (
            "Clips with wrong predictions are shown to the model without boxes; upstream stops."
        )
        yield Finding("tensorboard", key, message, "False", set={key: False})


def predictions(read: Content, here: Path) -> Iterator[Finding]:
    """Look for saved predictions."""
    named = read.get(_PREDICTIONS)
    if not (usage.visualizes(read) and named):
        return
    if read.get("DETECTION.ENABLE"):
        message = "Saved predictions of boxes are not shown; upstream stops."
        yield Finding("tensorboard", _PREDICTIONS, message, "Leave it out.", set={_PREDICTIONS: ""})
    elif not (here / named).is_file():
        message = f"There is no file {here / named}; upstream stops."
        yield Finding(
            "missing-file", _PREDICTIONS, message, "Leave it out.", set={_PREDICTIONS: ""}
        )


RULES: tuple[Rule, ...] = (class_names, layers, histogram, boxes, predictions)
