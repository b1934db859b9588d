"""One table of the keys that need a patch: rules ask it what a source tree breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    AFFECTED,
    UNKNOWN,
)
from slowfast_stack.config import usage
from slowfast_stack.config.findings import ERROR, NOTE, WARNING, Finding
from slowfast_stack.config.usage import data_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.target import Target

PATCH_IT = "Patch the tree: slowfast-stack patch TREE."
# What a patch finds in a tree that may run wrong, and how sure that is.
LEVELS = {AFFECTED: ERROR, UNKNOWN: WARNING}


@dataclass(frozen=True)
class Breakage:
    """A configuration that a source tree breaks: its key, when, and the patch that makes it good."""

    patch: str
    key: str
    applies: Callable[[Content], bool]
    message: str
    id: str = "upstream-bug"
    level: str = ERROR


def _decodes(read: Content, backend: str) -> bool:
    return "kinetics" in data_sets(read) and read.get("DATA.DECODING_BACKEND") == backend


def _torchvision_decodes(read: Content) -> bool:
    return _decodes(read, "torchvision")


def _pyav_decodes(read: Content) -> bool:
    return _decodes(read, "pyav")


def _always(_read: Content) -> bool:
    return True


def _on_cpu(read: Content) -> bool:
    return not read.get("NUM_GPUS")


def _trains_on_cpu(read: Content) -> bool:
    return _on_cpu(read) and bool(read.get("TRAIN.ENABLE"))


def _short_cycle(read: Content) -> bool:
    return bool(read.get("TRAIN.ENABLE") and read.get("MULTIGRID.SHORT_CYCLE"))


def _short_cycle_in_one_process(read: Content) -> bool:
    return _short_cycle(read) and read.get("NUM_GPUS") <= 1


def _long_cycle_on_cpu(read: Content) -> bool:
    return _trains_on_cpu(read) and bool(read.get("MULTIGRID.LONG_CYCLE"))


def _contrastive_on_cpu(read: Content) -> bool:
    return _trains_on_cpu(read) and read.get("MODEL.MODEL_NAME") == "ContrastiveModel"


def _multi_tensor(read: Content) -> bool:
    return bool(read.get("TRAIN.ENABLE")) and read.get("SOLVER.OPTIMIZING_METHOD") == "mt_adamw"


def _tests_boxes(read: Content) -> bool:
    return bool(read.get("TEST.ENABLE") and read.get("DETECTION.ENABLE"))


def _finds_persons_on_cpu(read: Content) -> bool:
    return _on_cpu(read) and bool(read.get("DEMO.ENABLE") and read.get("DETECTION.ENABLE"))


def _mixed_boxes(read: Content) -> bool:
    mixed = read.get("TRAIN.MIXED_PRECISION") and read.get("NUM_GPUS")
    return bool(read.get("TRAIN.ENABLE") and mixed) and read.get("MODEL.LOSS_FUNC") == "bce"


def _pytorchvideo_data(read: Content) -> bool:
    return any(name.startswith("ptv") for name in data_sets(read))


def _pytorchvideo_torchvision(read: Content) -> bool:
    videos = data_sets(read) & {"ptvkinetics"}
    return bool(videos) and read.get("DATA.DECODING_BACKEND") == "torchvision"


def _pytorchvideo_mvit(read: Content) -> bool:
    return read.get("MODEL.MODEL_NAME") == "PTVMViT" and not read.get("MVIT.POOL_KV_STRIDE")


def _reversible_with_class(read: Content) -> bool:
    is_mvit = read.get("MODEL.MODEL_NAME") == "MViT"
    return is_mvit and bool(read.get("MVIT.REV.ENABLE") and read.get("MVIT.CLS_EMBED_ON"))


def _image_resnet(read: Content) -> bool:
    return "imagenet" in data_sets(read) and read.get("MODEL.MODEL_NAME") == "ResNet"


def _checkpoints_resnet(read: Content) -> bool:
    trains = usage.trains(read) and bool(read.get("MODEL.ACT_CHECKPOINT"))
    return trains and usage.is_resnet(read)


TABLE = (
    Breakage(
        "company-imports",
        "(all)",
        _always,
        "Upstream's programs import modules of their authors' company: nothing starts.",
    ),
    Breakage(
        "dead-torchvision-decoder",
        "DATA.DECODING_BACKEND",
        _torchvision_decodes,
        "torchvision no longer decodes videos: every clip fails, after 100 retries each.",
        id="dead-decoder",
    ),
    Breakage(
        "pyav-decoder",
        "DATA.DECODING_BACKEND",
        _pyav_decodes,
        "decode and pyav_decode disagree on arguments and results: every clip fails.",
        id="dead-decoder",
    ),
    Breakage(
        "short-cycle-sampler",
        "MULTIGRID.SHORT_CYCLE",
        _short_cycle_in_one_process,
        "One process has no sampler, which the short cycle refuses.",
    ),
    Breakage(
        "short-cycle-index",
        "MULTIGRID.SHORT_CYCLE",
        _short_cycle,
        "The data sets unpack the index of a short cycle twice.",
    ),
    Breakage(
        "multi-tensor-adamw",
        "SOLVER.OPTIMIZING_METHOD",
        _multi_tensor,
        "torch has no module optim._multi_tensor any more.",
    ),
    Breakage(
        "cpu-synchronize",
        "NUM_GPUS",
        _trains_on_cpu,
        "The training loop synchronizes CUDA on a CPU too.",
    ),
    Breakage(
        "predictor-gpu-id",
        "NUM_GPUS",
        _finds_persons_on_cpu,
        "The person detector of the demo reads gpu_id, which is not set on a CPU.",
    ),
    Breakage(
        "ava-test-timer",
        "TEST.ENABLE",
        _tests_boxes,
        "The test loop pauses a timer twice after a batch with boxes.",
    ),
    Breakage(
        "ava-mixed-precision",
        "TRAIN.MIXED_PRECISION",
        _mixed_boxes,
        "BCELoss is unsafe in mixed precision, and torch refuses it.",
    ),
    Breakage(
        "clip-tuple",
        "TRAIN.DATASET",
        _pytorchvideo_data,
        "The data sets of PyTorchVideo return four values, and the loops take five.",
    ),
    Breakage(
        "visualization-batch",
        "TENSORBOARD.ENABLE",
        usage.visualizes,
        "The visualizations take four values of a batch, and the loaders give five.",
    ),
    Breakage(
        "clip-decoder",
        "DATA.DECODING_BACKEND",
        _pytorchvideo_torchvision,
        "PyTorchVideo's own torchvision decoder is dead: no clip is read.",
    ),
    Breakage(
        "empty-kv-stride",
        "MVIT.POOL_KV_STRIDE",
        _pytorchvideo_mvit,
        "PTVMViT asks an empty POOL_KV_STRIDE whether it is None.",
    ),
    Breakage(
        "reversible-class-token",
        "MVIT.CLS_EMBED_ON",
        _reversible_with_class,
        "The reversible MViT has no class token, and its pooling attention expects one.",
    ),
    Breakage(
        "image-time-axis",
        "MODEL.MODEL_NAME",
        _image_resnet,
        "Images of ImageNet come without the time axis that a ResNet takes.",
    ),
    Breakage(
        "activation-checkpointing",
        "MODEL.ACT_CHECKPOINT",
        _checkpoints_resnet,
        "SlowFast, ResNets and X3D keep all or most of their activations all the same.",
        level=NOTE,
    ),
    Breakage(
        "cpu-multigrid",
        "MULTIGRID.LONG_CYCLE",
        _long_cycle_on_cpu,
        "The long cycle divides by NUM_GPUS, which is 0.",
    ),
    Breakage(
        "cpu-contrastive",
        "NUM_GPUS",
        _contrastive_on_cpu,
        "Contrastive tasks move their tensors to a GPU.",
    ),
)


# Keys that a patch adds to upstream's.
ADDED = {
    "TRAIN.MIXED_PRECISION_DTYPE": "mixed-precision-dtype",
    "TRAIN.ACCUMULATION_STEPS": "gradient-accumulation",
}


def keys_of(target: Target) -> frozenset[str]:
    """Return the keys of the tree that will run it, or those that patches will add to it."""
    if target.tree:
        return target.tree.keys
    return frozenset(ADDED)


def remaining(read: Content, target: Target) -> Iterator[Finding]:
    """List what breaks this configuration in the tree that will run it.

    Where the tree is not known, `up` will make it, with every patch of the catalog. Code that a
    patch does not know may run, so it is a warning.
    """
    for row in TABLE:
        status = target.status(row.patch)
        if status in LEVELS and row.applies(read):
            level, message = LEVELS[status], row.message
            if level == ERROR:
                level = row.level
            else:
                message = f"The tree has code that the patch {row.patch} does not know. {message}"
            set_ = _instead(row, read, target)
            yield Finding(row.id, row.key, message, PATCH_IT, level, set=set_)


def _instead(row: Breakage, read: Content, target: Target) -> dict[str, str]:
    """Return another value of the key that this tree runs."""
    if row.patch != "dead-torchvision-decoder" or read.get("DATA.TRAIN_CROP_NUM_TEMPORAL") > 1:
        return {}
    return {} if target.status("pyav-decoder") in LEVELS else {row.key: "pyav"}
