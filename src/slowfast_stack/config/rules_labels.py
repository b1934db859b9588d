"""Rules on labels: the loss, the activation and MULTI_LABEL have to suit the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slowfast_stack.config.findings import ERROR, WARNING, Finding
from slowfast_stack.config.usage import clips_of_a_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content

ONE, MANY, BOXES = "one class for each clip", "several classes for each clip", "boxes"
KINDS = {
    "kinetics": ONE,
    "ssv2": ONE,
    "imagenet": ONE,
    "ptvkinetics": ONE,
    "ptvssv2": ONE,
    "charades": MANY,
    "ptvcharades": MANY,
    "ava": BOXES,
}
_CROSS_ENTROPY = ("cross_entropy", "soft_cross_entropy")


class Misfit(NamedTuple):
    """A loss that does not suit a kind of labels: how bad, what happens, and what suits."""

    kind: str
    loss: str
    level: str
    message: str
    fix: str


_SHAPES = "takes a value for each class, and a clip has one class; the shapes differ."
_RAW = "needs probabilities, and the head gives raw scores in training."
_SOFT = "makes the classes exclude each other."
MISFITS = (
    Misfit(ONE, "bce", ERROR, _SHAPES, "cross_entropy"),
    Misfit(ONE, "bce_logit", ERROR, _SHAPES, "cross_entropy"),
    Misfit(ONE, "mse", ERROR, _SHAPES, "cross_entropy"),
    Misfit(ONE, "multi_mse", ERROR, "is for masked pretraining alone.", "cross_entropy"),
    Misfit(ONE, "contrastive_loss", WARNING, "ignores the labels.", "cross_entropy"),
    Misfit(MANY, "bce", ERROR, _RAW, "bce_logit"),
    Misfit(MANY, "cross_entropy", WARNING, _SOFT, "bce_logit"),
    Misfit(MANY, "soft_cross_entropy", WARNING, _SOFT, "bce_logit"),
    Misfit(
        MANY,
        "mse",
        ERROR,
        "takes numbers of single precision, and the labels are doubles.",
        "bce_logit",
    ),
    Misfit(MANY, "contrastive_loss", WARNING, "ignores the labels.", "bce_logit"),
    Misfit(MANY, "multi_mse", ERROR, "is for masked pretraining alone.", "bce_logit"),
    Misfit(BOXES, "cross_entropy", WARNING, _SOFT, "bce"),
    Misfit(BOXES, "soft_cross_entropy", WARNING, _SOFT, "bce"),
    Misfit(BOXES, "bce_logit", WARNING, "applies a sigmoid after that of the head.", "bce"),
    Misfit(BOXES, "contrastive_loss", WARNING, "ignores the labels.", "bce"),
    Misfit(BOXES, "multi_mse", WARNING, "is for masked pretraining.", "bce"),
)


def masked(read: Content) -> Iterator[Finding]:
    """Compare the loss of masked pretraining, whose predictions are a list."""
    named, key = read.get("MODEL.LOSS_FUNC"), "MODEL.LOSS_FUNC"
    if read.get("TRAIN.ENABLE") and read.get("MASK.ENABLE") and named != "multi_mse":
        message = f"Masked pretraining gives lists, which the loss {named} does not take."
        yield Finding("loss", key, message, "multi_mse", set={key: "multi_mse"})


def _is_supervised(read: Content) -> bool:
    others = read.get("MASK.ENABLE") or read.get("MODEL.MODEL_NAME") == "ContrastiveModel"
    return bool(read.get("TRAIN.ENABLE")) and not others


def _kind(read: Content) -> str | None:
    return KINDS.get(str(read.get("TRAIN.DATASET")).lower())


def loss(read: Content) -> Iterator[Finding]:
    """Compare the loss with the labels of the data set."""
    kind, named = _kind(read), read.get("MODEL.LOSS_FUNC")
    if not _is_supervised(read) or (read.get("MIXUP.ENABLE") and kind == ONE):
        return
    for row in MISFITS:
        if (row.kind, row.loss) == (kind, named):
            message = f"{read.get('TRAIN.DATASET')} has {kind}; the loss {named} {row.message}"
            key = "MODEL.LOSS_FUNC"
            yield Finding("loss", key, message, row.fix, row.level, set={key: row.fix})


def mixup(read: Content) -> Iterator[Finding]:
    """Compare MIXUP with the loss, and with the clips that it can mix."""
    if not (read.get("MIXUP.ENABLE") and _is_supervised(read)):
        return
    named = read.get("MODEL.LOSS_FUNC")
    fixed = {"MODEL.LOSS_FUNC": "soft_cross_entropy"}
    if named in ("bce", "multi_mse", "contrastive_loss"):
        message = f"MIXUP mixes labels; the loss {named} cannot take them."
        yield Finding("mixup", "MODEL.LOSS_FUNC", message, "soft_cross_entropy", set=fixed)
    elif named in ("bce_logit", "mse"):
        message = f"MIXUP mixes the labels of exclusive classes; the loss {named} is not for them."
        yield Finding("mixup", "MODEL.LOSS_FUNC", message, "soft_cross_entropy", WARNING, set=fixed)
    if clips_of_a_process(read) == 1 and read.get("MIXUP.PROB") > 0:
        message = "MIXUP mixes the clips of a batch, and each GPU has only one; upstream stops."
        fix = "False, or at least 2 clips for each GPU."
        yield Finding("mixup-one-clip", "MIXUP.ENABLE", message, fix, set={"MIXUP.ENABLE": False})


def multi_label(read: Content) -> Iterator[Finding]:
    """Compare MULTI_LABEL with the data sets that are used."""
    key, given = "DATA.MULTI_LABEL", read.get("DATA.MULTI_LABEL")
    for part in ("TRAIN", "TEST"):
        kind = KINDS.get(str(read.get(f"{part}.DATASET")).lower(), BOXES)
        used = read.get(f"{part}.ENABLE") and kind != BOXES and not read.get("MASK.ENABLE")
        expected = kind == MANY
        if used and given is not expected:
            message = f"{read.get(f'{part}.DATASET')} has {kind}, but MULTI_LABEL is {given}."
            # Top-1 of several classes fails; the mAP of one class each is computed, and wrong.
            level = ERROR if expected else WARNING
            yield Finding("labels", key, message, f"{expected}", level, set={key: expected})
            return


def activation(read: Content) -> Iterator[Finding]:
    """Compare the activation of the head with the labels."""
    kind, act, key = _kind(read), read.get("MODEL.HEAD_ACT"), "MODEL.HEAD_ACT"
    if _is_supervised(read) and kind in (MANY, BOXES) and act == "softmax":
        message = f"{read.get('TRAIN.DATASET')} needs a probability for each class on its own."
        yield Finding("head", key, message, "sigmoid", WARNING, set={key: "sigmoid"})


RULES = (loss, masked, mixup, multi_label, activation)
