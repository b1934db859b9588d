"""Estimate the GPU memory of a training step, and compare it with the memory of a GPU.

The environment's own PyTorch and SlowFast run the model on tensors without data, on the fake CUDA
runtime of rehearsals where this machine has no GPU and can compile it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda.fake_runtime import loaded
from slowfast_stack.config import content, savings, source_tree
from slowfast_stack.config.findings import ERROR, NOTE, Finding
from slowfast_stack.config.finetune import MEMORY
from slowfast_stack.training import fake_runtime, installed, rehearsed_gpu

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content
    from slowfast_stack.training.installed import Installed

_KEY = "TRAIN.BATCH_SIZE"
PROGRAM = fake_runtime.PROGRAMS / "peak_memory.py"
GIB = 1 << 30
# What a GPU needs beside tensors: CUDA's context and the libraries, and what cuDNN and the caching
# allocator take temporarily. An allowance, not a measurement: nothing here has run on a GPU.
CONTEXT = GIB * 3 // 4
ALLOWANCE = 0.1
# Tensors as large as the parameters that an optimizer keeps (torch.optim).
_STATES = {"sgd": 1, "adam": 2, "adamw": 2, "mt_adamw": 2}
_SECONDS = 900  # of processor, which a busy host does not change
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)
_CLIPS = (2, 4)  # that the program runs


@dataclass(frozen=True)
class Estimate:
    """Bytes on one GPU: a fixed part and one for each clip; and the GPUs of this machine."""

    fixed: int
    clip: int
    gpus: tuple[tuple[str, int], ...]
    exact: bool = True  # False: mixed precision needs less

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


def estimate(
    stack: Installed, config: Path, read: Content, ways: list[str]
) -> dict[str, Estimate] | Unknown:
    """Run the model of a configuration on tensors without data; takes seconds and little memory.

    Returns an estimate for each way to train.
    """
    argv = [str(stack.python), "-s", str(PROGRAM), str(config), "--ways", ",".join(ways)]
    limited = ["sh", "-c", f'ulimit -t {_SECONDS}; exec "$@"', "sh", *argv]
    done = subprocess.run(
        limited,
        env={**os.environ, **_runtime(stack), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in _OUT_OF_TIME:
        return Unknown(f"It took more than {_SECONDS} s of processor.")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return Unknown(lines[-1] if lines else f"exit code {done.returncode}")
    return of(parse_json(done.stdout.splitlines()[-1]), read)


def _runtime(stack: Installed) -> dict[str, str]:
    """Return the variables of the fake CUDA runtime, none where there is a GPU or no compiler."""
    if rehearsed_gpu.of_machine() is not None:
        return {}
    try:
        place = fake_runtime.folder(stack)
    except StackError:  # no compiler, no headers, or another user could change it
        return {}
    gpu = rehearsed_gpu.find(rehearsed_gpu.DEFAULT)
    return gpu.environment(1) | loaded(place)


def of(output: dict[str, object], read: Content) -> dict[str, Estimate]:
    """Return the estimates from what the program measured for a few clips and for twice as many."""
    parameters, peaks = int(str(output["parameters"])), output["peaks"]
    states = _STATES.get(str(read.get("SOLVER.OPTIMIZING_METHOD")), 2)
    gpus = output["gpus"] if isinstance(output["gpus"], list) else []
    sizes = tuple((str(gpu["name"]), int(gpu["bytes"])) for gpu in gpus)
    # Each clip is augmented so often, and all of them are in the batch.
    samples = max(1, read.get("AUG.NUM_SAMPLE")) if read.get("AUG.ENABLE") else 1
    few, more = _CLIPS
    found = {}
    for way, (low, high) in peaks.items() if isinstance(peaks, dict) else ():
        clip = (high - low) // (more - few)
        fixed = parameters * states + max(0, low - few * clip)
        clip *= samples
        exact = output["device"] == "cuda" or not way.startswith("mixed")
        found[way] = Estimate(fixed, clip, sizes, exact=exact)
    return found


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
        if not enabled:
            return []
        tree = source_tree.at(installed.find(self.prefix).source)
        accumulates = tree is None or savings.ACCUMULATION in tree.keys
        return [finding(read, *self._estimate(path, read), accumulates=accumulates)]

    def fitting(self, path: Path, ways: list[str]) -> dict[str, int] | None:
        """Return how many clips fit in a GPU for each way to train, None where that is not known."""
        stack = installed.current(self.prefix)
        if stack is None or not stack.program.is_file():
            return None
        found = estimate(stack, path, content.load(path), ways)
        if isinstance(found, Unknown):
            return None
        return {
            way: each.fitting(self._memory(each) or int(MEMORY * GIB))
            for way, each in found.items()
        }

    def _estimate(self, path: Path, read: Content) -> tuple[Estimate | Unknown, int | None]:
        own = savings.way(read)
        found = estimate(installed.find(self.prefix), path, read, [own])
        each = found if isinstance(found, Unknown) else found[own]
        return each, self._memory(each)

    def _memory(self, found: Estimate | Unknown) -> int | None:
        given = None if self.memory is None else int(self.memory * GIB)
        return given or (found.smallest if isinstance(found, Estimate) else None)


def finding(
    read: Content, found: Estimate | Unknown, memory: int | None, *, accumulates: bool = True
) -> Finding:
    """Compare an estimate with the memory of a GPU in bytes, where it is known."""
    if isinstance(found, Unknown):
        message = f"The memory of a step could not be estimated: {found.cause}"
        return Finding("memory", _KEY, message, "Watch the first iterations.", NOTE)
    gpus = max(1, read.get("NUM_GPUS"))
    clips = read.get(_KEY) // gpus
    text = f"A batch of {clips} clips needs about {found.needed(clips) / GIB:.1f} GiB on each GPU"
    text += "" if found.exact else ", without mixed precision; with it less"
    if memory is None:
        return Finding("memory", _KEY, f"{text}.", "Compare it with your GPU.", NOTE)
    most, text = found.fitting(memory), f"{text}; it has {memory / GIB:.1f}"
    if clips <= most or not found.exact:
        return Finding("memory", _KEY, f"{text}, enough for {most} clips.", "None needed.", NOTE)
    if not most:
        fix = "Take MODEL.ACT_CHECKPOINT, or smaller clips: DATA.NUM_FRAMES, DATA.TRAIN_CROP_SIZE."
        return Finding("memory", _KEY, f"{text}, too little for one clip.", fix, ERROR)
    step = savings.divided(clips * read.get(savings.ACCUMULATION), most)
    if accumulates:
        batch, fixed = step.clips * gpus, {savings.ACCUMULATION: step.batches}
        fix = f"{batch}, and {savings.ACCUMULATION} {step.batches} for the same learning rate."
    else:
        batch, fixed = most * gpus, {}
        fix = f"{batch}, and SOLVER.BASE_LR times {batch / read.get(_KEY):.3g}."
    return Finding("memory", _KEY, f"{text}.", fix, ERROR, set={_KEY: batch, **fixed})
