"""The access of the probe to this host: what programs answer is bounded in size and in time."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils import _runner
from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import parsers


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


def printed(*argv: str) -> str:
    return LocalRunner().run(argv).stdout.strip()


def test_calls_of_the_kernel_say_what_programs_print() -> None:
    runner = LocalRunner()
    found = runner.system()
    assert f"{found.release} {found.machine}" == printed("uname", "-rm")
    assert found.cores == int(printed("env", "-u", "OMP_NUM_THREADS", "nproc"))
    assert found.root == (printed("id", "-u") == "0")
    assert found.glibc == parsers.glibc(printed("getconf", "GNU_LIBC_VERSION"))
    assert runner.names("/usr/bin") == printed("ls", "-1", "/usr/bin").splitlines()
    assert runner.real("/bin/sh") == printed("readlink", "-e", "/bin/sh")
    assert runner.inode("/bin/sh") == int(printed("stat", "-L", "-c", "%i", "/bin/sh"))
    assert (
        abs((runner.free_mib("/") or 0) - (parsers.disk_free_mib(printed("df", "-Pm", "/")) or 0))
        < 500
    )


def test_what_is_absent_is_nothing() -> None:
    runner, absent = LocalRunner(), "/nowhere/at/all"
    assert runner.names(absent) == []
    assert [runner.real(absent), runner.inode(absent), runner.free_mib(absent)] == [None] * 3


def test_a_kernel_is_that_which_the_program_of_the_host_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "uname"
    program.write_text("#!/bin/sh\necho 6.1.0-56-amd64 x86_64\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = LocalRunner().system()
    assert (found.release, found.machine) == ("6.1.0-56-amd64", "x86_64")
