"""Make a fine-tuning configuration from a base and a checkpoint; every change has its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import replacing
from slowfast_stack import trusted
from slowfast_stack.config import (
    breakages,
    content,
    data_lists,
    explain,
    long_cycle,
    rules_names,
    savings,
    upstream,
    usage,
    validate,
    yaml_edit,
)
from slowfast_stack.config.content import Content
from slowfast_stack.config.defaults import DEFAULTS
from slowfast_stack.config.findings import errors
from slowfast_stack.config.rules_files import largest_batch
from slowfast_stack.config.rules_keys import FEWEST_CLASSES
from slowfast_stack.config.savings import Step
from slowfast_stack.config.target import UNKNOWN, Target
from slowfast_stack.config.usage import DECODED
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.formats import (
        Kind,
    )
    from slowfast_stack.config.findings import Finding
    from slowfast_stack.config.savings import Fitting
    from slowfast_stack.config.target import Target

    FittingClips = Callable[[Path, list[str]], Fitting | None]

CLASSES, AVA = "classes", "ava"
AVA_CLASSES = 80
EPOCHS = 20  # upstream's SHORT configurations of AVA; 22 on Something-Something
PRECISE_BATCHES = 200
FEWEST_CLIPS = 4  # for statistics of batch norm that are worth more than those of the checkpoint
MEMORY = 16.0  # GiB of the V100 that upstream's clips per GPU are taken to be for


@dataclass(frozen=True)
class Change:
    """A key, its new value, and why."""

    key: str
    value: Any
    reason: str


@dataclass(frozen=True)
class Tools:
    """What may be used to make a step fit: the tree obeys its key, the GPU is fast with the type."""

    accumulation: bool = False
    checkpoint: bool = False
    dtype: str | None = None


NOTHING = Tools()


@dataclass(frozen=True)
class Request:
    """What to fine-tune on, with what, and on which hardware.

    ``gpu_memory`` is in GiB; ``fitting`` is how many clips fit in it, for each way to train.
    """

    to: str
    checkpoint: Path
    data: Path
    output_dir: str
    classes: int | None = None
    gpus: int = 1
    batch: int | None = None
    epochs: int = EPOCHS
    gpu_memory: float | None = None
    fitting: Fitting | None = None
    tools: Tools = NOTHING


@dataclass(frozen=True)
class Data:
    """What a data set of own classes holds; ``samples`` is None where it is unknown."""

    samples: int | None = None
    classes: int | None = None
    separator: str = " "
    prefix: Path | None = None


@dataclass(frozen=True)
class Transfer:
    """A new configuration: what changed and why, and the findings that remain."""

    path: Path
    changes: list[Change]
    diff: str
    found: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        """Return the findings that make training fail."""
        return errors(self.found)

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data."""
        return {
            "file": str(self.path),
            "changes": [vars(change) for change in self.changes],
            "diff": self.diff,
            "errors": [
                {"key": row.key, "message": row.message, "fix": row.fix} for row in self.errors
            ],
        }

    def lines(self) -> list[str]:
        """Return everything as text."""
        width = max((len(change.key) for change in self.changes), default=0)
        out = [
            f"{change.key:<{width}}  {yaml_edit.literal(change.value)}  ({change.reason})"
            for change in self.changes
        ]
        out += ["", *self.diff.splitlines(), ""]
        out += [f"remaining: {row.message} {row.key}: {row.fix}" for row in self.errors]
        return [*out, f"written: {self.path}"]


@dataclass(frozen=True)
class Place:
    """Where the configuration will run, and how many clips of one fit in a GPU there.

    ``fitting`` takes a file and ways to train, and returns None where that is unknown. ``capability``
    is the compute capability of the GPU.
    """

    fitting: FittingClips
    target: Target = UNKNOWN
    capability: tuple[int, int] | None = None

    def tools(self, base: Content, request: Request) -> Tools:
        """Return what may be used in this tree and on this GPU, where memory is a limit."""
        if not request.gpus:
            return NOTHING
        keys = breakages.keys_of(self.target)
        asks_patch = usage.is_resnet(base)
        patched = self.target.status("activation-checkpointing") not in breakages.LEVELS
        dtype = savings.precision(self.capability) if savings.DTYPE in keys else None
        return Tools(
            savings.ACCUMULATION in keys,
            savings.obeys_checkpoint(base) and (patched or not asks_patch),
            dtype,
        )


