"""Which parts of upstream a configuration uses: a value counts only where something reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content

DECODED = ("kinetics", "ptvkinetics", "ptvcharades")  # data sets that are read from video files
SAMPLED = ("kinetics", "ssv2", "charades")  # clips that upstream itself scales and crops

# The models that slowfast/models/contrastive.py builds for an architecture.
_BACKBONES = {"slowfast": "SlowFast", "x3d": "X3D", "mvit": "MViT"}
_RESNETS = ("ResNet", "SlowFast", "X3D")


def trains(read: Content) -> bool:
    """Return whether a model is trained."""
    return bool(read.get("TRAIN.ENABLE"))


def tests(read: Content) -> bool:
    """Return whether a model is tested."""
    return bool(read.get("TEST.ENABLE"))


def runs(read: Content) -> bool:
    """Return whether a model is trained or tested."""
    return trains(read) or tests(read)


def visualizes(read: Content) -> bool:
    """Return whether TensorBoard shows the layers of the model, or clips that it gets wrong."""
    shown = ("TENSORBOARD.MODEL_VIS.ENABLE", "TENSORBOARD.WRONG_PRED_VIS.ENABLE")
    return bool(read.get("TENSORBOARD.ENABLE") and any(read.get(key) for key in shown))


def model(read: Content) -> str:
    """Return the name of the model."""
    return str(read.get("MODEL.MODEL_NAME"))


def backbone(read: Content) -> str:
    """Return the model that looks at the clips; contrastive pretraining builds it inside."""
    if model(read) != "ContrastiveModel":
        return model(read)
    return _BACKBONES.get(str(read.get("MODEL.ARCH")), "ResNet")


def is_resnet(read: Content) -> bool:
    """Return whether the stages of a ResNet are built."""
    return backbone(read) in _RESNETS


def is_mvit(read: Content) -> bool:
    """Return whether the blocks of an MViT are built."""
    return backbone(read) in ("MViT", "MaskMViT")


def has_batch_norm(read: Content) -> bool:
    """Return whether the model has the batch norm that BN.NORM_TYPE names; an MViT has none."""
    named = model(read)
    return is_resnet(read) or (named.startswith("PTV") and named != "PTVMViT")


def data_sets(read: Content) -> set[str]:
    """Return the data sets that are read."""
    parts = [part for part in ("TRAIN", "TEST") if read.get(f"{part}.ENABLE")]
    return {str(read.get(f"{part}.DATASET")).lower() for part in parts}


def trained_on(read: Content) -> str:
    """Return the data set of the training, an empty text where there is none."""
    return str(read.get("TRAIN.DATASET")).lower() if trains(read) else ""


def processes(read: Content) -> int:
    """Return how many processes run on one machine."""
    return max(1, int(read.get("NUM_GPUS")))


def clips_of_a_process(read: Content) -> int:
    """Return the clips of a training batch in one process, repeated augmentation included."""
    clips = read.get("TRAIN.BATCH_SIZE") // processes(read)
    return int(clips * max(1, read.get("AUG.NUM_SAMPLE")))
