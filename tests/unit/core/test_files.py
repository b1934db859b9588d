"""Atomic writes, digests and locks."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import disk_space, files
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from support.users import as_user, give, user_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("content", [b"a\r\nb\xc3\xa9", "a\r\nb\u00e9", ["a\r\n", "b\u00e9"]])
def test_content_arrives_as_it_is(content: bytes | str | list[str], tmp_path: Path) -> None:
    path = tmp_path / "missing" / "file"
    files.atomic_write(path, content)
    assert path.read_bytes() == b"a\r\nb\xc3\xa9"
    assert files.size_and_sha256(path) == (6, hashlib.sha256(b"a\r\nb\xc3\xa9").hexdigest())
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_new_file_obeys_the_umask_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.atomic_write(tmp_path / "new", "")
        files.atomic_write(tmp_path / "given", "", mode=0o644)
    finally:
        os.umask(before)
    (tmp_path / "old").touch(mode=0o600)
    files.atomic_write(tmp_path / "old", "text")
    files.atomic_write(tmp_path / "given", "", mode=0o444)
    assert [mode(tmp_path / name) for name in ("new", "given", "old")] == [0o640, 0o444, 0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_root_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    path.touch()
    os.chown(path, 1234, 2345)
    files.atomic_write(path, "text")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def pieces() -> Iterator[str]:
        yield "new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.atomic_write(path, pieces())
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("file", "old")]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError) as caught:
        files.atomic_write(tmp_path / "file" / "below", "")
    assert str(tmp_path / "file" / "below") in caught.value.message


def test_a_lock_is_held_by_the_child_after_its_parent_let_go(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    argv = [sys.executable, "-c", "input()"]
    with files.locked(lock) as descriptor:
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, pass_fds=[descriptor])
    with pytest.raises(files.Busy), files.locked(lock, wait=False):
        pass
    child.communicate(b"\n")
    with files.locked(lock, wait=False):
        pass


def test_disk_space_is_measured_at_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    absent = tmp_path / "a" / "b"
    assert disk_space.existing(absent) == tmp_path
    assert disk_space.free_bytes(absent) > 1 << 20
    disk_space.require(absent, 1 << 10, 1, "a file")
    with pytest.raises(StackError):
        disk_space.require(absent, 1 << 80, 1, "too much")


def test_the_original_is_kept_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a\r\n")
    assert files.keep_original(path) == tmp_path / "a.yaml.before"
    assert (tmp_path / "a.yaml.before").read_bytes() == path.read_bytes() == b"a\r\n"


def test_a_large_file_is_read_to_its_end(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "large").write_bytes(data)
    expected = len(data), hashlib.sha256(data).hexdigest()
    assert files.size_and_sha256(tmp_path / "large") == expected
    assert files.sha256_of(tmp_path / "large") == expected[1]


def test_a_link_replaces_a_link_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "one").chmod(0o600)
    (tmp_path / "two").write_text("2")
    (tmp_path / "current").symlink_to("one")
    (tmp_path / ".current.new").symlink_to("left by a killed process")
    files.replace_link(tmp_path / "current", Path("two"))
    assert (tmp_path / "current").readlink().name == "two"
    assert mode(tmp_path / "one") == 0o600
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["current", "one", "two"]


def test_a_user_may_not_write_into_a_read_only_folder_and_the_file_stays() -> None:
    with user_folder() as folder:
        path = folder / "file"
        path.write_text("old")
        give(folder)
        folder.chmod(0o555)

        def act() -> None:
            with pytest.raises(StackError) as caught:
                files.atomic_write(path, "new")
            assert caught.value.code == "file.not-writable"

        as_user(act)
        assert path.read_text() == "old"
        assert [entry.name for entry in folder.iterdir()] == ["file"]


def test_a_free_lock_is_taken_and_a_held_one_is_not_waited_for(tmp_path: Path) -> None:
    with files.locked(tmp_path / "deep/lock") as descriptor:
        os.fstat(descriptor)
        with pytest.raises(files.Busy) as caught, files.locked(tmp_path / "deep/lock", wait=False):
            pass
        assert caught.value.code == "lock.held"
    with files.locked(tmp_path / "deep/lock", wait=False):
        pass


def test_while_it_is_written_a_file_is_its_writers_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with files.replacing(tmp_path / "given", mode=0o644) as fresh:
            assert mode(fresh) == 0o600
        with files.replacing(tmp_path / "new") as fresh:
            assert mode(fresh) == 0o666
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in ("given", "new")] == [0o644, 0o666]


def test_a_long_name_is_replaced_beside_it_under_a_shorter_one(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 255)
    with files.replacing(path, suffix=".x") as fresh:
        assert fresh == tmp_path / f".{'a' * 50}.new.x"
    assert path.is_file()


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_replaces_another_and_leaves_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, exchange: bool, exists: bool
) -> None:
    if not exchange:  # as where the kernel or glibc cannot
        monkeypatch.setattr(files, "_exchanged", lambda *_: False)
    folder = tmp_path / "folder"
    if exists:
        folder.mkdir()
        (folder / "old").touch()
    for left in (".folder.old", ".folder.new"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "left").touch()
    fresh = files.fresh_folder(folder)
    fresh.mkdir()
    (fresh / "new").touch()
    files.replace_folder(fresh, folder)
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_names_that_cannot_be_exchanged_stay(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert files._exchanged(tmp_path / "one", tmp_path / "absent") is False
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_or_syncs_of_folders_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    real = os.fsync

    def sync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(handle)

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    monkeypatch.setattr(os, "fsync", sync)
    files.atomic_write(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"


@pytest.mark.parametrize("call", ["flock", "fsync"])
def test_another_refusal_of_the_system_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(files.fcntl if call == "flock" else os, call, refuse)
    with pytest.raises(StackError) as caught:
        files.atomic_write(tmp_path / "file", "text")
    assert caught.value.code == "file.not-writable"
    assert not (tmp_path / "file").exists()
