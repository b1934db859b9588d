"""What makes a training step fit into a GPU: mixed precision, checkpoints, accumulated batches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slowfast_stack.config import usage

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content

ACCUMULATION = "TRAIN.ACCUMULATION_STEPS"  # a patch adds it
CHECKPOINT = "MODEL.ACT_CHECKPOINT"
MIXED, DTYPE = "TRAIN.MIXED_PRECISION", "TRAIN.MIXED_PRECISION_DTYPE"
# The clips of a GPU that fit, for each way to train.
Fitting = Mapping[str, int]

HALF_FROM, BRAIN_FROM = (7, 0), (8, 0)  # tensor cores for float16, and for bfloat16
_CHECKPOINTED = ("ResNet", "SlowFast", "X3D")


def way(read: Content) -> str:
    """Return how a configuration trains: plain, mixed, checkpoint or mixed-checkpoint."""
    return name(mixed=bool(read.get(MIXED)), checkpoint=bool(read.get(CHECKPOINT)))


def name(*, mixed: bool, checkpoint: bool) -> str:
    """Return the name of a way to train."""
    parts = [*(["mixed"] if mixed else []), *(["checkpoint"] if checkpoint else [])]
    return "-".join(parts) or "plain"


def precision(capability: tuple[int, int] | None) -> str | None:
    """Return the type of activations that a GPU is fast with, None where that is float32 or unknown."""
    if capability is None or capability < HALF_FROM:
        return None
    return "bfloat16" if capability >= BRAIN_FROM else "float16"


def obeys_checkpoint(read: Content) -> bool:
    """Return whether the model computes activations again where MODEL.ACT_CHECKPOINT asks for it."""
    model = usage.model(read)
    return model in _CHECKPOINTED or (model == "MViT" and not read.get("MVIT.REV.ENABLE"))


def ways(read: Content, dtype: str | None, *, may_checkpoint: bool) -> list[str]:
    """Return the ways to train in the order in which they are tried, the fastest first."""
    mixed = dtype is not None or bool(read.get(MIXED))
    always = bool(read.get(CHECKPOINT))
    again = [True] if always else [False, True] if may_checkpoint else [False]
    return [name(mixed=mixed, checkpoint=checkpoint) for checkpoint in again]


@dataclass(frozen=True)
class Step:
    """A step of the optimizer: clips of a GPU at a time, batches of a step, and the way to train."""

    clips: int
    batches: int
    way: str | None = None

    @property
    def total(self) -> int:
        """Return the clips of one GPU in a step."""
        return self.clips * self.batches


def divided(wanted: int, most: int) -> Step:
    """Divide the clips of a GPU into few equal batches of at most ``most``.

    The step has exactly these clips where that takes at most half as many batches again, else more.
    """
    fewest = math.ceil(wanted / max(1, most))
    exact = [n for n in range(fewest, 3 * fewest // 2 + 1) if wanted % n == 0]
    batches = exact[0] if exact else fewest
    return Step(math.ceil(wanted / batches), batches)
