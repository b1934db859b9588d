"""What programs said is believed while their files are the same, and only from a file of one's own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import memory, parsers
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.memory import (
    Answer,
    Memory,
)

Files = Callable[[str], Iterable[str]]


class Program:
    """A compiled program, and how often it was asked."""

    def __init__(self, folder: Path, name: str = "tool") -> None:
        self.path, self.extra = folder / name, folder / "extra"
        shutil.copy("/bin/true", self.path)
        self.said, self.rc, self.asked = "1.0", 0, 0
        self.saved = folder / "probe.json"

    def ask(self, _argv: Sequence[str]) -> Answer:
        self.asked += 1
        return Answer(self.rc, self.said)

    def __call__(self, path: Path | None = None) -> str:
        """Ask as a new process does."""
        book = Memory(self.saved)
        argv = (str(path or self.path), "--version")
        answer = book.answer(argv, lambda _said: [str(self.extra)], self.ask)
        book.save()
        return answer.stdout


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """One that was asked once."""
    made = Program(tmp_path)
    assert made() == "1.0"
    made.said = "2.0"
    return made


def test_a_program_is_asked_once(program: Program) -> None:
    assert [program(), program(), program.asked] == ["1.0", "1.0", 1]


def touched(program: Program) -> None:
    os.utime(program.path, ns=(1, 1))


def replaced(program: Program) -> None:
    """As a package manager does, with the time and the size of the old file."""
    state = program.path.stat()
    fresh = program.path.with_name("fresh")
    shutil.copy(program.path, fresh)
    os.utime(fresh, ns=(state.st_atime_ns, state.st_mtime_ns))
    fresh.replace(program.path)


def longer(program: Program) -> None:
    with program.path.open("ab") as stream:
        stream.write(b"more")


def headers(program: Program) -> None:
    program.extra.write_text("")


def other_user(program: Program) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(program.saved, 1234, 1234)


def writable(program: Program) -> None:
    program.saved.chmod(0o664)


def linked(program: Program) -> None:
    real = program.saved.rename(program.saved.with_name("elsewhere"))
    program.saved.symlink_to(real)


def second_name(program: Program) -> None:
    program.saved.with_name("name").hardlink_to(program.saved)


def damaged(program: Program) -> None:
    program.saved.write_text("{")


def newer(program: Program) -> None:
    found = json.loads(program.saved.read_text())
    program.saved.write_text(json.dumps({**found, "schema": memory.SCHEMA + 1}))


def forged(program: Program) -> None:
    program.saved.write_text(
        json.dumps({"schema": 1, "answers": {"x": {"output": 1, "files": []}}})
    )


def without_files(program: Program) -> None:
    found = json.loads(program.saved.read_text())
    for said in found["answers"].values():
        said["files"] = {}
    program.saved.write_text(json.dumps(found))


@pytest.mark.parametrize(
    "change",
    [
        touched, replaced, longer, headers, other_user, writable, linked, second_name, damaged, newer,
        forged, without_files,
    ],
)  # fmt: skip
def test_after_a_change_it_is_asked_again(
    program: Program, change: Callable[[Program], None]
) -> None:
    change(program)
    assert program() == "2.0"


@pytest.mark.parametrize("change", [other_user, writable, linked, second_name, newer])
def test_a_file_that_is_not_believed_is_left_alone(
    program: Program, change: Callable[[Program], None]
) -> None:
    change(program)
    before = program.saved.read_bytes()
    program()
    assert program.saved.read_bytes() == before


def test_a_script_and_a_switch_are_asked_each_time(tmp_path: Path) -> None:
    program = Program(tmp_path, "ccache")
    script, switch = tmp_path / "script", tmp_path / "gcc"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    switch.symlink_to(program.path)
    for path in (script, switch, tmp_path / "absent"):
        assert [program(path), program(path)] == ["1.0", "1.0"]
    assert program.asked == 6


@pytest.mark.parametrize(("rc", "said"), [(1, "1.0"), (None, ""), (124, ""), (0, "")])
def test_a_program_that_fails_is_asked_again(tmp_path: Path, rc: int | None, said: str) -> None:
    program = Program(tmp_path)
    program.rc, program.said = rc, said  # type: ignore[assignment]
    program()
    program.rc, program.said = 0, "3.0"
    assert program() == "3.0"


def test_what_was_not_asked_again_is_forgotten(program: Program) -> None:
    other = program.path.with_name("other")
    shutil.copy(program.path, other)
    program(other)
    assert list(json.loads(program.saved.read_text())["answers"]) == [
        json.dumps([str(other), "--version"])
    ]


def test_an_interpreter_names_what_its_answer_depends_on() -> None:
    argv = ("python3", "-I", "-c", parsers.PYTHON_QUESTION)
    files = parsers.python_files(LocalRunner().run(argv).stdout)
    assert [Path(path).name for path in files[:2]] == ["Python.h", "ensurepip"]
    assert all(Path(path).is_absolute() for path in files[:2])


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "{}", '{"version": 3}', '{"version": "3.11"}', '{"version": "3.1.1;x"}']
)
def test_a_forged_answer_is_no_interpreter(text: str) -> None:
    assert parsers.interpreter("/usr/bin/python3", text) is None
    assert parsers.python_files(text) == []