def make(base: str, source: Path | None, request: Request, path: Path, place: Place) -> Transfer:
    """Write the configuration to ``path``, which must not exist yet.

    Raises UsageError.
    """
    if path.exists():
        raise UsageError(
            f"{path} already exists.",
            "A configuration is not replaced.",
            "Give another --output.",
            code="cli.file-exists",
        )
    found = _base(base, source)
    before = found.read_text(encoding="utf-8-sig")
    text = validate.accepted(before)
    own = content.parse(text, str(found)).values
    below = Content(content.load(found).values | own)
    _require_model(below, place.target)
    fixed = {}
    if content.BASE in own:
        fixed[content.BASE] = str(found.parent.absolute() / own[content.BASE])

    def changed(request: Request) -> tuple[list[Change], str]:
        found_changes = changes(below, request)
        values = {change.key: change.value for change in found_changes} | fixed
        cause = {change.key: change.reason for change in found_changes}
        return found_changes, yaml_edit.set_values(text, values, cause)

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as fresh:
        made, result = changed(request)
        fresh.write_text(result, encoding="utf-8")
        if request.batch is None and request.gpus:
            tools = place.tools(below, request)
            ways = savings.ways(below, tools.dtype, may_checkpoint=tools.checkpoint)
            fitting = place.fitting(fresh, ways)
            if fitting or request.gpu_memory:
                made, result = changed(replace(request, fitting=fitting, tools=tools))
                fresh.write_text(result, encoding="utf-8")
    diff = validate.diff(str(found), before, str(path), result)
    return Transfer(path, made, diff, validate.check(content.load(path), Path(), place.target))


def _base(base: str, source: Path | None) -> Path:
    found = explain.find(base, source)
    if found:
        return found
    places = upstream.places(base)
    raise UsageError(
        f"There is no file {base}.",
        "Upstream has: " + ", ".join(places)
        if places and not source
        else "It is neither a file nor a configuration of that checkout.",
        "Name a file, or a name and the checkout that has it: --source slowfast=DIR.",
        code="file.not-found",
    )


def changes(base: Content, request: Request) -> list[Change]:
    """Return the changes to a base; a key that already has the value is left out."""
    _require_labels(base)
    _require_clips(base)
    kind = _kind(request.checkpoint)
    data = _inspect(request)
    step = _step(base, request, data)
    batch = step.clips * max(1, request.gpus)
    made = [
        *_defaults(base),
        *_checkpoint(request, kind),
        *_data(base, request, data),
        *_head(base, request, data, kind),
        *_machine(base, request, step),
        *_mixing(base, request, batch),
        *_schedule(base, request, step.total * max(1, request.gpus)),
        *_batch_norm(base, request, data, batch),
        *_few_clips(base, request, step),
    ]
    last = {change.key: change for change in made}
    return [change for change in last.values() if not _is_set(base, change)]


def _defaults(base: Content) -> Iterator[Change]:
    """Write the default of a key that the base leaves without a value."""
    for key in base.empty:
        yield Change(key, DEFAULTS[key], "the base gives no value, which upstream takes for None")


def _is_set(base: Content, change: Change) -> bool:
    now = base.get(change.key)
    same = type(now) is type(change.value) and bool(now == change.value)
    return same and change.key not in base.empty


