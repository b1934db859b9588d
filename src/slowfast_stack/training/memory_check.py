"""Weigh a configuration: how much memory its step needs, and how many clips a GPU has room for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slowfast_stack.config import content
from slowfast_stack.config.findings import ERROR, NOTE, Finding
from slowfast_stack.config.finetune import MEMORY
from slowfast_stack.training import installed, memory_estimate
from slowfast_stack.training.memory_estimate import GIB, Estimate, Unknown

if TYPE_CHECKING:
    from pathlib import Path

    from slowfast_stack.config.content import Content

_KEY = "TRAIN.BATCH_SIZE"


@dataclass(frozen=True)
class Scale:
    """The stack that measures, and the memory of a GPU in GiB where a person gave it."""

    prefix: str | None
    memory: float | None
    wanted: bool | None = None

    def weigh(self, path: Path, read: Content) -> list[Finding]:
        """Return what memory says about a configuration; nothing where nobody asks for it."""
        wanted = self.wanted
        if wanted is None:
            stack = installed.look(self.prefix)
            trains = read.get("TRAIN.ENABLE") and read.get("NUM_GPUS")
            wanted = bool(trains and stack and stack.program.is_file())
        return [finding(read, *self._found(path, read))] if wanted else []

    def fitting(self, path: Path) -> int | None:
        """Return how many clips fit in a GPU, None where that is not known."""
        stack = installed.look(self.prefix)
        if stack is None or not stack.program.is_file():
            return None
        found, memory = self._found(path, content.load(path))
        if isinstance(found, Unknown):
            return None
        return found.fitting(memory or int(MEMORY * GIB))

    def _found(self, path: Path, read: Content) -> tuple[Estimate | Unknown, int | None]:
        found = memory_estimate.estimate(installed.find(self.prefix), path, read)
        given = None if self.memory is None else int(self.memory * GIB)
        return found, given or (found.smallest if isinstance(found, Estimate) else None)


def finding(read: Content, found: Estimate | Unknown, memory: int | None) -> Finding:
    """Compare an estimate with the memory of a GPU in bytes, where it is known."""
    if isinstance(found, Unknown):
        message = f"The memory of a step could not be estimated: {found.cause}"
        return Finding("memory", _KEY, message, "Watch the first iterations.", NOTE)
    gpus = max(1, read.get("NUM_GPUS"))
    clips, mixed = read.get(_KEY) // gpus, read.get("TRAIN.MIXED_PRECISION")
    told = f"A step of {clips} clips needs about {found.needed(clips) / GIB:.1f} GiB on each GPU"
    told += ", without mixed precision; with it less" if mixed else ""
    if memory is None:
        return Finding("memory", _KEY, f"{told}.", "Compare it with your GPU.", NOTE)
    most, told = found.fitting(memory), f"{told}; it has {memory / GIB:.1f}"
    if clips <= most or mixed:
        return Finding("memory", _KEY, f"{told}, room for {most} clips.", "Right as it is.", NOTE)
    if not most:
        fix = "Take shorter or smaller clips: DATA.NUM_FRAMES, DATA.TRAIN_CROP_SIZE."
        return Finding("memory", _KEY, f"{told}, too little for one clip.", fix, ERROR)
    batch = most * gpus
    fix = f"{batch}, and SOLVER.BASE_LR times {batch / read.get(_KEY):.3g}."
    return Finding("memory", _KEY, f"{told}.", fix, ERROR, set={_KEY: batch})
