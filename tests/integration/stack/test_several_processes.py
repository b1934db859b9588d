"""Several processes of torchrun train as one does, with upstream's own program."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.stack_under_test import PROGRAMS, Stack

ROWS = 3


def test_two_and_four_processes_have_the_losses_of_one(stack: Stack) -> None:
    if not (stack.prefix / "current/src/slowfast/tools/run_net.py").is_file():
        pytest.skip("the reduced stack has no tools/: PyPI's slowfast is the library alone")
    argv = [sys.executable, str(PROGRAMS / "ranks.py"), str(stack.prefix)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert len([line for line in done.stdout.splitlines() if line.endswith(" |")]) == ROWS + 1
