"""What programs of a host said, remembered while their files are as they were.

Interpreters and compilers take most of the time of a probe, and change only when they are installed.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..core import ownership, saved
from ..core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SCHEMA = 1
_ELF = b"\x7fELF"
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Answer(NamedTuple):
    """The output of a command; ``rc`` is None if the command does not exist."""

    rc: int | None
    stdout: str


@dataclass(frozen=True)
class Said:
    """What a program printed, and the files that this depends on by path, with their stamps."""

    output: str
    files: dict[str, str]


@dataclass(frozen=True)
class Answers:
    """The saved file: answers by the command line as JSON."""

    answers: dict[str, Said] = field(default_factory=dict)
    schema: int = SCHEMA


class Memory:
    """The answers that a file has, and those that are new; a file of another user has none."""

    def __init__(self, path: Path) -> None:
        """Read the file."""
        self.path = path
        self._trusted = not path.exists() or _is_own(path)
        self._before: dict[str, Said] = {}
        if self._trusted:
            try:
                found = saved.load(Answers, path, SCHEMA)
            except StackError:  # of a newer release, which keeps it
                self._trusted, found = False, None
            self._before = found.answers if found else {}
        self._now: dict[str, Said] = {}

    def answer(
        self,
        argv: Sequence[str],
        files: Callable[[str], Iterable[str]],
        ask: Callable[[Sequence[str]], Answer],
    ) -> Answer:
        """Return what a program said where its files are the same, else what it says now.

        ``files`` names for an output the other files that it depends on. Only an answer of a program
        that is one itself is remembered: what a script or a switch such as ccache says depends on
        files that no one names.
        """
        program = _program(argv[0])
        if program is None:
            return ask(argv)
        key = json.dumps(list(argv))
        said = self._before.get(key)
        if said is None or program not in said.files or not _unchanged(said.files):
            before = _stamp(program)
            answer = ask(argv)
            if answer.rc != 0 or not answer.stdout:
                return answer
            others = {path: _stamp(path) for path in files(answer.stdout)}
            said = Said(answer.stdout, {**others, program: before})
        self._now[key] = said
        return Answer(0, said.output)

    def save(self) -> None:
        """Write what was asked this time, if it differs; without it the next probe asks again.

        Raises ``StackError`` where it cannot be written.
        """
        if self._trusted and self._now != self._before:
            saved.save(self.path, Answers(self._now))


def _is_own(path: Path) -> bool:
    """Return whether only this user, or root, can have written a file."""
    found = path.lstat()
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_uid == os.geteuid()
        and not found.st_mode & _OTHERS
        and found.st_nlink == 1
        and not (ownership.is_root() and ownership.weakness_of(path))
    )


def _program(name: str) -> str | None:
    """Return the file of a compiled program of this name; None where it is none, or another's."""
    found = shutil.which(name)
    real = Path(os.path.realpath(found)) if found else None
    if real is None or not real.name.startswith(Path(name).name):
        return None
    try:
        with real.open("rb") as stream:
            return str(real) if stream.read(len(_ELF)) == _ELF else None
    except OSError:
        return None


def _unchanged(files: dict[str, str]) -> bool:
    return all(_stamp(path) == stamp for path, stamp in files.items())


def _stamp(path: str) -> str:
    """Return what changes with a file: times in ns, size, inode and device, or that there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  (the paths come from JSON, many times)
    except (OSError, ValueError):
        return "absent"
    parts = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)
    return " ".join(map(str, parts))
