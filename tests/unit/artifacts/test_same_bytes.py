"""The variables, modes and file-mode mask with which a build gives the same bytes everywhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import same_bytes
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands

FIXED = {"SOURCE_DATE_EPOCH": "315532800", "PYTHONHASHSEED": "0"}
FOLDERS = {Path("/a/src tree"): "/src", Path("/a"): "/build", Path("/a/src/more"): "/more"}
MAPS = (
    "-ffile-prefix-map=/a=/build '-ffile-prefix-map=/a/src tree=/src'"
    " -ffile-prefix-map=/a/src/more=/more"
)


def compiler(folder: Path, status: int) -> str:
    """Make a compiler that notes its arguments and ends with a status."""
    path = folder / f"cc{status}"
    path.write_text(f'#!/bin/sh\necho "$@" >> {folder}/argv\nexit {status}\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("status", [0, 1])
def test_folders_are_compiled_under_fixed_names_where_the_compiler_can(
    tmp_path: Path, status: int
) -> None:
    given = {"CFLAGS": "-O2", "CC": f"{compiler(tmp_path, status)} -m64", "MAX_JOBS": "2"}
    found = same_bytes.variables(Commands(), given, FOLDERS)
    flags = "-O2" if status else f"-O2 {MAPS}"
    assert found == {**given, **FIXED, "CFLAGS": flags}
    argv = (tmp_path / "argv").read_text().strip()
    assert argv == "-m64 -ffile-prefix-map=/a=/b -E -x c /dev/null"


def test_a_build_without_flags_asks_no_compiler(tmp_path: Path) -> None:
    given = {"CC": compiler(tmp_path, 0)}
    assert same_bytes.variables(Commands(), given, FOLDERS) == {**given, **FIXED}
    assert not (tmp_path / "argv").exists()


def test_without_a_named_compiler_it_is_that_of_the_path(tmp_path: Path) -> None:
    Path(compiler(tmp_path, 0)).rename(tmp_path / "cc")
    commands = Commands({"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert same_bytes.variables(commands, {"CFLAGS": ""}, FOLDERS)["CFLAGS"] == f" {MAPS}"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_the_files_of_a_tree_get_the_modes_of_git(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    outside = tmp_path.with_name(f"{tmp_path.name}.outside")
    modes = {"folder/a": 0o600, "folder/b": 0o711, "c": 0o666, "d": 0o100}
    for name, before in modes.items():
        (tmp_path / name).touch()
        (tmp_path / name).chmod(before)
    outside.touch(mode=0o600)
    (tmp_path / "link").symlink_to(outside)
    same_bytes.set_modes(tmp_path)
    found = {name: mode(tmp_path / name) for name in modes}
    assert found == {"folder/a": 0o644, "folder/b": 0o755, "c": 0o644, "d": 0o755}
    assert (mode(tmp_path), mode(tmp_path / "folder"), mode(outside)) == (0o755, 0o755, 0o600)


def test_the_mask_of_the_user_counts_again_afterwards(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with same_bytes.umask():
            (tmp_path / "inside").touch()
            (tmp_path / "folder").mkdir()
        (tmp_path / "after").touch()
    finally:
        os.umask(before)
    assert (mode(tmp_path / "inside"), mode(tmp_path / "after")) == (0o644, 0o600)
    assert mode(tmp_path / "folder") == 0o755
