"""Estimate the memory of a training step with the environment's own PyTorch and SlowFast."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content
    from slowfast_stack.training.installed import Installed

PROGRAM = Path(__file__).parent / "program" / "peak_memory.py"
GIB = 1 << 30
# What a GPU needs beside tensors: CUDA's context and the libraries, and what cuDNN and the caching
# allocator take in passing. An allowance, not a measurement: nothing here has run on a GPU.
CONTEXT = GIB * 3 // 4
ALLOWANCE = 0.1
# Tensors as large as the parameters that an optimizer keeps (torch.optim).
_STATES = {"sgd": 1, "adam": 2, "adamw": 2, "mt_adamw": 2}
_PATIENCE_S = 600


@dataclass(frozen=True)
class Estimate:
    """Bytes on one GPU: what is there always, what each clip adds; and the GPUs of this machine."""

    fixed: int
    clip: int
    gpus: tuple[tuple[str, int], ...]

    def needed(self, clips: int) -> int:
        """Return the bytes for a step with so many clips, allowance and context included."""
        return int((self.fixed + clips * self.clip) * (1 + ALLOWANCE)) + CONTEXT

    def fitting(self, memory: int) -> int:
        """Return how many clips fit in the memory of a GPU; 0 where not one does."""
        free = (memory - CONTEXT) / (1 + ALLOWANCE) - self.fixed
        return max(0, int(free // self.clip))

    @property
    def smallest(self) -> int | None:
        """Return the memory of the smallest GPU of this machine; None without one."""
        return min((size for _, size in self.gpus), default=None)


@dataclass(frozen=True)
class Unknown:
    """Why there is no estimate."""

    cause: str


def estimate(installed: Installed, config: Path, read: Content) -> Estimate | Unknown:
    """Run the model of a configuration on tensors without numbers; seconds, little memory."""
    try:
        done = subprocess.run(
            [str(installed.python), str(PROGRAM), str(config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return Unknown(f"It took longer than {_PATIENCE_S} s.")
    if done.returncode:
        told = done.stderr.strip().splitlines()
        return Unknown(told[-1] if told else f"exit code {done.returncode}")
    return of(json.loads(done.stdout.splitlines()[-1]), read)


def of(told: dict[str, object], read: Content) -> Estimate:
    """Return the estimate from what the program found for one clip and for two."""
    parameters, one, two = (int(str(told[key])) for key in ("parameters", "one", "two"))
    states = _STATES.get(str(read.get("SOLVER.OPTIMIZING_METHOD")), 2)
    gpus = told["gpus"] if isinstance(told["gpus"], list) else []
    sizes = tuple((str(gpu["name"]), int(gpu["bytes"])) for gpu in gpus)
    return Estimate(parameters * (1 + states) + max(0, 2 * one - two), two - one, sizes)
