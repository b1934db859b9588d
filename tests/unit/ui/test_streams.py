"""Text of hosts, files and servers reaches a terminal as text, and failed output is an error."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.display import escaped
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.system_errors import (
    of_the_system,
    require_temporary_space,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from slowfast_stack.cli.app import run
from slowfast_stack.facts import Claim, Proof
from slowfast_stack.models import Checked
from slowfast_stack.orchestration import logs
from slowfast_stack.proof_report import show
from slowfast_stack.ui import streams, terminal
from slowfast_stack.ui.live_display import line
from slowfast_stack.ui.models import checked_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "a\x1b[2J\x1b]0;owned\x07b\rc\x08d\x9b31me\u202ef\u2028g[red]h[/nothing]:smile:\udcff"
STEERING = "\x1b\x07\r\x08\x9b\u202e\u2028\udcff"


class Terminal(io.StringIO):
    """A terminal that keeps what it gets."""

    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    shown = Terminal()
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setattr(sys, "stderr", shown)
    with streams.guarded():
        yield shown


def test_text_is_escaped_wherever_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    with on_a_terminal(monkeypatch) as screen:
        print(HOSTILE)  # noqa: T201
        print(HOSTILE, file=sys.stderr)  # noqa: T201
        sys.stdout.writelines([HOSTILE])
        terminal.show({}, [HOSTILE], as_json=False)
        for line_ in checked_lines(Checked(Path(HOSTILE), StackError(HOSTILE, HOSTILE), "", None)):
            print(line_)  # noqa: T201
        assert not set(STEERING) & set(screen.getvalue())
        assert screen.getvalue().count(r"\x1b[2J") >= 6


def test_errors_are_escaped_around_their_own_style(monkeypatch: pytest.MonkeyPatch) -> None:
    with on_a_terminal(monkeypatch) as screen:
        terminal.print_error(StackError(HOSTILE, HOSTILE, HOSTILE, code="a.b"))
        said = screen.getvalue().replace("\33[2m", "").replace("\33[0m", "")
        assert not set(STEERING) & set(said)


def test_a_console_reads_no_markup_and_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    with on_a_terminal(monkeypatch) as screen:
        console = terminal.console()
        table = Table(title=HOSTILE)
        table.add_column(HOSTILE)
        table.add_row(HOSTILE)
        table.add_row(Text(HOSTILE, "bold"))
        console.print(table)
        console.print(HOSTILE)
        line(console, HOSTILE)
        show(
            console,
            {
                HOSTILE: Proof(
                    ok=False, claims=(Claim(HOSTILE, ok=False, expected=HOSTILE, measured=HOSTILE),)
                )
            },
        )
        said = screen.getvalue()
        assert said.count(":smile:") >= 8
        assert said.count("[/nothing]") == said.count(":smile:")
        for step in (
            "\x1b]",
            "\x1b[2J",
            "\x07",
            "\r",
            "\x08",
            "\x9b",
            "\u202e",
            "\u2028",
            "\udcff",
        ):
            assert step not in said


@settings(max_examples=400, deadline=None)
@given(st.text())
def test_escaping_keeps_what_is_harmless(text: str) -> None:
    shown = escaped(text)
    assert escaped(shown) == shown
    assert all(letter.isprintable() or letter in "\n\t" or ord(letter) >= 160 for letter in shown)
    if all(letter.isprintable() and letter.isascii() for letter in text):
        assert shown == text


def test_json_is_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    with on_a_terminal(monkeypatch) as screen:
        terminal.print_json({"name": HOSTILE})
        assert r"a\u001b[2J" in screen.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ["models", "list"],
        ["models", "list", "--json"],
        ["--version"],
        ["--help"],
        ["config", "explain", "nothing", "--json"],
    ],
)
def test_a_full_disk_below_the_output_is_an_error(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123  (a device)
        monkeypatch.setattr(sys, "stdout", full)
        code = run(arguments)
        said = capsys.readouterr().err
    assert code == (2 if "nothing" in arguments else 1)
    assert "Traceback" not in said
    if "nothing" not in arguments:
        assert said.startswith("error[output.not-written]")
        assert os.strerror(errno.ENOSPC) in said


def test_a_closed_pipe_ends_without_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert run(["models", "list"]) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE])
def test_what_the_system_refuses_is_named(number: int) -> None:
    error = of_the_system(OSError(number, os.strerror(number), "/a/file"))
    assert error is not None
    assert error.code == "system.refused"
    assert "/a/file" in error.message


def test_no_temporary_folder_is_not_a_missing_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/dev/full"])
    with pytest.raises(FileNotFoundError) as raised:
        tempfile.gettempdir()
    error = of_the_system(raised.value)
    assert error is not None
    assert "TMPDIR" in error.hint
    assert of_the_system(FileNotFoundError(errno.ENOENT, "No such file", "/a")) is None


def test_a_full_folder_for_temporary_files_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_temporary_space(tmp_path)
    assert list(tmp_path.iterdir()) == []

    def full(**_options: object) -> object:
        return Path("/dev/full").open("wb", buffering=0)

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(StackError) as raised:
        require_temporary_space(tmp_path)
    assert (raised.value.code, raised.value.cause) == ("system.refused", "The file system is full.")
    assert str(tmp_path) in raised.value.message


def test_a_log_does_not_steer_the_terminal_that_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    log = logs.Log("test")
    log.write(f"\x1b[32mgreen\x1b[0m\r\n{HOSTILE}")
    log.close()
    said = log.path.read_bytes().decode("utf-8")
    assert said.startswith("green\na\\x1b[2J")
    assert not set(STEERING) & set(said)
