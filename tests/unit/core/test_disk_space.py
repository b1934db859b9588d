"""Disk space: bytes and inodes, at the limit and where a file system counts no inodes."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import disk_space
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError


def disk(monkeypatch: pytest.MonkeyPatch, blocks: int, inodes: int, counted: int = 1000) -> None:
    """Let every file system have this much left, in blocks of 4 KiB."""
    found = SimpleNamespace(f_bavail=blocks, f_frsize=4096, f_files=counted, f_favail=inodes)
    monkeypatch.setattr(os, "statvfs", lambda _: found)


@pytest.mark.parametrize(
    ("blocks", "inodes", "counted", "full"),
    [(16, 1, 9, False), (15, 1, 9, True), (16, 0, 9, True), (16, 0, 0, False)],
)
def test_a_disk_is_full_without_a_block_or_an_inode(
    monkeypatch: pytest.MonkeyPatch, blocks: int, inodes: int, counted: int, *, full: bool
) -> None:
    disk(monkeypatch, blocks, inodes, counted)
    assert disk_space.is_full(Path("/")) is full


@pytest.mark.parametrize(("counted", "inodes"), [(1000, 5), (0, 0)])
def test_exactly_what_is_needed_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counted: int, inodes: int
) -> None:
    disk(monkeypatch, 10, inodes, counted)
    disk_space.require(tmp_path / "not/there", 40960, 5, "frames")
    assert disk_space.free_bytes(tmp_path / "not/there") == 40960


@pytest.mark.parametrize(
    ("size", "count", "lacks"),
    [
        (40961, 5, "0.0 MB are needed and 0.0 MB free."),
        (40960, 6, "6 inodes are needed and 5 free."),
        (2 * 10**9, 6, "2.0 GB are needed and 0.0 MB free; 6 inodes are needed and 5 free."),
        (999 * 10**6, 0, "999.0 MB are needed and 0.0 MB free."),
        (10**9, 0, "1.0 GB are needed and 0.0 MB free."),
    ],
)
def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int, count: int, lacks: str
) -> None:
    disk(monkeypatch, 10, 5)
    with pytest.raises(StackError) as caught:
        disk_space.require(tmp_path / "not/there", size, count, "frames")
    assert (caught.value.code, caught.value.cause) == ("disk.full", lacks)
    assert str(tmp_path) in caught.value.message


def test_the_folder_is_the_nearest_that_exists(tmp_path: Path) -> None:
    assert disk_space.existing(tmp_path) == tmp_path
    assert disk_space.existing(tmp_path / "a" / "b") == tmp_path
    assert disk_space.existing(Path("absent")) == Path.cwd()
