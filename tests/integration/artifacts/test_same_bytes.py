"""A compiled wheel has equal bytes from every folder, user and time, with the real compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import (
    cache,
    same_bytes,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_wheel import (
    WheelRecipe,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands

UV = str(Path(sys.executable).with_name("uv"))
# As setuptools does: the flags of CFLAGS, the times of SOURCE_DATE_EPOCH, the modes of the files.
BACKEND = """
import os, shlex, subprocess, time, zipfile
here = os.path.dirname(os.path.abspath(__file__))
def build_wheel(folder, config_settings=None, metadata_directory=None):
    flags = shlex.split(os.environ["CFLAGS"])
    sources = [os.path.join(here, "csrc", name) for name in ("one.c", "two.c")]
    built = os.path.join(here, "tree", "_C.so")
    argv = ["cc", *flags, "-shared", "-fPIC", "-I", os.environ["HEADERS"], *sources, "-o", built]
    subprocess.run(argv, check=True)
    with open(os.path.join(here, "tree", "made.py"), "w") as made:
        print({"b", "a", "c"}, file=made)
    name, info = "tree-1.0-py3-none-any.whl", "tree-1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as packed:
        for file in sorted(os.listdir(os.path.join(here, "tree"))):
            path = os.path.join(here, "tree", file)
            when = int(os.environ.get("SOURCE_DATE_EPOCH", os.path.getmtime(path)))
            member = zipfile.ZipInfo("tree/" + file, time.gmtime(when)[:6])
            member.external_attr = os.stat(path).st_mode << 16
            packed.writestr(member, open(path, "rb").read())
        packed.writestr(zipfile.ZipInfo(info + "RECORD"), "")
        packed.writestr(zipfile.ZipInfo(info + "WHEEL"), "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        text = "Metadata-Version: 2.1\\nName: tree\\nVersion: 1.0\\n"
        packed.writestr(zipfile.ZipInfo(info + "METADATA"), text)
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tree"
version = "1.0"
"""
CODE = """
#include "header.h"
const char *%s(void) { return __FILE__; }
const char *header_of_%s(void) { return in_header(); }
"""


class Host:
    """A folder with a tree, an environment with a header, and a user with a umask."""

    def __init__(self, folder: Path, *, umask: int, time_s: int) -> None:
        self.folder, self.umask = folder, umask
        before = os.umask(umask)
        try:
            self._write()
        finally:
            os.umask(before)
        for path in (folder / "tree").rglob("*"):
            os.utime(path, (time_s, time_s))

    def _write(self) -> None:
        tree, environment = self.folder / "tree", self.folder / "env"
        (tree / "csrc").mkdir(parents=True)
        (tree / "tree").mkdir()
        (tree / "backend.py").write_text(BACKEND)
        (tree / "pyproject.toml").write_text(PROJECT)
        (tree / "tree/__init__.py").touch()
        (tree / "csrc/one.c").write_text(CODE % ("one", "one"))
        (tree / "csrc/two.c").write_text(CODE % ("two", "two"))
        argv = [UV, "venv", "--quiet", "--offline", "--python", sys.executable, str(environment)]
        subprocess.run(argv, check=True)
        (environment / "include").mkdir(exist_ok=True)
        (environment / "include/header.h").write_text(
            "static const char *in_header(void) { return __FILE__; }\n"
        )

    def build(self) -> Path:
        """Return the wheel."""
        environment = {"CFLAGS": "-O1 -g0", "CC": "cc", "HEADERS": str(self.folder / "env/include")}
        recipe = WheelRecipe(
            {"source": "0" * 40},
            UV,
            self.folder / "tree",
            self.folder / "env/bin/python",
            environment,
            self.folder / "log",
        )
        before = os.umask(self.umask)
        try:
            made, _new = cache.build(Commands(), self.folder / "cache", recipe)
        finally:
            os.umask(before)
        return recipe.path(made.folder)


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_two_builds_of_one_tree_have_equal_bytes(tmp_path: Path) -> None:
    one = Host(tmp_path / "one", umask=0o022, time_s=10**9).build()
    two = Host(tmp_path / "two words" / "deeper", umask=0o077, time_s=1_700_000_000).build()
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as wheel:
        code = wheel.read(next(name for name in wheel.namelist() if name.endswith(".so")))
    assert str(tmp_path).encode() not in code
    assert b"/source/csrc/two.c" in code
    assert b"/environment/include/header.h" in code


def test_a_compiler_that_does_not_know_the_option_is_used_without_it(tmp_path: Path) -> None:
    old = tmp_path / "cc"
    old.write_text('#!/bin/sh\ncase "$*" in *-ffile-prefix-map*) exit 1 ;; esac\n')
    old.chmod(0o755)
    given = {"CFLAGS": "-O1", "CC": str(old)}
    made = same_bytes.variables(Commands(), given, {tmp_path: "/source"})
    assert made == {**given, "SOURCE_DATE_EPOCH": same_bytes.EPOCH_S, "PYTHONHASHSEED": "0"}
    known = same_bytes.variables(Commands(), {**given, "CC": "cc"}, {tmp_path: "/source"})
    assert known["CFLAGS"] == f"-O1 -ffile-prefix-map={tmp_path}=/source"
