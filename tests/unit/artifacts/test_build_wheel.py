"""Wheels in the cache of artifacts, with real builds by uv of a tree whose build backend is its own."""

from __future__ import annotations

import multiprocessing
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_wheel import (
    WheelRecipe,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.cache import (
    build,
    find,
    find_all,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import key_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support.errors import fails

BACKEND = """
import os, time, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open(os.environ["BUILDS"], "a") as count:
        count.write("built\\n")
    time.sleep(float(os.environ.get("BUILD_SECONDS", "0")))
    if os.environ.get("BUILD_FAILS"):
        raise SystemExit("c++: fatal error: Killed signal terminated program cc1plus")
    name = "tree-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as packed:
        info = "tree-1.0.dist-info/"
        packed.writestr("tree.py", "JOBS = %r" % os.environ.get("MAX_JOBS"))
        packed.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tree\\nVersion: 1.0\\n")
        packed.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        packed.writestr(info + "RECORD", "")
    return name
"""
INPUTS = {"commit": "0" * 40, "torch": "2.11.0+cu130", "arch_list": "9.0"}
KEY = key_of(INPUTS)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "backend.py").write_text(BACKEND)
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "tree"\nversion = "1.0"\n'
    )
    return tree


def recipe(source: Path, **environment: str) -> WheelRecipe:
    builds = source.parent / "builds"
    builds.touch()
    return WheelRecipe(
        INPUTS,
        "uv",
        source,
        Path(sys.executable),
        {"BUILDS": str(builds), **environment},
        source.parent / "log",
    )


def builds(source: Path) -> int:
    return len((source.parent / "builds").read_text().splitlines())


def test_a_wheel_is_built_once_and_found_again(source: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    wheel, built = build(Commands(), cache, recipe(source))
    again, built_again = build(Commands(), cache, recipe(source))
    assert (built, built_again) == (True, False)
    assert wheel == again == find(cache, KEY)
    assert not (source / "build").exists()
    assert list(wheel.files) == ["tree-1.0-py3-none-any.whl"]


def test_a_damaged_wheel_is_built_again(source: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    wheel, _ = build(Commands(), cache, recipe(source))
    path = recipe(source).path(wheel.folder)
    assert list(find_all(cache)) == [wheel]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert find(cache, KEY) is None
    assert not list(find_all(cache))
    assert build(Commands(), cache, recipe(source))[1]


def test_a_failed_build_shows_the_compiler_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with fails("wheel.build-failed", "3 jobs", "cc1plus"):
        build(Commands(), cache, recipe(source, BUILD_FAILS="1", MAX_JOBS="3"))
    assert find(cache, KEY) is None
    assert [path.name for path in cache.iterdir()] == [f"{KEY}.lock"]


def _build(cache: Path, requested: WheelRecipe) -> None:
    build(Commands(), cache, requested)


def test_two_builders_of_one_key_build_once(source: Path, tmp_path: Path) -> None:
    cache, requested = tmp_path / "cache", recipe(source, BUILD_SECONDS="0.5")
    both = [multiprocessing.Process(target=_build, args=(cache, requested)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert builds(source) == 1
    assert find(cache, KEY)


def test_a_tree_without_patches_has_an_empty_input(source: Path) -> None:
    data = {
        "inputs": {**INPUTS, "patches": ""},
        "uv": "uv",
        "source": str(source),
        "python": sys.executable,
        "environment": {"MAX_JOBS": 2},
        "log": str(source.parent / "log"),
    }
    recipe = construct(WheelRecipe, data, "wheel")
    assert recipe.inputs["patches"] == ""
    assert recipe.environment == {"MAX_JOBS": "2"}


NAME = "tree-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("files", "accepted"),
    [
        ((NAME,), True),
        (("Tree-1.0-1-cp311-cp311-linux_x86_64.whl",), True),
        ((NAME, "artifact.json"), True),
        ((), False),
        ((NAME, "tree-1.1-py3-none-any.whl"), False),
        ((NAME, "log"), False),
        (("other-1.0-py3-none-any.whl",), False),
        (("tree-1.0.tar.gz",), False),
    ],
    ids=str,
)
def test_a_build_has_one_wheel_of_its_source_and_nothing_else(
    source: Path, tmp_path: Path, files: tuple[str, ...], *, accepted: bool
) -> None:
    folder = tmp_path / "ready"
    folder.mkdir()
    for name in files:
        (folder / name).touch()
    wanted = recipe(source)
    if accepted:
        wanted.examine(folder)
        assert wanted.path(folder) == folder / files[0]
        return
    for judge in (wanted.examine, lambda place: wanted.verify(Commands(), place)):
        with fails("wheel.missing", str(sorted(files))):
            judge(folder)


def test_a_link_to_a_wheel_is_none(source: Path, tmp_path: Path) -> None:
    (tmp_path / "ready").mkdir()
    (tmp_path / "elsewhere").touch()
    (tmp_path / "ready" / NAME).symlink_to(tmp_path / "elsewhere")
    with fails("wheel.missing"):
        recipe(source).examine(tmp_path / "ready")


def test_a_source_with_a_dash_has_wheels_with_an_underscore(source: Path, tmp_path: Path) -> None:
    (tmp_path / "ready").mkdir()
    (tmp_path / "ready/my_tree-1.0-py3-none-any.whl").touch()
    replace(recipe(source), source=tmp_path / "My-Tree").examine(tmp_path / "ready")
