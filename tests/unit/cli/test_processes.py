"""Whose processes a run stops: those that its user's killed runs left, whatever others set."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support.users import OTHER_USER

from slowfast_stack.orchestration import logs, processes

SCOPE = processes.scope_of("a prefix")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")


@pytest.fixture(autouse=True)
def secret(monkeypatch, tmp_path):
    """A secret of this test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    processes._secret.cache_clear()
    yield
    processes._secret.cache_clear()


@contextlib.contextmanager
def marked(mark, user=None):
    """A process with a mark that waits."""
    environment = {processes.VARIABLE: mark}
    with subprocess.Popen(["/bin/sleep", "60"], env=environment, user=user, cwd="/") as child:
        try:
            # Its environment is there a moment after exec has closed the pipe that Popen waits for.
            while not Path(f"/proc/{child.pid}/environ").read_bytes():
                time.sleep(0.01)
            yield child
        finally:
            child.kill()


def of_an_ended_run(scope=SCOPE):
    """The mark of a run that has ended, which this user's command line made."""
    code = (
        f"from slowfast_stack.orchestration import processes; print(processes.own_mark({scope!r}))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_what_a_killed_run_left_is_found_and_stopped():
    mark = of_an_ended_run()
    with marked(mark) as child:
        assert processes.abandoned(SCOPE) == processes.of_run(mark) == [child.pid]
        assert processes.abandoned(processes.scope_of("elsewhere")) == []
        assert processes.stop(lambda: processes.abandoned(SCOPE)) == 1
        assert child.wait() == -15
        assert processes.abandoned(SCOPE) == []


def test_a_run_that_goes_on_has_left_nothing():
    with marked(processes.own_mark(SCOPE)):
        assert processes.abandoned(SCOPE) == []


def test_the_secret_is_of_this_user_alone():
    processes.own_mark(SCOPE)
    key = logs.folder().with_name("run.key")
    assert (key.stat().st_mode & 0o7777, key.stat().st_size) == (0o600, 32)
    assert re.fullmatch(processes._MARK, processes.own_mark(SCOPE))
    mark = of_an_ended_run()
    for text in (b"", b"short", os.urandom(32)):
        key.write_bytes(text)
        processes._secret.cache_clear()
        with marked(mark):
            assert processes.abandoned(SCOPE) == []


def forged():
    """Marks that anyone can make: of the right scope and a run that has ended, or of no form at all."""
    facts = re.fullmatch(processes._MARK, of_an_ended_run())["facts"]
    yield facts
    yield f"{facts}-{'0' * 32}"
    yield f"{facts}-"
    for rest in ("", "-", "-1", "-1-2", "-x-y-z", "-1-2-3-4-5", "-1-\u0663-4", f"-1-{'9' * 400}-4"):
        yield SCOPE + rest
    yield "\n"
    yield "%s" * 1000


def test_a_mark_that_was_not_made_by_a_run_is_no_crash_and_stops_nothing():
    for mark in forged():
        with marked(mark) as child:
            processes.stop_left_behind(SCOPE, pytest.fail)
            assert child.poll() is None


@needs_root
def test_a_process_of_another_user_is_not_stopped_even_with_a_mark_that_is_real():
    with marked(of_an_ended_run(), user=OTHER_USER) as child:
        assert processes.abandoned(SCOPE) == []
        processes.stop_left_behind(SCOPE, pytest.fail)
        time.sleep(0.1)
        assert child.poll() is None


@needs_root
def test_a_program_that_runs_as_root_for_another_user_is_not_stopped():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        program = Path(folder, "sleep")
        program.write_bytes(Path("/bin/sleep").read_bytes())
        program.chmod(0o4755)
        child = subprocess.Popen(
            [program, "60"], env={processes.VARIABLE: of_an_ended_run()}, user=OTHER_USER
        )
        with child:
            try:
                time.sleep(0.2)
                assert processes.abandoned(SCOPE) == []
                assert child.poll() is None
            finally:
                child.kill()


def test_a_number_that_a_new_process_got_is_not_signalled():
    lists = iter([[os.getpid()], []])
    assert processes._send_to(lambda: next(lists), 9) == [os.getpid()]
