"""Whoever waits for a lock learns who holds it, since when, and how to end that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import (
    files,
    holders,
    notices,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import prefix
from support.errors import fails

HOLD = (
    "import sys; from pathlib import Path\n"
    "from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import locked\n"
    "with locked(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
)


@contextmanager
def held(path: Path, client: str = "10.0.0.5 50122 10.0.0.9 22") -> Iterator[int]:
    """Hold a lock in another process; give its number."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "SSH_CONNECTION": client, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with child:
        assert child.stdout
        assert child.stdin
        child.stdout.readline()
        yield child.pid
        child.stdin.close()


def test_a_lock_that_is_held_names_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    with held(lock) as process:
        with fails("lock.held", "") as caught, files.locked(lock, wait=False):
            pass
        since = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
        who = rf"held by [\w-]+ from 10\.0\.0\.5, process {process}, since {since}\."
        assert re.search(who, caught.value.message)
    assert not files.is_held(lock)


def test_a_lock_can_be_taken_again_and_names_the_new_holder(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    with held(lock, client=""):
        assert holders.of(lock).address is None
    with files.locked(lock):
        assert holders.of(lock).process == os.getpid()


def test_a_process_that_does_not_hold_the_lock_is_not_named(tmp_path: Path) -> None:
    lock, other = tmp_path / "x.lock", tmp_path / "other.lock"
    with held(lock), held(other):
        lock.write_bytes(other.read_bytes())
        assert holders.of(lock) is None
    with files.locked(lock):
        pass
    assert holders.of(lock) is None


def test_a_file_that_is_no_lock_file_keeps_its_bytes(tmp_path: Path) -> None:
    part = tmp_path / "wheel.part"
    part.write_bytes(b"half of it")
    with files.locked(part):
        assert part.read_bytes() == b"half of it"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"user": "a", "process": 1}',
        '{"user": "a\\u001b[2J", "process": 1, "since": "2026-12-01T00:00:00Z"}',
        '{"user": "a", "process": 1, "since": "yesterday"}',
        '{"user": "a", "process": -1, "since": "2026-12-01T00:00:00Z"}',
        '{"user": "a", "process": 1, "since": "2026-12-01T00:00:00Z", "address": "$(reboot)"}',
        '{"user": "a", "process": 1, "since": "2026-12-01T00:00:00Z"' + " " * 2000 + "}",
    ],
)
def test_what_another_user_wrote_there_names_no_one(tmp_path: Path, text: str) -> None:
    lock = tmp_path / "x.lock"
    lock.write_text(text)
    assert holders.of(lock) is None


@pytest.mark.parametrize(
    "name", ["stacks/a/.env.lock", "stacks/a/proof/.lock", "cache/artifacts/k.lock"]
)
def test_a_run_says_that_another_one_works_in_the_prefix(tmp_path: Path, name: str) -> None:
    lock = tmp_path / name
    with held(lock) as process, notices.collected() as said:
        prefix.say_in_use(tmp_path, tmp_path / "stacks" / "a")
    (notice,) = said
    assert notice.startswith("[prefix.in-use] ")
    assert f"process {process}" in notice
    assert f"`kill {process}`" in notice


def test_a_run_that_has_ended_is_not_named(tmp_path: Path) -> None:
    lock = tmp_path / "stacks" / "a" / ".env.lock"
    with held(lock):
        pass
    with notices.collected() as said:
        prefix.say_in_use(tmp_path, tmp_path / "stacks" / "a")
    assert said == []