def _kind(path: Path) -> Kind:
    try:
        kind = formats.of_file(path)
    except OSError as error:
        hint = "Fetch one: slowfast-stack models list, slowfast-stack models get NAME."
        cause = error.strerror or ""
        raise UsageError(
            f"{path} cannot be read.", cause, hint, code="config.unreadable-data"
        ) from error
    refused = trusted.refusal(path, kind)
    if refused or kind.type not in (formats.PYTORCH, formats.CAFFE2):
        raise UsageError(
            f"{path} is not a checkpoint of SlowFast.",
            refused or kind.cause,
            "Name another file.",
            code="config.no-checkpoint",
        )
    return kind


def _inspect(request: Request) -> Data:
    path = request.data / "train.csv"
    if request.to == AVA or not path.is_file():
        return Data()
    found = [data_lists.read_videos(path, separator, request.data) for separator in (" ", ",")]
    separator, listed = (" ", found[0]) if not found[0].bad else (",", found[1])
    as_they_are = data_lists.read_videos(path, separator, Path())
    below = request.data if len(listed.missing) < len(as_they_are.missing) else None
    return Data(listed.rows, max(listed.labels, default=-1) + 1 or None, separator, below)


def _checkpoint(request: Request, kind: Kind) -> Iterator[Change]:
    path = str(request.checkpoint.absolute())
    yield Change("TRAIN.ENABLE", value=True, reason="it trains")
    yield Change("DEMO.ENABLE", value=False, reason="training, not the demo")
    yield Change("TRAIN.CHECKPOINT_FILE_PATH", path, "the initial weights")
    yield Change("TRAIN.CHECKPOINT_TYPE", kind.type, f"read from the bytes: {kind.container}")
    cause = "begin with epoch 0 and a new optimizer, not where the checkpoint ended"
    yield Change("TRAIN.CHECKPOINT_EPOCH_RESET", value=True, reason=cause)
    cause = "a separate folder: a checkpoint in it would be loaded instead"
    yield Change("OUTPUT_DIR", request.output_dir, cause)


def _data(base: Content, request: Request, data: Data) -> Iterator[Change]:
    folder = request.data.absolute()
    if request.to == AVA:
        for key in ("TRAIN.DATASET", "TEST.DATASET"):
            yield Change(key, "ava", "boxes and actions")
        for key, name in _AVA_FOLDERS.items():
            yield Change(key, str(folder / name), "the layout of slowfast-stack ava")
        return
    name = base.get("TRAIN.DATASET") if base.get("TRAIN.DATASET") in DECODED[:2] else "kinetics"
    for key in ("TRAIN.DATASET", "TEST.DATASET"):
        yield Change(key, name, "videos with one label each are read as Kinetics is")
    yield Change(
        "DATA.PATH_TO_DATA_DIR", str(folder), "the folder of train.csv, val.csv and test.csv"
    )
    if data.prefix:
        yield Change("DATA.PATH_PREFIX", str(folder), "the paths in the lists begin here")
    yield Change("DATA.PATH_LABEL_SEPARATOR", data.separator, "between path and label in the lists")
    yield Change("DATA.DECODING_BACKEND", "pyav", "it decodes in every patched tree")
    yield Change("DATA.TRAIN_CROP_NUM_TEMPORAL", 1, "pyav decodes one clip of a video at a time")


_AVA_FOLDERS = {
    "AVA.FRAME_DIR": "frames",
    "AVA.FRAME_LIST_DIR": "frame_lists",
    "AVA.ANNOTATION_DIR": "annotations",
}


