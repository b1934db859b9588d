"""The causes in a log, from a file, a pipe or the input, also where the log is hostile."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from slowfast_stack.cli.app import run

if TYPE_CHECKING:
    from pathlib import Path

HELD = "E: Unable to correct problems, you have held broken packages."
UNMET = " nvidia-open : Depends: libcuda1 (= 580) but 570.1 is to be installed"
OTHER, DENY = "than 570.1, which is held, pinned or installed.", "do not allow the installation."
LOG = f"Reading package lists...\r\n\x1b[1m{HELD}\x1b[0m\r\n{UNMET}\r\n{HELD}\r\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "a.log"
    path.write_bytes(LOG.encode())
    return path


def test_each_finding_has_line_cause_and_command(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain-error", str(log)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"line 3: {UNMET.strip()}",
        f"  cause:   nvidia-open needs another version of libcuda1 {OTHER}",
        "  advice:  Release the hold or the pin. Then run the same command again; it resumes.",
        "  command: apt-mark showhold; apt-cache policy libcuda1 nvidia-open",
        "  symptom: apt.unmet-version",
        f"line 2, and 1 more: {HELD}",
        f"  cause:   Packages that are held, pinned or from another distribution {DENY}",
        "  command: apt-mark showhold; apt-cache policy",
        "  symptom: apt.held-packages",
    ]


def test_json_has_the_same(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain-error", str(log), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(each["id"], each["line"], each["times"]) for each in found] == [
        ("apt.unmet-version", 3, 1),
        ("apt.held-packages", 2, 2),
    ]
    assert found[0]["message"] == UNMET.strip()
    assert all(each["cause"] and each["command"] and each["source"] for each in found)


def test_a_log_without_a_known_message_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.log"
    path.write_text("E: something new\n")
    assert run(["explain-error", str(path)]) == 1
    assert "Nothing is recognized" in capsys.readouterr().out
    assert run(["explain-error", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "findings": []}


def test_the_input_and_a_pipe_are_read(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with log.open(encoding="utf-8") as given:
        monkeypatch.setattr(sys, "stdin", given)
        assert run(["explain-error", "-"]) == 0
    out = capsys.readouterr().out
    assert "symptom: apt.unmet-version" in out
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=lambda: pipe.write_bytes(LOG.encode()), daemon=True).start()
    assert run(["explain-error", str(pipe)]) == 0
    assert capsys.readouterr().out == out


@pytest.mark.parametrize("name", ["absent.log", "."])
def test_what_is_no_file_is_wrong_usage(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain-error", str(tmp_path / name)]) == 2
    assert "[file.not-found]" in capsys.readouterr().err


def test_hostile_text_steers_no_terminal_and_writes_no_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(
        b"[1] a.cc:1 NCCL WARN Cuda failure '\x1b]0;title\x07\xe2\x80\xaeevil\x00\xff'\n"
        b"E: Unable to locate package $(reboot)\n"
        b"E: Unable to locate package --option\n"
        b"Cannot load libcuda.so.1 for https://user:secret-of-mine@example.org/x\n"
        b"E: Failed to fetch https://user:secret-of-mine@example.org/x  403  Forbidden\n"
    )
    assert run(["explain-error", str(path)]) == 0
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\x07\x00\u202e")
    assert "secret-of-mine" not in out
    assert "reboot" not in out
    assert "--option" not in out
    assert "symptom: nccl.cuda-failure" in out
    assert "symptom: packages.forbidden" in out
