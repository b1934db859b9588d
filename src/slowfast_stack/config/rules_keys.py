"""Rules on the keys of a configuration."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any

from slowfast_stack.config import breakages, content, savings, usage
from slowfast_stack.config.defaults import DEFAULTS, KEYS, RENAMED
from slowfast_stack.config.findings import ERROR, NOTE, WARNING, Finding
from slowfast_stack.config.rules_resnet import pathways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slowfast_stack.config.content import Content, Problem

    Rule = Callable[[Content], Iterator[Finding]]

FEWEST_CLASSES = 5  # top-5 accuracy is always computed where a clip has one label
_CLOSE = 0.9


def refused(read: Content, known: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """List what upstream refuses of the file itself, and keys that are written twice.

    ``known`` are the keys of the tree that will run, which can be newer than those we know.
    """
    for problem in read.problems:
        if problem.key in known - KEYS and not problem.mistyped:
            continue
        if not problem.fatal:
            yield Finding("file", problem.key, problem.message, "Write it once.", NOTE)
        elif problem.mistyped:
            yield _mistyped(problem)
        elif problem.key in breakages.ADDED:
            yield _not_patched(problem)
        else:
            yield _unknown(problem, read)


def _mistyped(problem: Problem) -> Finding:
    default, value = DEFAULTS[problem.key], problem.value
    same = type(default) in (int, float, bool) and isinstance(value, int | float)
    fixed = type(default)(value) if same else None
    if fixed is None or fixed != value:
        return Finding("type", problem.key, problem.message, f"Write it like {default!r}.")
    return Finding("type", problem.key, problem.message, f"{fixed}", set={problem.key: fixed})


def _not_patched(problem: Problem) -> Finding:
    patch = breakages.ADDED[problem.key]
    message = f"{problem.key} is added by the patch {patch}, which the tree does not have."
    return Finding("unknown-key", problem.key, message, breakages.PATCH_IT)


def _unknown(problem: Problem, read: Content) -> Finding:
    close = difflib.get_close_matches(problem.key, KEYS - read.values.keys(), 1, _CLOSE)
    old = RENAMED.get(problem.key)
    name = old if old is not None else (close[0] if close else "")
    renamed = {name: problem.value} if name and content.is_like(problem.value, name) else {}
    fix = f"Perhaps {name}." if name else "Remove it."
    return Finding(
        "unknown-key", problem.key, problem.message, fix, set=renamed, remove=(problem.key,)
    )


def _accumulation(read: Content) -> Iterator[Finding]:
    """Refuse to accumulate batches of a loss that compares the clips of one."""
    key = savings.ACCUMULATION
    if usage.trains(read) and read.get(key) > 1 and usage.model(read) == "ContrastiveModel":
        message = "The loss of contrastive pretraining compares the clips of one batch."
        yield Finding("accumulation", key, message, "1", set={key: 1})


def _checkpointing(read: Content) -> Iterator[Finding]:
    key = savings.CHECKPOINT
    if not (usage.trains(read) and read.get(key)):
        return
    if usage.is_mvit(read) and read.get("MVIT.REV.ENABLE"):
        message = "A reversible model adds to what a checkpoint returned; upstream stops."
        yield Finding("reversible", key, message, "False", set={key: False})
    elif not savings.obeys_checkpoint(read):
        message = f"{usage.model(read)} keeps its activations all the same."
        yield Finding("checkpoint", key, message, "False", NOTE)


def _decoder(read: Content) -> Iterator[Finding]:
    clips, key = read.get("DATA.TRAIN_CROP_NUM_TEMPORAL"), "DATA.DECODING_BACKEND"
    trains = read.get("TRAIN.ENABLE") and read.get("TRAIN.DATASET") == "kinetics"
    if trains and clips > 1 and read.get(key) == "pyav":
        message = f"pyav decodes one clip of a video at a time, not {clips}; upstream stops."
        yield Finding("one-clip-decoder", key, message, "torchvision", set={key: "torchvision"})


def _divisible(read: Content) -> Iterator[Finding]:
    gpus = read.get("NUM_GPUS")
    boxes = read.get("TEST.ENABLE") and read.get("DETECTION.ENABLE")
    if boxes and gpus > 0 and read.get("TEST.BATCH_SIZE") != gpus:
        key = "TEST.BATCH_SIZE"
        message = f"Boxes are tested with one clip for each of the {gpus} GPUs; upstream stops."
        yield Finding("batch-per-gpu", key, message, f"{gpus}", set={key: gpus})
        return
    for key in ("TRAIN.BATCH_SIZE", "TEST.BATCH_SIZE"):
        batch = read.get(key)
        if gpus > 0 and batch % gpus:
            fixed = max(gpus, batch // gpus * gpus)
            message = f"{batch} clips cannot be divided among {gpus} GPUs; upstream stops."
            yield Finding("batch-per-gpu", key, message, f"{fixed}", set={key: fixed})


def _pathways(read: Content) -> Iterator[Finding]:
    arch, frames = read.get("MODEL.ARCH"), read.get("DATA.NUM_FRAMES")
    expected, channels = pathways(read), list(read.get("DATA.INPUT_CHANNEL_NUM"))
    named, key = read.get("MODEL.MODEL_NAME"), "MODEL.ARCH"
    if named in ("SlowFast", "PTVSlowFast") and arch in read.get("MODEL.SINGLE_PATHWAY_ARCH"):
        message = f"{arch} has one pathway, and {named} has two; upstream stops."
        yield Finding("pathways", key, message, "slowfast", set={key: "slowfast"})
    # The others take the first number, whatever follows.
    strict = read.get("MODEL.MODEL_NAME") in ("ResNet", "SlowFast", "X3D", "PTVSlowFast")
    if strict and len(channels) != expected:
        message = f"{named} has {expected} pathway(s), but channels are given for {len(channels)}."
        fixed = [3] * expected
        key = "DATA.INPUT_CHANNEL_NUM"
        yield Finding("pathways", key, message, f"{fixed}", set={key: fixed})
    alpha = read.get("SLOWFAST.ALPHA")
    if arch == "slowfast" and (alpha < 1 or frames % alpha):
        message = f"{frames} frames cannot be reduced to every {alpha}th for the slow pathway."
        yield Finding("alpha", "SLOWFAST.ALPHA", message, "A divisor of DATA.NUM_FRAMES.")


def _views(read: Content) -> Iterator[Finding]:
    """Refuse numbers of views that a data set cannot be tested with."""
    key, data_set = "TEST.NUM_ENSEMBLE_VIEWS", read.get("TEST.DATASET")
    views = read.get("TEST.NUM_TEMPORAL_CLIPS") or [read.get(key)]
    if not read.get("TEST.ENABLE"):
        return
    if data_set == "charades" and 1 in views:
        message = "Charades cannot be tested with one view; upstream divides by 0."
        yield Finding("views", key, message, "10", set={key: 10} if views == [1] else {})
    if data_set == "ptvssv2" and views != [1]:
        message = "PyTorchVideo tests Something-Something with one view; upstream stops."
        yield Finding("views", key, message, "1", set={key: 1} if len(views) == 1 else {})


def _batch_norm(read: Content) -> Iterator[Finding]:
    """Compare the kinds of batch norm with the GPUs and clips that they divide."""
    kind = read.get("BN.NORM_TYPE") if usage.has_batch_norm(read) else None
    gpus = max(1, read.get("NUM_GPUS"))
    devices, key = read.get("BN.NUM_SYNC_DEVICES"), "BN.NUM_SYNC_DEVICES"
    if kind == "sync_batchnorm" and read.get("BN.GLOBAL_SYNC"):
        message = "BN.GLOBAL_SYNC excludes NUM_SYNC_DEVICES, which upstream always passes."
        fixed = {"BN.GLOBAL_SYNC": False}
        yield Finding("sync-devices", "BN.GLOBAL_SYNC", message, "False", set=fixed)
    elif kind == "sync_batchnorm" and devices > 0 and gpus % devices:
        message = f"Statistics of {devices} GPUs cannot be shared among {gpus}; upstream stops."
        yield Finding("sync-devices", key, message, f"{gpus}", set={key: gpus})
    splits, clips = read.get("BN.NUM_SPLITS"), read.get("TRAIN.BATCH_SIZE") // gpus
    clips *= max(1, read.get("AUG.NUM_SAMPLE"))
    if kind == "sub_batchnorm" and read.get("TRAIN.ENABLE") and (splits < 1 or clips % splits):
        message = f"The {clips} clips of a GPU cannot be split into {splits} parts."
        yield Finding("bn-splits", "BN.NUM_SPLITS", message, "A divisor of the clips of a GPU.")
    if read.get("BN.USE_PRECISE_STATS") and read.get("BN.NUM_BATCHES_PRECISE") < 0:
        message = "A number of batches below 0; upstream stops."
        yield Finding("bn-splits", "BN.NUM_BATCHES_PRECISE", message, "200")


def _pytorchvideo(read: Content) -> Iterator[Finding]:
    """Refuse what the models of PyTorchVideo do not have."""
    named, key = str(read.get("MODEL.MODEL_NAME")), "RESNET.STRIDE_1X1"
    if named in ("PTVResNet", "PTVSlowFast", "PTVX3D") and read.get(key):
        message = f"{named} has no strides in its 1x1 convolutions; upstream stops."
        yield Finding("strides", key, message, "False", set={key: False})
    key = "DETECTION.ENABLE"
    if named in ("PTVX3D", "PTVCSN", "PTVR2plus1D", "PTVMViT") and read.get(key):
        message = f"{named} has no head for boxes; upstream stops."
        yield Finding("detection", key, message, "False", set={key: False})


def _groups(read: Content) -> Iterator[Finding]:
    width, groups = read.get("RESNET.WIDTH_PER_GROUP"), read.get("RESNET.NUM_GROUPS")
    if groups < 1 or width < 1 or width % groups:
        message = f"WIDTH_PER_GROUP {width} is no multiple of NUM_GROUPS {groups}; upstream stops."
        yield Finding("groups", "RESNET.WIDTH_PER_GROUP", message, "A multiple of NUM_GROUPS.")


def _few_classes(read: Content) -> Iterator[Finding]:
    others = ("DETECTION.ENABLE", "DATA.MULTI_LABEL", "MASK.ENABLE")
    pretrains = read.get("TASK") == "ssl" or any(read.get(key) for key in others)
    single = not pretrains and (read.get("TRAIN.ENABLE") or read.get("TEST.ENABLE"))
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


def _long_cycle(read: Content) -> Iterator[Finding]:
    if not (read.get("TRAIN.ENABLE") and read.get("MULTIGRID.LONG_CYCLE")):
        return
    if len(read.get("SOLVER.STEPS")) < 2:  # noqa: PLR2004
        message = "The long cycle follows SOLVER.STEPS, which has no two steps; upstream stops."
        yield Finding("long-cycle", "SOLVER.STEPS", message, "Those of a stepwise schedule.")
    if not read.get("MULTIGRID.SHORT_CYCLE"):
        message = "The long cycle takes its last shape from the short cycle, which is off."
        fixed, key = {"MULTIGRID.SHORT_CYCLE": True}, "MULTIGRID.SHORT_CYCLE"
        yield Finding("long-cycle", key, message, "True", set=fixed)


def _cycle_epochs(read: Content) -> Iterator[Finding]:
    """Count the epochs that multigrid leaves of the schedule."""
    long, short = read.get("MULTIGRID.LONG_CYCLE"), read.get("MULTIGRID.SHORT_CYCLE")
    factor, key = read.get("MULTIGRID.EPOCH_FACTOR"), "MULTIGRID.EPOCH_FACTOR"
    given = read.get("SOLVER.MAX_EPOCH")
    if not (read.get("TRAIN.ENABLE") and (long or short)) or not 0 < factor < math.inf or given < 1:
        return
    if (round if long else int)(given * factor) < 1:
        message = f"{given} epochs times {factor} are none: nothing is trained."
        yield Finding("limit", key, message, "1.0", set={key: 1.0})


def _schedule(read: Content) -> Iterator[Finding]:
    if not read.get("TRAIN.ENABLE"):
        return
    rate, policy = read.get("SOLVER.BASE_LR"), read.get("SOLVER.LR_POLICY")
    epochs = read.get("SOLVER.MAX_EPOCH")
    if policy == "cosine" and read.get("SOLVER.COSINE_END_LR") >= rate:
        message = f"The learning rate would not fall: it ends at or above BASE_LR {rate}."
        fixed = {"SOLVER.COSINE_END_LR": rate / 100} if rate > 0 else {}
        yield Finding("cosine", "SOLVER.COSINE_END_LR", message, f"{rate / 100}", set=fixed)
    # The long cycle writes its own steps.
    if policy == "steps_with_relative_lrs" and not read.get("MULTIGRID.LONG_CYCLE"):
        yield from _steps(read.get("SOLVER.STEPS"), read.get("SOLVER.LRS"), epochs)
    warm = read.get("SOLVER.WARMUP_EPOCHS")
    if warm >= epochs:
        divides = policy == "cosine" and read.get("SOLVER.COSINE_AFTER_WARMUP") and warm == epochs
        message = f"The warm-up takes {warm} of {epochs} epochs: the full rate is never reached."
        level, fixed = ERROR if divides else NOTE, {"SOLVER.WARMUP_EPOCHS": float(epochs) / 10}
        key = "SOLVER.WARMUP_EPOCHS"
        yield Finding("warm-up", key, message, f"{epochs / 10}", level, set=fixed)
    if warm > 0 and read.get("SOLVER.WARMUP_START_LR") > rate:
        message = f"The warm-up starts above BASE_LR {rate}."
        fixed, key = {"SOLVER.WARMUP_START_LR": rate / 10}, "SOLVER.WARMUP_START_LR"
        yield Finding("warm-up", key, message, f"{rate / 10}", WARNING, set=fixed)
    decay = read.get("SOLVER.LAYER_DECAY")
    if not 0 < decay <= 1:
        message = f"The decay of a layer is {decay}; upstream takes what is above 0, up to 1."
        yield Finding("layer-decay", "SOLVER.LAYER_DECAY", message, "1.0")
    elif decay < 1 and read.get("MODEL.MODEL_NAME") not in ("MViT", "MaskMViT"):
        message = "A decay of the layers is for transformers: upstream refuses batch norm with it."
        yield Finding("layer-decay", "SOLVER.LAYER_DECAY", message, "1.0")


def _optimizer(read: Content) -> Iterator[Finding]:
    """Compare the settings of the optimizer with each other."""
    if not read.get("TRAIN.ENABLE"):
        return
    sgd = read.get("SOLVER.OPTIMIZING_METHOD") == "sgd" and read.get("SOLVER.NESTEROV")
    if sgd and (read.get("SOLVER.MOMENTUM") == 0 or read.get("SOLVER.DAMPENING") != 0):
        key = "SOLVER.NESTEROV"
        message = "Nesterov's momentum needs a momentum above 0 and no dampening; upstream stops."
        yield Finding("nesterov", key, message, "False", set={key: False})
    key = "SOLVER.CLIP_GRAD_VAL"
    if read.get(key) and not read.get("DETECTION.ENABLE"):
        message = "Upstream asks what clipping by value returns, which is nothing; it stops."
        fix, fixed = "None, and SOLVER.CLIP_GRAD_L2NORM 1.0", {key: None}
        yield Finding("clip-gradients", key, message, fix, set=fixed)
    for key in ("SOLVER.CLIP_GRAD_VAL", "SOLVER.CLIP_GRAD_L2NORM"):
        value = read.get(key)
        if value is not None and not (isinstance(value, int | float) and value >= 0):
            message = f"{value!r} is not a bound of gradients: they change their sign, or it stops."
            level = WARNING if isinstance(value, int | float) else ERROR
            yield Finding("limit", key, message, "None, or a number above 0.", level)


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
        level = WARNING if rates else ERROR
        yield Finding("steps", "SOLVER.STEPS", message, "Start with 0.", level)
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
        yield Finding("demo-camera", key, message, "-1", WARNING, set={key: -1})


RULES: tuple[Rule, ...] = (
    _accumulation,
    _checkpointing,
    _decoder,
    _divisible,
    _pathways,
    _views,
    _batch_norm,
    _pytorchvideo,
    _groups,
    _few_classes,
    _detection,
    _long_cycle,
    _cycle_epochs,
    _schedule,
    _optimizer,
    _demo,
)