def _head(base: Content, request: Request, data: Data, kind: Kind) -> Iterator[Change]:
    classes = request.classes or (AVA_CLASSES if request.to == AVA else data.classes)
    if classes is None:
        cause = f"{request.data / 'train.csv'} has no labels to count."
        raise UsageError(
            "The number of classes is unknown.",
            cause,
            "Pass --classes N.",
            code="config.unknown-classes",
        )
    if data.classes and classes < data.classes:
        message = f"{classes} classes are too few."
        raise UsageError(
            message,
            f"The data have the label {data.classes - 1}.",
            "Omit --classes.",
            code="config.unknown-classes",
        )
    had = f", was {kind.classes}: the head is initialized randomly" if kind.classes else ""
    yield Change("MODEL.NUM_CLASSES", classes, f"your classes{had}")
    if request.to == CLASSES and classes < FEWEST_CLASSES:
        cause = (
            f"your {classes} and empty ones: upstream counts hits among the best {FEWEST_CLASSES}"
        )
        yield Change("MODEL.NUM_CLASSES", FEWEST_CLASSES, cause)
    yield Change("DATA.MULTI_LABEL", value=False, reason="one label for each video, not a list")
    if request.to == CLASSES:
        yield Change("DETECTION.ENABLE", value=False, reason="a label for each video, no boxes")
        if base.get("MODEL.LOSS_FUNC") not in _LOSSES:
            yield Change("MODEL.LOSS_FUNC", _LOSSES[0], "one class for each video")
        yield Change("MODEL.HEAD_ACT", "softmax", "one class for each video")
        return
    _boxes_are_possible(base)
    slow = 2 if base.get("MODEL.ARCH") == "slowfast" else 1
    for key in ("MULTIGRID.SHORT_CYCLE", "MULTIGRID.LONG_CYCLE"):
        yield Change(key, value=False, reason="its sampler does not collect boxes")
    yield Change("DETECTION.ENABLE", value=True, reason="classify each person's box")
    yield Change("DETECTION.ALIGNED", value=True, reason="as upstream's configurations of AVA")
    yield Change("MODEL.LOSS_FUNC", "bce", "a person does several actions at once")
    yield Change("MODEL.HEAD_ACT", "sigmoid", "a probability for each action alone")
    strides, dilations = ([[n] * slow for n in row] for row in ((1, 2, 2, 1), (1, 1, 1, 2)))
    yield Change("RESNET.SPATIAL_STRIDES", strides, "boxes need the finer last stage")
    yield Change("RESNET.SPATIAL_DILATIONS", dilations, "the last stage sees as far as before")


_LOSSES = ("cross_entropy", "soft_cross_entropy")


def _mixing(base: Content, request: Request, batch: int) -> Iterator[Change]:
    """Switch MIXUP off where it has nothing to mix."""
    clips = batch // max(1, request.gpus) * max(1, base.get("AUG.NUM_SAMPLE"))
    if base.get("MIXUP.ENABLE") and request.to == AVA:
        yield Change("MIXUP.ENABLE", value=False, reason="it mixes videos, not boxes")
    elif base.get("MIXUP.ENABLE") and clips == 1:
        yield Change("MIXUP.ENABLE", value=False, reason="a GPU has one clip, nothing to mix")


def _require_model(base: Content, target: Target) -> None:
    """Refuse a base whose model the source tree does not have. Raises UsageError."""
    key = "MODEL.MODEL_NAME"
    for row in rules_names.names(base, target):
        if row.key == key:
            raise UsageError(
                f"A fine-tuning configuration cannot be made from {base.get(key)}.",
                row.message,
                row.fix,
                code="config.unknown-model",
            )


def _require_labels(base: Content) -> None:
    name = base.get("MODEL.MODEL_NAME")
    if base.get("MASK.ENABLE") or name == "ContrastiveModel":
        raise UsageError(
            f"A fine-tuning configuration cannot be made from {name}.",
            "It pretrains without labels: its model has no head for classes.",
            "Start from the configuration of the fine-tuned model, such as *_FT or finetune_*.",
            code="config.pretraining",
        )


def _require_clips(base: Content) -> None:
    if usage.is_mvit(base) and base.get("MVIT.PATCH_2D"):
        raise UsageError(
            "A fine-tuning configuration for clips cannot be made from a model of pictures.",
            "MVIT.PATCH_2D cuts patches of pictures, which clips do not have.",
            "Start from a configuration of Kinetics or Something-Something.",
            code="config.pretraining",
        )


