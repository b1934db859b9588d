"""Programs of this host: status, output, log, environment, locks."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import files, process
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands

BOTH = "echo one; echo two >&2; printf three"


def test_output_and_error_output_come_together_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    log = tmp_path / "log"
    log.write_text("before\n")
    done = Commands().run(["sh", "-c", f"{BOTH}; exit 3"], log=log, each=lines.append)
    assert (done.rc, done.output) == (3, "one\ntwo\nthree")
    assert lines == ["one\n", "two\n", "three"]
    assert log.read_text() == "before\none\ntwo\nthree"


def test_of_output_without_an_end_only_the_last_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_OUTPUT", 1 << 20)
    monkeypatch.setattr(process, "_LINE", 1 << 10)
    lines: list[str] = []
    done = Commands().run(["sh", "-c", "yes | head -c 5000000; echo end"], each=lines.append)
    assert done.rc == 0
    assert done.output.endswith("y\nend\n")
    assert (1 << 20) - 10 < len(done.output) <= 1 << 20
    lines.clear()
    assert len(Commands().run(["sh", "-c", "yes | tr -d '\\n' | head -c 100000"]).output) == 100_000
    Commands().run(["sh", "-c", "yes | tr -d '\\n' | head -c 100000"], each=lines.append)
    assert max(map(len, lines)) == 1 << 10


def test_a_program_that_is_missing_ends_as_the_shell_says_it() -> None:
    done = Commands().run(["/nowhere/program", "x"])
    assert (done.rc, done.output) == (127, "/nowhere/program: No such file or directory")


def test_the_nearest_environment_counts_and_the_folder_is_that_of_the_call(tmp_path: Path) -> None:
    commands = Commands({"A": "1", "B": "1"})
    done = commands.run(["sh", "-c", "echo $A $B; pwd"], cwd=tmp_path, environment={"B": "2"})
    assert done.output.split() == ["1", "2", str(tmp_path.resolve())]


def test_nothing_waits_for_a_keyboard() -> None:
    assert Commands().run(["cat"]).output == ""


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert Commands().run(["printf", r"a\377b"]).output == "a\ufffdb"


def test_the_tail_is_the_last_lines() -> None:
    done = process.Finished(1, "\n".join(map(str, range(40))) + "\n\n")
    assert done.tail() == "\n".join(map(str, range(25, 40)))
    assert done.tail(2) == "38\n39"
    assert process.Finished(0, "").tail() == ""


def test_a_checked_program_returns_its_output_or_raises_with_its_last_words() -> None:
    assert Commands().checked("No", ["echo", "yes"], code="process.failed") == "yes\n"
    with pytest.raises(StackError) as caught:
        Commands().checked("No", ["sh", "-c", "echo why; exit 4"], code="test.no", hint="Do it.")
    error = caught.value
    assert (error.code, error.message, error.hint) == ("test.no", "No.", "Do it.")
    assert "exited with 4" in error.cause
    assert "why" in error.cause


def test_a_child_inherits_the_lock_and_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "deep/lock"
    with process.locked(Commands({"A": "1"}, (1,)), lock) as commands:
        assert commands.environment == {"A": "1"}
        assert commands.locks[0] == 1
        held = commands.locks[1]
        code = "import os, sys; os.fstat(int(sys.argv[1]))"
        assert commands.run([sys.executable, "-c", code, str(held)]).rc == 0
        assert Commands().run([sys.executable, "-c", code, str(held)]).rc == 1
        with pytest.raises(files.Busy), process.locked(Commands(), lock, wait=False):
            pass
    with process.locked(Commands(), lock, wait=False) as commands:
        assert len(commands.locks) == 1


def test_a_program_that_takes_too_long_is_stopped_with_its_children(tmp_path: Path) -> None:
    began = time.monotonic()
    script = f"sleep 60 & echo $! > {tmp_path}/child; echo begun; wait"
    done = Commands().within(0.5).run(["sh", "-c", script])
    assert time.monotonic() - began < 30
    assert done.rc == process.TIMED_OUT
    assert done.output.startswith("begun\n")
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    assert not child.exists() or child.read_text().split()[2] == "Z"
    assert Commands().within(60).run(["echo", "in time"]).output == "in time\n"
    with process.locked(Commands().within(7), tmp_path / "lock") as commands:
        assert commands.timeout_s == 7


def test_a_child_that_outlives_its_parent_does_not_keep_the_output_open_for_ever() -> None:
    began = time.monotonic()
    assert Commands().within(0.5).run(["sh", "-c", "sleep 60 &"]).rc == process.TIMED_OUT
    assert time.monotonic() - began < 30


def test_a_line_is_in_the_log_before_the_program_ends(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", []
    Commands().run(
        ["sh", "-c", "echo one; echo two"], log=log, each=lambda _: seen.append(log.read_text())
    )
    assert seen == ["one\n", "one\ntwo\n"]
