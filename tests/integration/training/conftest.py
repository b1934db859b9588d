"""A prefix with a stand-in for upstream's program in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.training_harness import CONFIG, PROGRAM, Harness


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    stack = tmp_path / "prefix/stacks/one"
    (stack / "env/bin").mkdir(parents=True)
    (stack / "env/bin/python").symlink_to(sys.executable)
    (stack / "src/slowfast/tools").mkdir(parents=True)
    (stack / "src/slowfast/tools/run_net.py").write_text(PROGRAM)
    (tmp_path / "prefix/current").symlink_to(stack)
    (tmp_path / "my.yaml").write_text(CONFIG)
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "val", "test"):
        (data / f"{name}.csv").write_text("".join(f"{name}{i}.mp4 {i}\n" for i in range(4)))
        for i in range(4):
            (data / f"{name}{i}.mp4").touch()
    return Harness(tmp_path)