def _boxes_are_possible(base: Content) -> None:
    name = base.get("MODEL.MODEL_NAME")
    if name not in ("SlowFast", "ResNet"):
        raise UsageError(
            f"A configuration of AVA cannot be made from {name}.",
            "Its pathways and strides are not those of a ResNet.",
            "Start from a SLOWFAST, SLOW, C2D or I3D configuration.",
            code="config.no-boxes",
        )


def _step(base: Content, request: Request, data: Data) -> Step:
    """Return how many clips a GPU takes at a time, and how many batches are a step."""
    gpus = max(1, request.gpus)
    if request.batch is not None:
        if request.batch % gpus:
            message = f"{request.batch} clips cannot be divided among {gpus} GPUs."
            raise UsageError(
                message,
                "Each GPU gets the same number of clips.",
                f"Give a --batch that is a multiple of {gpus}.",
                code="config.does-not-fit",
            )
        return Step(request.batch // gpus, 1)
    tools = request.tools
    ways = savings.ways(base, tools.dtype, may_checkpoint=tools.checkpoint)
    fitting = request.fitting or _scaled(base, request, ways)
    wanted = math.ceil(_total(base) / gpus)
    if not tools.accumulation:
        most = max(1, *(fitting[way] for way in ways))
        wanted = most if request.fitting else fitting[ways[0]]
    if data.samples:
        wanted = min(wanted, math.ceil(data.samples / gpus) // largest_batch(base))
    wanted = max(1, wanted)
    # The fastest way that takes as many clips as upstream's GPUs do, or else the one that takes most.
    enough = min(wanted, math.ceil(base.get("TRAIN.BATCH_SIZE") / max(1, base.get("NUM_GPUS"))))
    way = next((way for way in ways if fitting[way] >= enough), max(ways, key=lambda w: fitting[w]))
    return replace(savings.divided(wanted, fitting[way]), way=way)


def _total(base: Content) -> int:
    """Return the clips that the learning rate of the base is for."""
    return int(base.get("TRAIN.BATCH_SIZE") * max(1, base.get(savings.ACCUMULATION)))


def _scaled(base: Content, request: Request, ways: list[str]) -> dict[str, int]:
    """Return upstream's clips for each GPU, scaled by the memory that was asked for."""
    each = base.get("TRAIN.BATCH_SIZE") / max(1, base.get("NUM_GPUS"))
    return dict.fromkeys(ways, int(each * (request.gpu_memory or MEMORY) / MEMORY))


def _machine(base: Content, request: Request, step: Step) -> Iterator[Change]:
    gpus = max(1, request.gpus)
    batch = step.clips * gpus
    yield Change("NUM_GPUS", request.gpus, "of this machine")
    each = f"{step.clips} clips for each GPU"
    if request.fitting and request.batch is None and step.way:
        each += f", of {request.fitting[step.way]} that fit"
    yield Change("TRAIN.BATCH_SIZE", batch, each)
    yield from _savings(base, request, step)
    if request.to == AVA and request.gpus:
        cause = "boxes are tested with one clip for each GPU"
        yield Change("TEST.BATCH_SIZE", request.gpus, cause)
    else:
        yield Change("TEST.BATCH_SIZE", batch, each)
    yield Change("NUM_SHARDS", 1, "this machine alone")
    yield from _statistics(base, gpus, batch)
    for key in ("TRAIN.EVAL_PERIOD", "TRAIN.CHECKPOINT_PERIOD"):
        if base.get(key) > request.epochs:
            yield Change(key, request.epochs, "at least once")


def _savings(base: Content, request: Request, step: Step) -> Iterator[Change]:
    """Use what makes a step fit."""
    key = savings.ACCUMULATION
    if step.batches > 1 or base.get(key) > 1:
        full = step.total * max(1, request.gpus)
        yield Change(key, step.batches, f"{full} clips for each step of the optimizer")
    if step.way is None:
        return
    if request.tools.dtype and "mixed" in step.way:
        dtype = request.tools.dtype
        yield Change(savings.MIXED, value=True, reason="less memory, and faster on this GPU")
        yield Change(savings.DTYPE, dtype, "the type that this GPU is fast with")
    if "checkpoint" in step.way:
        cause = "less memory: activations are computed again in the backward pass"
        yield Change(savings.CHECKPOINT, value=True, reason=cause)


def _few_clips(base: Content, request: Request, step: Step) -> Iterator[Change]:
    """Keep the statistics of the checkpoint where batch norm would see too few clips."""
    shared = 1
    if str(base.get("BN.NORM_TYPE")).startswith("sync_batchnorm"):
        shared = math.gcd(max(1, request.gpus), max(1, base.get("BN.NUM_SYNC_DEVICES")))
    seen = step.clips * shared
    if usage.is_resnet(base) and step.batches > 1 and seen < FEWEST_CLIPS:
        cause = f"batch norm would see {seen} clips: the statistics of the checkpoint stay"
        yield Change("MODEL.FROZEN_BN", value=True, reason=cause)
        yield Change("BN.USE_PRECISE_STATS", value=False, reason="they stay")


def _statistics(base: Content, gpus: int, batch: int) -> Iterator[Change]:
    """Share the statistics of batch norm among the GPUs and clips that there are."""
    kind, devices = base.get("BN.NORM_TYPE"), base.get("BN.NUM_SYNC_DEVICES")
    if kind == "sync_batchnorm_apex":
        yield Change("BN.NORM_TYPE", "sync_batchnorm", "without apex")
    if kind in ("sync_batchnorm", "sync_batchnorm_apex"):
        shared = math.gcd(gpus, devices) if devices > 0 else devices
        yield Change("BN.NUM_SYNC_DEVICES", shared, f"of {gpus} GPUs")
    if kind == "sub_batchnorm":
        splits = math.gcd(batch // gpus, max(1, base.get("BN.NUM_SPLITS")))
        yield Change("BN.NUM_SPLITS", splits, f"{batch // gpus} clips for each GPU")
    if base.get("MULTIGRID.LONG_CYCLE"):
        size = long_cycle.nearest(base, batch, gpus)
        cause = f"what {gpus} GPUs and {batch // gpus} clips for each can be divided by"
        yield Change("MULTIGRID.BN_BASE_SIZE", size, cause)


def _schedule(base: Content, request: Request, batch: int) -> Iterator[Change]:
    was, before = _total(base), base.get("SOLVER.MAX_EPOCH")
    for key in ("SOLVER.BASE_LR", "SOLVER.WARMUP_START_LR", "SOLVER.COSINE_END_LR"):
        rate = float(f"{base.get(key) * batch / was:.6g}")
        yield Change(key, rate, f"scaled by the batch: {batch} instead of {was}")
    yield Change("SOLVER.MAX_EPOCH", request.epochs, "fine-tuning is short")
    share = request.epochs / before
    warm = round(base.get("SOLVER.WARMUP_EPOCHS") * share, 2)
    yield Change("SOLVER.WARMUP_EPOCHS", warm, f"the same share of {request.epochs} epochs")
    if base.get("SOLVER.LR_POLICY") == "steps_with_relative_lrs":
        steps = [round(step * share, 2) for step in base.get("SOLVER.STEPS")]
        yield Change("SOLVER.STEPS", steps, f"the same shares of {request.epochs} epochs")


def _batch_norm(base: Content, request: Request, data: Data, batch: int) -> Iterator[Change]:
    if request.to == AVA:
        yield Change(
            "BN.USE_PRECISE_STATS", value=False, reason="as upstream's configurations of AVA"
        )
    elif base.get("BN.USE_PRECISE_STATS") and data.samples:
        most = max(1, data.samples // batch)
        cause = f"{data.samples} clips fill {most} batches"
        yield Change("BN.NUM_BATCHES_PRECISE", min(PRECISE_BATCHES, most), cause)
