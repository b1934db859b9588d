"""The word of `config check` beside what happens, on files and planted values that run quickly."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.stack_under_test import COMMAND, PROGRAMS, Stack


def _sweep(stack: Stack, tmp_path: Path, *arguments: str) -> str:
    """Run the program in the environment of the stack; return its table."""
    if not (stack.prefix / "current/src/slowfast/tools/run_net.py").is_file():
        pytest.skip("the reduced stack has no tools/: PyPI's slowfast is the library alone")
    python = stack.prefix / "current/env/bin/python"
    argv = [str(python), *arguments, "--work", str(tmp_path / "work")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize(
    ("options", "least"),
    [
        (("--only", "configs/Kinetics/X3D"), 4),
        (("--planted", "--only", "SLOW_8x8_R50"), 20),
        (("--planted", "--fix", "--only", "SLOW_NLN"), 1),
    ],
)
def test_the_check_says_what_happens(
    stack: Stack, tmp_path: Path, options: tuple[str, ...], least: int
) -> None:
    program = PROGRAMS / "config_sweep.py"
    said = _sweep(stack, tmp_path, str(program), str(stack.prefix / "current"), *options)
    assert "the check was wrong on 0." in said
    assert said.count("configs/") >= least


def test_a_family_trains_resumes_and_refuses(stack: Stack, tmp_path: Path) -> None:
    said = _sweep(
        stack,
        tmp_path,
        *(str(PROGRAMS / "families.py"), str(stack.prefix)),
        *("--command", str(COMMAND), "--only", "X3D"),
    )
    assert "1 epoch, resumed to 2" in said
