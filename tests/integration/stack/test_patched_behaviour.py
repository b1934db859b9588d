"""What patches change in behaviour, shown by the Python of the environment that `up` has proven."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.stack_under_test import PROGRAMS, Stack

LOADERS = 10


def run(stack: Stack, program: str, *arguments: str) -> str:
    python = stack.prefix / "current/env/bin/python"
    done = subprocess.run(
        [str(python), str(PROGRAMS / program), *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    return done.stdout


def test_each_failure_is_reproduced_and_then_absent(stack: Stack) -> None:
    said = run(stack, "patched_behaviour.py")
    assert said.count("  ok\n") >= 30
    assert "FAILED" not in said


@pytest.mark.parametrize("program", ["accumulation.py", "checkpointing.py"])
def test_what_saves_memory_trains_the_same(stack: Stack, program: str) -> None:
    source = stack.prefix / "current/src/slowfast"
    if not (source / "tools/train_net.py").is_file():
        pytest.skip("the reduced stack has no tools/: PyPI's slowfast is the library alone")
    said = run(stack, program, str(source))
    assert len([line for line in said.splitlines() if line.startswith("| ")]) == 9


def test_no_loader_runs_code_of_a_file(stack: Stack, tmp_path: Path) -> None:
    source = stack.prefix / "current/src"
    if not (source / "detectron2").is_dir() or not (source / "pytorchvideo").is_dir():
        pytest.skip("the reduced stack has only PyPI's slowfast")
    said = run(stack, "hostile_checkpoints.py", str(source), "--work", str(tmp_path / "w"))
    assert said.count("nothing ran") == LOADERS
    assert said.endswith("ok\n")


def test_upstreams_own_programs_run(stack: Stack, tmp_path: Path) -> None:
    source = stack.prefix / "current/src/slowfast"
    if not (source / "tools/run_net.py").is_file():
        pytest.skip("the reduced stack has no tools/: PyPI's slowfast is the library alone")
    steps = ("kinetics", "empty_set", "fine_tune", "ava")
    said = run(stack, "upstream_end_to_end.py", str(source), *steps, "--work", str(tmp_path / "w"))
    assert all(f"| {step} |" in said for step in steps)
