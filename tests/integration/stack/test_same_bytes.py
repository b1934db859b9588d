"""Two builds of Detectron2's wheel in different folders give equal bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support import ROOT
from support.stack_under_test import Stack

PROGRAM = ROOT / "tests/integration/programs/wheel_bytes.py"


def build(stack: Stack, folder: Path, *options: str) -> dict[str, str]:
    argv = [sys.executable, str(PROGRAM), str(stack.prefix), str(folder), *options]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_two_builds_of_detectron2_in_different_folders_are_equal(
    stack: Stack, tmp_path: Path
) -> None:
    one = build(stack, tmp_path / "one")
    two = build(stack, tmp_path / "two", "--other")
    assert one["name"].startswith("detectron2-")
    assert (one["name"], one["sha256"]) == (two["name"], two["sha256"])
