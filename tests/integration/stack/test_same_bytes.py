"""Two builds of a wheel in different folders give equal bytes: of a small extension, and of Detectron2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import cache
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_wheel import (
    WheelRecipe,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.artifacts import CFLAGS
from support import ROOT
from support.stack_under_test import Stack

PROGRAM = ROOT / "tests/integration/programs/wheel_bytes.py"
SETUP = """
import glob, os
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
here = os.path.dirname(os.path.abspath(__file__))
sources = glob.glob(os.path.join(here, "csrc", "*.cpp"))
setup(name="small", version="1.0", packages=["small"],
      ext_modules=[CppExtension("small._C", sources)], cmdclass={"build_ext": BuildExtension})
"""
CODE = """
#include <c10/util/Exception.h>
int %s(int x) { TORCH_INTERNAL_ASSERT(x > 1); return x; }
"""
MODULE = """
#include <Python.h>
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "_C", 0, -1, 0};
PyMODINIT_FUNC PyInit__C() { return PyModule_Create(&module); }
"""


def small(stack: Stack, folder: Path, umask: int, time_s: int) -> Path:
    """Build a small extension as another user at another time; return its wheel."""
    before = os.umask(umask)
    try:
        tree, environment = folder / "small", folder / "env"
        for part in ("csrc", "small"):
            (tree / part).mkdir(parents=True)
        (tree / "setup.py").write_text(SETUP)
        (tree / "small/__init__.py").touch()
        (tree / "csrc/module.cpp").write_text(MODULE)
        for name in ("one", "two"):
            (tree / f"csrc/{name}.cpp").write_text(CODE % name)
        for path in tree.rglob("*"):
            os.utime(path, (time_s, time_s))
        environment.symlink_to(stack.prefix / "current" / "env")
        uv = str(Path(sys.executable).with_name("uv"))
        variables = {"CFLAGS": CFLAGS, "CC": "cc", "CXX": "c++", "FORCE_CUDA": "0", "MAX_JOBS": "2"}
        python, log = environment / "bin/python", folder / "log"
        recipe = WheelRecipe({"source": "0" * 40}, uv, tree, python, variables, log)
        made, _new = cache.build(Commands(), folder / "cache", recipe)
    finally:
        os.umask(before)
    return recipe.path(made.folder)


def test_two_builds_of_a_small_extension_in_different_folders_are_equal(
    stack: Stack, tmp_path: Path
) -> None:
    one = small(stack, tmp_path / "one", 0o022, 10**9)
    two = small(stack, tmp_path / "two words" / "deeper", 0o077, 1_700_000_000)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as wheel:
        code = wheel.read(next(name for name in wheel.namelist() if name.endswith(".so")))
    assert b"/source/csrc/two.cpp" in code
    assert str(tmp_path).encode() not in code


def build(stack: Stack, folder: Path, *options: str) -> dict[str, str]:
    argv = [sys.executable, str(PROGRAM), str(stack.prefix), str(folder), *options]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(
    not os.environ.get("SLOWFAST_STACK_REBUILD"), reason="SLOWFAST_STACK_REBUILD=1 builds it twice"
)
def test_two_builds_of_detectron2_in_different_folders_are_equal(
    stack: Stack, tmp_path: Path
) -> None:
    one = build(stack, tmp_path / "one")
    two = build(stack, tmp_path / "two", "--other")
    assert one["name"].startswith("detectron2-")
    assert (one["name"], one["sha256"]) == (two["name"], two["sha256"])
