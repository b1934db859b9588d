"""Rules on the keys of a configuration."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from slowfast_stack.config.defaults import DEFAULTS, KEYS
from slowfast_stack.config.findings import NOTE, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slowfast_stack.config.content import Content, Problem

    Rule = Callable[[Content], Iterator[Finding]]

DECODED = ("kinetics", "ptvkinetics", "ptvcharades")  # data sets that are read from video files
PATHWAYS = {"slowfast": 2}
FEWEST_CLASSES = 5  # top-5 accuracy is always computed where a clip has one label
_CLOSE = 0.9
_HEADS = {"bce": "sigmoid", "bce_logit": "none"}


def refused(read: Content) -> Iterator[Finding]:
    """List what upstream refuses of the file itself, and keys that are written twice."""
    for problem in read.problems:
        if not problem.fatal:
            yield Finding("file", problem.key, problem.message, "Write it once.", NOTE)
        elif problem.key in KEYS:
            yield _mistyped(problem)
        else:
            yield _unknown(problem, read)


def _mistyped(problem: Problem) -> Finding:
    default, value = DEFAULTS[problem.key], problem.value
    same = type(default) in (int, float, bool) and isinstance(value, int | float)
    fixed = type(default)(value) if same else None
    if fixed is None or fixed != value:
        return Finding("type", problem.key, problem.message, f"Write it like {default!r}.")
    return Finding("type", problem.key, problem.message, f"{fixed}", set={problem.key: fixed})


def _unknown(problem: Problem, read: Content) -> Finding:
    close = difflib.get_close_matches(problem.key, KEYS - read.values.keys(), 1, _CLOSE)
    renamed = {close[0]: problem.value} if close else {}
    fix = f"Perhaps {close[0]}." if close else "Remove it."
    return Finding(
        "unknown-key", problem.key, problem.message, fix, set=renamed, remove=(problem.key,)
    )


def _decoder(read: Content) -> Iterator[Finding]:
    parts = [part for part in ("TRAIN", "TEST") if read.get(f"{part}.ENABLE")]
    used = {read.get(f"{part}.DATASET") for part in parts} & set(DECODED)
    if used and read.get("DATA.DECODING_BACKEND") == "torchvision":
        yield Finding(
            "dead-decoder",
            "DATA.DECODING_BACKEND",
            "torchvision no longer decodes videos: every clip fails, after 100 retries each.",
            "pyav (and patch the tree: slowfast-stack patch).",
            set={"DATA.DECODING_BACKEND": "pyav"},
        )


def _divisible(read: Content) -> Iterator[Finding]:
    gpus = read.get("NUM_GPUS")
    for key in ("TRAIN.BATCH_SIZE", "TEST.BATCH_SIZE"):
        batch = read.get(key)
        if gpus > 0 and batch % gpus:
            fixed = max(gpus, batch // gpus * gpus)
            message = f"{batch} clips cannot be divided among {gpus} GPUs; upstream stops."
            yield Finding("batch-per-gpu", key, message, f"{fixed}", set={key: fixed})


def _pathways(read: Content) -> Iterator[Finding]:
    arch, frames = read.get("MODEL.ARCH"), read.get("DATA.NUM_FRAMES")
    expected, channels = PATHWAYS.get(arch, 1), list(read.get("DATA.INPUT_CHANNEL_NUM"))
    if len(channels) != expected:
        message = f"{arch} has {expected} pathway(s), but channels are given for {len(channels)}."
        fixed = [3] * expected
        key = "DATA.INPUT_CHANNEL_NUM"
        yield Finding("pathways", key, message, f"{fixed}", set={key: fixed})
    alpha = read.get("SLOWFAST.ALPHA")
    if arch == "slowfast" and (alpha < 1 or frames % alpha):
        message = f"{frames} frames cannot be reduced to every {alpha}th for the slow pathway."
        yield Finding("alpha", "SLOWFAST.ALPHA", message, "A divisor of DATA.NUM_FRAMES.")


def _head(read: Content) -> Iterator[Finding]:
    loss, act = read.get("MODEL.LOSS_FUNC"), read.get("MODEL.HEAD_ACT")
    expected = _HEADS.get(loss)
    if expected == "sigmoid" and act != "sigmoid":
        message = f"The loss {loss} needs a probability for each class on its own, not {act}."
        yield Finding("head", "MODEL.HEAD_ACT", message, expected, set={"MODEL.HEAD_ACT": expected})
    if read.get("MIXUP.ENABLE") and loss not in ("soft_cross_entropy", "bce"):
        message = f"MIXUP mixes labels; the loss {loss} takes only one class for each clip."
        fixed = {"MODEL.LOSS_FUNC": "soft_cross_entropy"}
        yield Finding("mixup", "MODEL.LOSS_FUNC", message, "soft_cross_entropy", set=fixed)


def _few_classes(read: Content) -> Iterator[Finding]:
    single = not (read.get("DETECTION.ENABLE") or read.get("DATA.MULTI_LABEL") or read.get("TASK"))
    classes, key = read.get("MODEL.NUM_CLASSES"), "MODEL.NUM_CLASSES"
    if single and classes < FEWEST_CLASSES:
        message = f"Upstream counts hits among the best {FEWEST_CLASSES}; with {classes} it stops."
        fix = f"{FEWEST_CLASSES}; the added classes stay empty."
        yield Finding("few-classes", key, message, fix, set={key: FEWEST_CLASSES})


def _detection(read: Content) -> Iterator[Finding]:
    ava = read.get("TRAIN.DATASET") == "ava" and read.get("TEST.DATASET") == "ava"
    if ava and not read.get("DETECTION.ENABLE"):
        message = "AVA has boxes, and the head for boxes is off."
        yield Finding(
            "detection", "DETECTION.ENABLE", message, "True", set={"DETECTION.ENABLE": True}
        )
    if read.get("DETECTION.ENABLE") and read.get("TRAIN.DATASET") != "ava":
        message = f"The head for boxes is on, and {read.get('TRAIN.DATASET')} has no boxes."
        fixed = {"DETECTION.ENABLE": False}
        yield Finding("detection", "DETECTION.ENABLE", message, "False", set=fixed)
    if read.get("TRAIN.DATASET") != read.get("TEST.DATASET") and read.get("TRAIN.ENABLE"):
        message = f"Trained on {read.get('TRAIN.DATASET')}, tested on {read.get('TEST.DATASET')}."
        yield Finding("data-sets", "TEST.DATASET", message, "The same data set, as a rule.", NOTE)


def _schedule(read: Content) -> Iterator[Finding]:
    rate, policy = read.get("SOLVER.BASE_LR"), read.get("SOLVER.LR_POLICY")
    epochs = read.get("SOLVER.MAX_EPOCH")
    if policy == "cosine" and read.get("SOLVER.COSINE_END_LR") >= rate:
        message = f"The learning rate would not fall: it ends at or above BASE_LR {rate}."
        fixed = {"SOLVER.COSINE_END_LR": rate / 100}
        yield Finding("cosine", "SOLVER.COSINE_END_LR", message, f"{rate / 100}", set=fixed)
    if policy == "steps_with_relative_lrs":
        yield from _steps(read.get("SOLVER.STEPS"), read.get("SOLVER.LRS"), epochs)
    warm = read.get("SOLVER.WARMUP_EPOCHS")
    if warm >= epochs:
        message = f"The warm-up takes {warm} of {epochs} epochs: the full rate is never reached."
        fixed = {"SOLVER.WARMUP_EPOCHS": float(epochs) / 10}
        yield Finding("warm-up", "SOLVER.WARMUP_EPOCHS", message, f"{epochs / 10}", set=fixed)
    if warm > 0 and read.get("SOLVER.WARMUP_START_LR") > rate:
        message = f"The warm-up starts above BASE_LR {rate}."
        fixed = {"SOLVER.WARMUP_START_LR": rate / 10}
        yield Finding("warm-up", "SOLVER.WARMUP_START_LR", message, f"{rate / 10}", set=fixed)


def _steps(steps: list[Any], rates: list[Any], epochs: int) -> Iterator[Finding]:
    if not all(isinstance(number, int | float) for number in (*steps, *rates)):
        yield Finding(
            "steps",
            "SOLVER.STEPS",
            "STEPS or LRS is not all numbers.",
            "Write numbers.",
        )
        return
    if not steps or steps[0] != 0:
        message = f"STEPS {steps} does not start with 0: the first epochs use the last rate."
        yield Finding("steps", "SOLVER.STEPS", message, "Start with 0.")
    used = [step for step in steps if step < epochs]
    if len(used) > len(rates):
        message = f"{len(used)} steps are before epoch {epochs}, and LRS has {len(rates)} rates."
        yield Finding("steps", "SOLVER.LRS", message, "One rate for each step.")


def _demo(read: Content) -> Iterator[Finding]:
    half = read.get("DATA.NUM_FRAMES") * read.get("DATA.SAMPLING_RATE") // 2
    key, buffer = "DEMO.BUFFER_SIZE", read.get("DEMO.BUFFER_SIZE")
    if read.get("DEMO.ENABLE") and buffer > half:
        message = f"Clips of {2 * half} frames cannot overlap by {buffer}; upstream stops."
        yield Finding("demo-buffer", key, message, f"{half}", set={key: half})
    key, video = "DEMO.WEBCAM", read.get("DEMO.INPUT_VIDEO")
    if read.get("DEMO.ENABLE") and video and read.get(key) > -1:
        message = f"The camera {read.get(key)} would be read, not {video}."
        yield Finding("demo-camera", key, message, "-1", set={key: -1})


RULES: tuple[Rule, ...] = (
    refused,
    _decoder,
    _divisible,
    _pathways,
    _head,
    _few_classes,
    _detection,
    _schedule,
    _demo,
)
