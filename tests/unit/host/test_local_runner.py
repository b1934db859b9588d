"""The access of the probe to this host: what programs answer is bounded in size and in time."""

from __future__ import annotations

import subprocess
import time

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils import _runner
from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner


def test_a_program_is_asked_and_answers() -> None:
    runner = LocalRunner()
    assert runner.run(("cat",), text="one\r\ntwo\n") == (0, "one\ntwo\n")
    assert runner.run(("sh", "-c", "echo out; echo error >&2; exit 3")) == (3, "out\n")
    assert runner.run(("printf", "\\377")) == (0, "\ufffd")
    assert runner.run(("true",), text="no one reads it") == (0, "")
    assert runner.run(("/nowhere/program",)) == (None, "")


def test_an_answer_without_an_end_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runner, "_ANSWER", 1 << 20)
    started = time.monotonic()
    assert LocalRunner().run(("yes",), timeout_s=30) == (124, "")
    assert time.monotonic() - started < 10


def test_what_a_program_started_ends_with_it() -> None:
    """As git, which starts another program that waits for a server."""
    started = time.monotonic()
    assert LocalRunner().run(("sh", "-c", "sleep 98765 & wait"), timeout_s=0.5) == (124, "")
    assert time.monotonic() - started < 5
    time.sleep(0.2)
    left = subprocess.run(
        ["pgrep", "-f", "sleep 98765"], capture_output=True, text=True, check=False
    )
    assert left.stdout == ""
