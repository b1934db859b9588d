"""Which files a patch looks at, and what else in the tree decides whether it does."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import engine
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    AFFECTED,
    ALREADY_APPLIED,
    NOT_APPLICABLE,
    UNKNOWN,
    examine_file,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import (
    PATCHES,
    by_id,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.report import Outcome
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    MemoryTree,
)
from support import small_trees

DEFAULTS = "slowfast/config/defaults.py"
SOURCES = "detectron2/layers/csrc/vision.cpp"
ADDED = [(patch.id, site.path) for patch in PATCHES for site in patch.sites if site.text]


def found(name: str, files: dict[str, bytes]) -> Outcome:
    return engine.examine(MemoryTree(files), [name]).outcomes[0]


def of_package(component: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files that a package of the component has, by their paths in it."""
    inside = f"{component}/"
    return {p.removeprefix(inside): data for p, data in files.items() if p.startswith(inside)}


@pytest.mark.parametrize(
    ("name", "beside", "old", "new"),
    [
        ("clip-tuple", "slowfast/datasets/loader.py", b"time", b"stamp"),
        ("visualization-batch", "slowfast/datasets/loader.py", b"time", b"stamp"),
        ("gradient-accumulation", "tools/train_net.py", b"def train_epoch(", b"def other("),
        ("activation-checkpointing", DEFAULTS, b"_C.MODEL.ACT_", b"_C.MODEL.OTHER_"),
        ("ava-mixed-precision", DEFAULTS, b"MIXED_PRECISION", b"OTHER"),
        ("image-time-axis", DEFAULTS, b"_C.MVIT.PATCH_2D", b"_C.MVIT.PATCH"),
    ],
)
def test_the_code_beside_a_file_decides(name: str, beside: str, old: bytes, new: bytes) -> None:
    files = small_trees.files(name, "slowfast")
    assert old in files[beside]
    assert found(name, files).status == AFFECTED
    files[beside] = files[beside].replace(old, new)
    assert found(name, files).status == NOT_APPLICABLE


@pytest.mark.parametrize("name", ["missing-csrc", "missing-extension"])
def test_a_tree_with_the_sources_of_the_extension_stays(name: str) -> None:
    files = small_trees.files(name, "detectron2")
    assert found(name, files).status == AFFECTED
    assert found(name, {**files, SOURCES: b""}).status == NOT_APPLICABLE


def test_a_package_with_the_sources_of_the_extension_stays() -> None:
    files = of_package("detectron2", small_trees.files("missing-extension", "detectron2"))
    assert found("missing-extension", files).status == AFFECTED
    assert found("missing-extension", {**files, "layers/csrc/vision.cpp": b""}).status == (
        NOT_APPLICABLE
    )


def test_a_package_has_no_file_beside_it() -> None:
    """The key for accumulation is for tools/train_net.py, which an installed package lacks."""
    files = small_trees.files("gradient-accumulation", "slowfast")
    assert DEFAULTS in found("gradient-accumulation", files).files
    package = of_package("slowfast", files)
    assert "config/defaults.py" in package
    assert found("gradient-accumulation", package).status == NOT_APPLICABLE


@pytest.mark.parametrize(("name", "path"), ADDED)
def test_an_added_file_that_was_lost_is_added_again(name: str, path: str) -> None:
    patch = by_id(name)
    tree = MemoryTree(small_trees.files(name, patch.component))
    engine.apply_patches(tree, [name])
    added = tree.files.pop(path)
    again = found(name, tree.files)
    assert (again.status, again.files) == (AFFECTED, (path,))
    engine.apply_patches(tree, [name])
    assert tree.files[path] == added


@pytest.mark.parametrize("name", sorted({name for name, path in ADDED if "trusted_load" in path}))
def test_an_added_file_with_another_content_is_refused(name: str) -> None:
    site = by_id(name).sites[0]
    text = (site.text or "").encode()
    for data, status in (
        (text, ALREADY_APPLIED),
        (text.replace(b"\n", b"\r\n"), ALREADY_APPLIED),
        (text + b"\nMINE = 1\n", UNKNOWN),
    ):
        assert examine_file(site, site.path, data)[0].status == status


@pytest.mark.parametrize("name", sorted({name for name, path in ADDED if "trusted_load" in path}))
def test_a_tree_that_loads_nothing_gets_no_file_added(name: str) -> None:
    patch = by_id(name)
    files = dict.fromkeys(small_trees.files(name, patch.component), b"import os\n")
    site = patch.sites[0]
    assert site.path not in found(name, files).files
