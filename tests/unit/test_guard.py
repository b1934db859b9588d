"""A unit test cannot start Ansible or the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "argv",
    [
        [BIN / "ansible-playbook", "--version"],
        [str(BIN / "slowfast-stack"), "--version"],
        [sys.executable, "-m", "slowfast_stack", "--version"],
        [sys.executable, "-m", "ansible", "doc", "--version"],
        [sys.executable, "-I", str(BIN / "ansible-inventory"), "--version"],
    ],
)
def test_it_fails_before_the_process_starts(argv: list[str | Path]) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"tests/integration"):
        subprocess.run(argv, check=False, capture_output=True)


def test_other_programs_start() -> None:
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0
