"""What the steps of one run on a data set share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.progress import Progress, silent

if TYPE_CHECKING:
    from ...core.process import Commands
    from .dataset import DataSet, Layout
    from .media import Tools


@dataclass(frozen=True)
class Job:
    """How programs run, the FFmpeg programs, the tree, its numbers, and who shows progress."""

    commands: Commands
    tools: Tools
    tree: Layout
    numbers: DataSet
    progress: Progress = silent
