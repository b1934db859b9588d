"""The progress of a run of upstream's program."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

TRAINING, EVALUATION, TEST, DEMO = "training", "evaluation", "test", "demo"
_KEPT_LINES = 60


@dataclass
class Progress:
    """The position of a run and what it measured: seconds, percent, and mAP from 0 to 1."""

    phase: str = ""
    epoch: int = 0
    epochs: int = 0
    iteration: int = 0
    iterations: int | None = None
    loss: float | None = None
    rate: float | None = None
    seconds_left: float | None = None
    epoch_seconds: float | None = None
    first_epoch: int | None = None
    trained: int = 0
    evaluated: dict[str, float] = field(default_factory=dict)
    tested: dict[str, float] = field(default_factory=dict)
    demo: dict[str, object] = field(default_factory=dict)
    loaded: str = ""
    gpu_memory: str = ""
    finished: set[str] = field(default_factory=set)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))

    def position(self) -> str:
        """Return the position of the run as text."""
        steps = f"/{self.iterations}" if self.iterations else ""
        if self.phase == DEMO:
            return f"frame {self.iteration}{steps}"
        parts = [f"epoch {self.epoch}/{self.epochs}"] if self.epoch and self.phase != TEST else []
        return "  ".join([*parts, f"iteration {self.iteration}{steps}"])

    def figures(self) -> str:
        """Return loss, learning rate and time left as text."""
        parts = [] if self.loss is None else [f"loss {self.loss:.4g}"]
        parts += [] if self.rate is None else [f"rate {self.rate:.3g}"]
        left = self.seconds_left
        parts += [] if left is None else [f"{timedelta(seconds=round(left))} left"]
        return "  ".join(parts)

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data."""
        return {
            "finished": sorted(self.finished),
            "first_epoch": self.first_epoch,
            "epochs_trained": self.trained,
            "epochs": self.epochs or None,
            "loss": self.loss,
            "learning_rate": self.rate,
            "evaluated": self.evaluated or None,
            "tested": self.tested or None,
            "demo": self.demo or None,
            "loaded": self.loaded or None,
            "gpu_memory": self.gpu_memory or None,
        }


def scores_text(scores: dict[str, float]) -> str:
    """Return scores as text."""
    return ", ".join(f"{name} {value:.4g}" for name, value in scores.items()) or "no score"
