"""A hundred killed runs use the disk of one: each kind of step is really killed at random moments."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PROGRAM = TESTS / "integration" / "programs" / "killed_steps.py"
KILLS = {
    "clone": 25,
    "extraction": 20,
    "download": 15,
    "environment": 10,
    "packed source": 15,
    "scratch": 15,
}
# Files of a few KiB that stay once, such as locks and what uv knows of interpreters.
SLACK = 64 << 10
# Programs of the environment, which has no library of this project, what they are built of,
# and what asks for the space of the folder alone.
OTHERS = {
    "core/scratch.py",
    "core/system_errors.py",
    "plugins/module_utils/_runner.py",
    "cuda/fake_runtime.py",
}


@pytest.mark.parametrize("name", KILLS)
def test_killed_runs_use_the_disk_of_one(name: str, tmp_path: Path) -> None:
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    argv = [sys.executable, str(PROGRAM), name, str(tmp_path), str(KILLS[name])]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["killed"] == KILLS[name]
    assert found["all"] <= found["one"] + SLACK


def test_there_were_a_hundred() -> None:
    assert sum(KILLS.values()) == 100


def test_temporary_folders_are_made_in_one_place() -> None:
    found = {
        str(path.relative_to(TESTS.parent)).replace("plugins/module_utils/_stack/", "")
        for folder in ("plugins", "src")
        for path in (TESTS.parent / folder).rglob("*.py")
        if re.search(r"\btempfile\.|\bmkdtemp\b", path.read_text(encoding="utf-8"))
    }
    assert sorted(found ^ OTHERS) == []
