"""Estimate the GPU memory of a training step, and compare it with the memory of a GPU.

The environment's own PyTorch and SlowFast run the model on tensors without data.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slowfast_stack.config import content
from slowfast_stack.config.findings import ERROR, NOTE, Finding
from slowfast_stack.config.finetune import MEMORY
from slowfast_stack.training import installed

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content
    from slowfast_stack.training.installed import Installed

_KEY = "TRAIN.BATCH_SIZE"
PROGRAM = Path(__file__).parent / "program" / "peak_memory.py"
GIB = 1 << 30
# What a GPU needs beside tensors: CUDA's context and the libraries, and what cuDNN and the caching
# allocator take temporarily. An allowance, not a measurement: nothing here has run on a GPU.
CONTEXT = GIB * 3 // 4
ALLOWANCE = 0.1
# Tensors as large as the parameters that an optimizer keeps (torch.optim).
_STATES = {"sgd": 1, "adam": 2, "adamw": 2, "mt_adamw": 2}
_TIMEOUT_S = 600


@dataclass(frozen=True)
class Estimate:
    """Bytes on one GPU: a fixed part and one for each clip; and the GPUs of this machine."""

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


def estimate(stack: Installed, config: Path, read: Content) -> Estimate | Unknown:
    """Run the model of a configuration on tensors without data; takes seconds and little memory."""
    try:
        done = subprocess.run(
            [str(stack.python), str(PROGRAM), str(config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return Unknown(f"It took longer than {_TIMEOUT_S} s.")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return Unknown(lines[-1] if lines else f"exit code {done.returncode}")
    return of(json.loads(done.stdout.splitlines()[-1]), read)


def of(output: dict[str, object], read: Content) -> Estimate:
    """Return the estimate from what the program measured for one clip and for two."""
    parameters, one, two = (int(str(output[key])) for key in ("parameters", "one", "two"))
    states = _STATES.get(str(read.get("SOLVER.OPTIMIZING_METHOD")), 2)
    gpus = output["gpus"] if isinstance(output["gpus"], list) else []
    sizes = tuple((str(gpu["name"]), int(gpu["bytes"])) for gpu in gpus)
    return Estimate(parameters * (1 + states) + max(0, 2 * one - two), two - one, sizes)


@dataclass(frozen=True)
class MemoryCheck:
    """The stack that estimates, and the memory of a GPU in GiB where the user gave it.

    ``enabled`` None estimates where a stack exists and the configuration trains on GPUs.
    """

    prefix: str | None
    memory: float | None
    enabled: bool | None = None

    def findings(self, path: Path, read: Content) -> list[Finding]:
        """Return the finding on memory; none where the check is not enabled."""
        enabled = self.enabled
        if enabled is None:
            stack = installed.current(self.prefix)
            trains = read.get("TRAIN.ENABLE") and read.get("NUM_GPUS")
            enabled = bool(trains and stack and stack.program.is_file())
        return [finding(read, *self._estimate(path, read))] if enabled else []

    def fitting(self, path: Path) -> int | None:
        """Return how many clips fit in a GPU, None where that is not known."""
        stack = installed.current(self.prefix)
        if stack is None or not stack.program.is_file():
            return None
        found, memory = self._estimate(path, content.load(path))
        if isinstance(found, Unknown):
            return None
        return found.fitting(memory or int(MEMORY * GIB))

    def _estimate(self, path: Path, read: Content) -> tuple[Estimate | Unknown, int | None]:
        found = estimate(installed.find(self.prefix), path, read)
        given = None if self.memory is None else int(self.memory * GIB)
        return found, given or (found.smallest if isinstance(found, Estimate) else None)


def finding(read: Content, found: Estimate | Unknown, memory: int | None) -> Finding:
    """Compare an estimate with the memory of a GPU in bytes, where it is known."""
    if isinstance(found, Unknown):
        message = f"The memory of a step could not be estimated: {found.cause}"
        return Finding("memory", _KEY, message, "Watch the first iterations.", NOTE)
    gpus = max(1, read.get("NUM_GPUS"))
    clips, mixed = read.get(_KEY) // gpus, read.get("TRAIN.MIXED_PRECISION")
    text = f"A step of {clips} clips needs about {found.needed(clips) / GIB:.1f} GiB on each GPU"
    text += ", without mixed precision; with it less" if mixed else ""
    if memory is None:
        return Finding("memory", _KEY, f"{text}.", "Compare it with your GPU.", NOTE)
    most, text = found.fitting(memory), f"{text}; it has {memory / GIB:.1f}"
    if clips <= most or mixed:
        return Finding("memory", _KEY, f"{text}, enough for {most} clips.", "None needed.", NOTE)
    if not most:
        fix = "Take shorter or smaller clips: DATA.NUM_FRAMES, DATA.TRAIN_CROP_SIZE."
        return Finding("memory", _KEY, f"{text}, too little for one clip.", fix, ERROR)
    batch = most * gpus
    fix = f"{batch}, and SOLVER.BASE_LR times {batch / read.get(_KEY):.3g}."
    return Finding("memory", _KEY, f"{text}.", fix, ERROR, set={_KEY: batch})
