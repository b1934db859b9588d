"""What is reported of a bug."""

from __future__ import annotations

from pathlib import Path

import pytest

from slowfast_stack.cli import app


def test_a_bug_is_reported_in_a_sentence_and_traced_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    error = app.bug(KeyError("gpus"))
    assert "KeyError" in error.cause
    trace = next((tmp_path / "slowfast-stack" / "logs").glob("*-crash.log"))
    assert str(trace) in error.hint
    assert "KeyError" in trace.read_text()
