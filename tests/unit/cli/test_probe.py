"""`probe` of this machine, for people and for programs, and what is said of a bug."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slowfast_stack.cli import crash_report

COMMAND = str(Path(sys.executable).parent / "slowfast-stack")


def test_this_machine_is_told_in_words():
    done = subprocess.run([COMMAND, "probe"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"GPU", "driver", "Pythons", "disk"} <= set(done.stdout.split())


def test_this_machine_is_told_as_json():
    done = subprocess.run([COMMAND, "probe", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["hosts"]["localhost"]["cores"] > 0


def test_a_bug_is_told_in_a_sentence_and_traced_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    error = crash_report.told(KeyError("gpus"))
    assert "KeyError" in error.cause
    trace = next((tmp_path / "slowfast-stack" / "logs").glob("*-crash.log"))
    assert str(trace) in error.hint
    assert "KeyError" in trace.read_text()
