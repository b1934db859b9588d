"""A disk that becomes full while `up` installs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.stack_under_test import PROGRAMS, Stack

TEXT = {"capture_output": True, "text": True}


def test_a_disk_that_fills_up_in_the_middle_of_up_is_named_and_the_next_run_ends_proven(
    stack: Stack, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", disk], check=False, **TEXT
    ).returncode:
        pytest.skip("this machine lets no one mount a small disk")
    python = stack.prefix / "current" / "env" / "bin" / "python"
    away = Stack(disk / "prefix", ["--network", "pypi", "--adopt-torch", str(python)])
    program = PROGRAMS / "full_disk_up.py"
    argv = ["unshare", "--mount", sys.executable, program, disk, *away.argv("up", "--yes")]
    done = subprocess.run(argv, check=False, env={**os.environ, "UV_LINK_MODE": "copy"}, **TEXT)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "The disk is full" in done.stdout
    assert "Free disk space" in done.stdout
    assert "localhost: proven" in done.stdout + done.stderr
