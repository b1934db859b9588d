"""Where a configuration will run: the source tree, its environment and the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slowfast_stack.config.source_tree import SourceTree

_GPUS = Path("/proc/driver/nvidia/gpus")
_WSL = Path("/dev/dxg")
_SHARED_MEMORY = "/dev/shm"  # noqa: S108  (its size is asked, nothing is written)


@dataclass(frozen=True)
class Machine:
    """GPUs and free shared memory in bytes; None where that is not known."""

    gpus: int | None = None
    shared_memory: int | None = None


@dataclass(frozen=True)
class Target:
    """What is known of the place where a configuration will run; nothing by default."""

    tree: SourceTree | None = None
    machine: Machine | None = None
    has_apex: bool = False

    def status(self, patch: str) -> str | None:
        """Return what a patch finds in the tree; None where the tree is not known."""
        return self.tree.status(patch) if self.tree else None

    def elsewhere(self) -> Target:
        """Return the same tree on a machine that is not known."""
        return replace(self, machine=None)


UNKNOWN = Target()


def this_machine() -> Machine:
    """Return what this machine has and lets this user see."""
    return Machine(_gpus(), _shared_memory())


def _gpus() -> int | None:
    visible = os.getenv("CUDA_VISIBLE_DEVICES")
    if _WSL.exists():
        return None
    found = len(list(_GPUS.iterdir())) if _GPUS.is_dir() else 0
    if visible is None:
        return found
    named = [name for name in visible.split(",") if name.strip() not in ("", "-1")]
    return min(found, len(named))


def _shared_memory() -> int | None:
    try:
        stat = os.statvfs(_SHARED_MEMORY)
    except OSError:
        return None
    return stat.f_bavail * stat.f_frsize
