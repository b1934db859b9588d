"""Temporary folders end with their process, or with the next one after it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import scratch
from support.users import OTHER_USER

LEFT = f"{scratch.PREFIX}{'0' * 16}"
PROGRAM = """
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import scratch
with scratch.folder() as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    input()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_private_and_ends_with_its_block(place: Path) -> None:
    with scratch.folder() as made:
        assert made.parent == place
        assert made.stat().st_mode & 0o7777 == 0o700
        (made / "deep").mkdir()
    with pytest.raises(KeyError), scratch.folder():
        raise KeyError
    assert list(place.iterdir()) == []


def test_a_killed_process_leaves_a_folder_until_the_next_one_and_a_live_one_keeps_its_own(
    place: Path,
) -> None:
    argv = [sys.executable, "-c", PROGRAM]
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(
        argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        theirs = Path(child.stdout.readline().strip())
        with scratch.folder() as made:
            assert sorted(place.iterdir()) == sorted([made, theirs])
        assert (theirs / "file").exists()
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert (theirs / "file").exists()
    with scratch.folder() as made:
        assert list(place.iterdir()) == [made]


def test_other_names_and_links_are_left_alone(place: Path) -> None:
    (place / "victim").mkdir()
    (place / "victim" / "file").touch()
    (place / LEFT).symlink_to("victim")
    (place / f"{scratch.PREFIX}mine").mkdir()
    (place / f"{scratch.PREFIX}{'1' * 16}").touch()
    before = sorted(place.rglob("*"))
    with scratch.folder():
        pass
    assert sorted(place.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give folders away")
def test_a_folder_of_another_user_is_left_alone(place: Path) -> None:
    (place / LEFT).mkdir()
    os.chown(place / LEFT, OTHER_USER, OTHER_USER)
    with scratch.folder():
        pass
    assert (place / LEFT).is_dir()
