"""A stack is entered and left by one script, in every shell that is here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.activation import (
    script,
)

# The quote and the space are what paths may have, too.
FOLDER = "the user's stack"
SHELLS = [
    pytest.param([path, *options], id=" ".join([name, *options]))
    for name, options in (
        ("bash", []),
        ("bash", ["--posix"]),
        ("dash", []),
        ("zsh", ["--no-rcs"]),
        ("ksh", []),
        ("busybox", ["sh"]),
    )
    if (path := shutil.which(name))
]
REPORT = "\n".join(
    f'printf "%s\\n" "{name}=${{{name}-unset}}"'
    for name in ("PATH", "CUDA_HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "PS1", "SLOWFAST_STACK")
)


def plan(cuda_home: str | None = "/usr/local/cuda-12.8", manager: str = "uv") -> dict[str, Any]:
    return {"build": {"cuda_home": cuda_home}, "environment": {"manager": manager}}


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    folder = tmp_path / FOLDER
    (folder / "env" / "bin").mkdir(parents=True)
    python = folder / "env" / "bin" / "python"
    python.write_text("#!/bin/sh\necho the planned python\n")
    python.chmod(0o755)
    return folder


def run(shell: list[str], stack: Path, text: str, **environment: str) -> dict[str, str]:
    """Run ``text`` with $A as the script; return the NAME=VALUE lines that it printed."""
    done = subprocess.run(
        [*shell, "-uec", text],
        env={"PATH": "/usr/bin:/bin", "A": str(stack / "activate"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def test_the_shells_of_this_machine_are_tried() -> None:
    assert len(SHELLS) >= 2


@pytest.mark.parametrize("shell", SHELLS)
def test_inside_are_the_python_and_the_toolkit_of_the_plan(shell: list[str], stack: Path) -> None:
    (stack / "activate").write_text(script(stack, plan()))
    # bash takes PS1 from no one when it is not interactive.
    text = f'PS1="$ "\n. "$A"\n{REPORT}\nprintf "python=%s\\n" "$(python)"'
    inside = run(shell, stack, text, LD_LIBRARY_PATH="/old", PYTHONPATH="/other")
    assert inside == {
        "PATH": f"{stack}/env/bin:/usr/local/cuda-12.8/bin:/usr/bin:/bin",
        "CUDA_HOME": "/usr/local/cuda-12.8",
        "LD_LIBRARY_PATH": "/usr/local/cuda-12.8/lib64:/old",
        "PYTHONPATH": "unset",
        "PS1": "(slowfast) $ ",
        "SLOWFAST_STACK": str(stack),
        "python": "the planned python",
    }


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "before",
    [
        {},
        {"LD_LIBRARY_PATH": "", "CUDA_HOME": "/mine", "PYTHONPATH": "/other", "PS1": "a b"},
    ],
    ids=["nothing set", "much set"],
)
def test_leaving_restores_what_was_there(
    shell: list[str], stack: Path, before: dict[str, str]
) -> None:
    (stack / "activate").write_text(script(stack, plan()))
    for entered in ('. "$A"', '. "$A"; . "$A"'):
        text = f"{entered}; deactivate\n{REPORT}\ncommand -v deactivate || true"
        assert run(shell, stack, text, **before) == run(shell, stack, REPORT, **before)


@pytest.mark.parametrize("shell", SHELLS)
def test_another_environment_is_left_first(shell: list[str], stack: Path) -> None:
    (stack / "activate").write_text(script(stack, plan()))
    other = "deactivate() { LEFT=yes; unset -f deactivate; }"
    text = f'{other}\n. "$A"\nprintf "LEFT=%s\\n" "$LEFT"'
    assert run(shell, stack, text) == {"LEFT": "yes"}


def test_a_planned_ffmpeg_is_found_before_the_systems(stack: Path) -> None:
    video = {**plan(None), "ffmpeg": {"origin": "build"}}
    (stack / "activate").write_text(script(stack, video))
    inside = run(["sh"], stack, f'. "$A"\n{REPORT}')
    assert inside["PATH"] == f"{stack}/env/bin:{stack}/ffmpeg/bin:/usr/bin:/bin"


def test_without_a_toolkit_nothing_of_cuda_is_touched(stack: Path) -> None:
    text = script(stack, plan(None, "conda"))
    assert "export CONDA_PREFIX" in text
    (stack / "activate").write_text(text)
    inside = run(["sh"], stack, f'. "$A"\n{REPORT}', CUDA_HOME="/mine")
    assert inside["CUDA_HOME"] == "/mine"
    assert inside["LD_LIBRARY_PATH"] == "unset"
    assert inside["PATH"] == f"{stack}/env/bin:/usr/bin:/bin"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_prompt_is_not_given_to_programs_and_what_was_given_is(
    shell: list[str], stack: Path
) -> None:
    (stack / "activate").write_text(script(stack, plan()))
    text = 'PS1="$ "\nCUDA_HOME=/mine\n. "$A"; deactivate\nenv'
    given = run(shell, stack, text)
    assert "PS1" not in given
    assert given["CUDA_HOME"] == "/mine"
