"""A data set of one test, and what the small AVA on the server holds."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    download,
    scheduler,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.dataset import (
    DataSet,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.results import (
    Result,
)

from support.http import FileServer
from support.synthetic_ava import Plan

NUMBERS = DataSet(cut_s=2, frames=90)
PLAN = Plan(
    train={
        "-5KQ66BBWC4.mkv": ("30000/1001", 7),
        "a%d_ü.mp4": ("24", 7),
        "dead.mp4": ("30", 1),
        "short.mp4": ("25", 3),
    },
    val={
        "c.webm": ("25", 7),
        "d.avi": ("24", 7),
        "broken.mkv": ("25", 7),
        "empty.mp4": ("25", 1),
    },
    frames=90,
    seconds=(902,),
)
GOOD = {"-5KQ66BBWC4": "train", "a%d_ü": "train", "c": "val", "d": "val"}
FILES = [*PLAN.train, *PLAN.val]


@dataclass
class Tree:
    """A data set of one test."""

    layout: dataset.Layout

    def fetch(self, server: FileServer, **more: object) -> dict[str, Result]:
        want = download.Options(mirror=server.address, attempts=1, **more)  # type: ignore[arg-type]
        return {item.name: item for item in download.run(Commands(), self.layout, NUMBERS, want)}

    def extract(self, **more: object) -> dict[str, Result]:
        want = scheduler.Options(**more)  # type: ignore[arg-type]
        return {item.name: item for item in scheduler.run(Commands(), self.layout, NUMBERS, want)}

    def frames(self, video: str) -> list[Path]:
        return sorted(self.layout.frames_of(video).glob("*"))


def small_disk(folder: Path, options: str) -> None:
    """Mount a small disk, or skip where that is not allowed."""
    folder.mkdir(parents=True)
    argv = ["mount", "-t", "tmpfs", "-o", options, "ava-test", str(folder)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
