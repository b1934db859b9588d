"""Rules on augmentation: what upstream reads out of a text, repeats, and mixed labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slowfast_stack.config import usage
from slowfast_stack.config.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content

_KIND = "rand-m7-n4-mstd0.5-inc1"
_OPERATIONS = 15  # that a random augmentation draws from
_NUMBERS = {"m": int, "n": int, "w": int, "mstd": float}
_ERASES = ("", "const", "rand", "pixel")


def _augments(read: Content) -> bool:
    used = usage.trained_on(read) in ("kinetics", "ssv2", "imagenet")
    return used and bool(read.get("AUG.ENABLE"))


def kind(read: Content) -> Iterator[Finding]:
    """Read the text of a random augmentation as slowfast/datasets/rand_augment.py does."""
    text, key = str(read.get("AUG.AA_TYPE")), "AUG.AA_TYPE"
    if not _augments(read) or not text:
        return
    wrong = _wrong(text)
    if wrong:
        message = f"{text}: {wrong}; upstream stops."
        yield Finding("augmentation", key, message, _KIND, set={key: _KIND})


def _wrong(text: str) -> str:
    first, *parts = text.split("-")
    if first != "rand":
        return f"{first} is not a random augmentation"
    given: dict[str, float] = {}
    for part in parts:
        name, *value = re.split(r"(\d.*)", part)[:2]
        if not value or name not in _NUMBERS:
            continue
        try:
            given[name] = _NUMBERS[name](value[0])
        except ValueError:
            return f"{value[0]} is not a number for {name}"
    if given.get("w", 0):
        return "there is one set of weights, w0"
    if "w" in given and given.get("n", 2) > _OPERATIONS:
        return f"{given['n']} of {_OPERATIONS} operations cannot be drawn without repeats"
    return ""


def erasing(read: Content) -> Iterator[Finding]:
    """Compare the settings of random erasing, and the jitter that is used without a text."""
    if not _augments(read):
        return
    if read.get("AUG.RE_PROB") > 0 and not read.get("AUG.GEN_MASK_LOADER"):
        mode, key = str(read.get("AUG.RE_MODE")), "AUG.RE_MODE"
        if mode.lower() not in _ERASES:
            message = f"{mode} is not a way to erase; upstream stops."
            yield Finding("augmentation", key, message, "pixel", set={key: "pixel"})
        key = "AUG.RE_COUNT"
        if read.get(key) < 0:
            message = f"{read.get(key)} areas cannot be erased; upstream stops."
            yield Finding("augmentation", key, message, "1", set={key: 1})
    jitter, key = read.get("AUG.COLOR_JITTER"), "AUG.COLOR_JITTER"
    pictures = usage.trained_on(read) == "imagenet" and not read.get("AUG.AA_TYPE")
    if pictures and isinstance(jitter, int | float) and jitter < 0:
        message = f"A jitter of {jitter}; no picture is read."
        yield Finding("augmentation", key, message, "0.4", set={key: 0.4})


def repeats(read: Content) -> Iterator[Finding]:
    """Refuse several clips of a video from data sets that give one."""
    data_set = usage.trained_on(read)
    key = "AUG.NUM_SAMPLE"
    if data_set == "imagenet" and read.get("AUG.ENABLE") and read.get(key) > 1:
        message = "A picture has one number in its list, and several samples need as many."
        yield Finding("repeats", key, f"{message} Upstream stops.", "1", set={key: 1})
    if data_set not in ("charades", "ssv2") or usage.model(read) == "ContrastiveModel":
        return
    keys = ["DATA.TRAIN_CROP_NUM_TEMPORAL", "DATA.TRAIN_CROP_NUM_SPATIAL"]
    if data_set == "charades" or not read.get("AUG.ENABLE"):
        keys.append("AUG.NUM_SAMPLE")
    for key in keys:
        if read.get(key) > 1:
            message = f"{data_set} gives one clip of a video, not {read.get(key)}; upstream stops."
            yield Finding("repeats", key, message, "1", set={key: 1})


def mixed(read: Content) -> Iterator[Finding]:
    """Refuse MIXUP where there is no label of one class to mix."""
    if not (usage.trains(read) and read.get("MIXUP.ENABLE")):
        return
    key, why = "MIXUP.ENABLE", ""
    if read.get("MASK.ENABLE") or usage.model(read) == "ContrastiveModel":
        why = "pretraining has no labels"
    elif usage.trained_on(read) in ("charades", "ptvcharades"):
        why = "a clip of Charades has several classes"
    elif read.get("DETECTION.ENABLE"):
        why = "boxes have several classes each"
    if why:
        message = f"MIXUP mixes the class of two clips, and {why}; upstream stops."
        yield Finding("mixup", key, message, "False", set={key: False})
    if read.get("MIXUP.ALPHA") <= 0 and read.get("MIXUP.CUTMIX_ALPHA") <= 0:
        message = "Neither ALPHA nor CUTMIX_ALPHA is above 0: there is no way to mix."
        name = "MIXUP.ALPHA"
        yield Finding("mixup", name, f"{message} Upstream stops.", "0.8", set={name: 0.8})


RULES = (kind, erasing, repeats, mixed)
