"""What the catalog says of each patch: when it is needed, and where its text is found."""

from __future__ import annotations

import re

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.conditions import (
    always,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import (
    CHECKPOINT,
    PATCHES,
    TRAIN_LOOP,
    by_id,
)

# The package, the last release that does not need the patch, and the first that does.
NEEDED_FROM = {
    "numpy-nan-alias": ("numpy", "1.23.5", "1.24.0"),
    "multi-tensor-adamw": ("torch", "2.3.1", "2.4.0"),
    "cuda-amp": ("torch", "2.3.1+cu121", "2.4.0+cu121"),
    "pkg-resources": ("setuptools", "81.0.0", "82.0.0"),
    "pil-linear": ("pillow", "9.5.0", "10.0.0"),
    "detectron2-numpy-aliases": ("numpy", "1.23.5", "1.24.0"),
    "functional-tensor": ("torchvision", "0.16.2", "0.17.0"),
}
EVERYTHING_OLD = {"numpy": "1.0", "torch": "1.0", "torchvision": "0.1", "setuptools": "1.0"}
EVERYTHING_OLD |= {"pillow": "1.0"}


@pytest.mark.parametrize("name", NEEDED_FROM)
def test_a_patch_is_needed_from_a_release_on(name: str) -> None:
    package, without, first = NEEDED_FROM[name]
    needed = by_id(name).needed
    assert not needed({package: without})
    assert needed({package: first})
    assert needed({})
    assert package in needed.description


@pytest.mark.parametrize(
    ("torch", "needed"),
    [("1.13.1", False), ("2.0.0", True), ("2.7.1+cu128", True), ("2.8.0", False), (None, True)],
)
def test_torch_six_is_needed_between_two_releases(torch: str | None, needed: bool) -> None:  # noqa: FBT001
    assert by_id("torch-six").needed({"torch": torch} if torch else {}) == needed


def test_every_other_patch_is_always_needed() -> None:
    conditional = {*NEEDED_FROM, "torch-six"}
    assert {patch.id for patch in PATCHES if patch.needed is not always} == conditional
    assert all(patch.needed(EVERYTHING_OLD) for patch in PATCHES if patch.id not in conditional)


def test_the_groups_of_the_modules() -> None:
    assert {by_id(name).component for name in (*CHECKPOINT, *TRAIN_LOOP)} == {"slowfast"}
    assert not set(CHECKPOINT) & set(TRAIN_LOOP)
    files = {site.path for name in CHECKPOINT for site in by_id(name).sites}
    assert files == {
        "slowfast/utils/checkpoint.py",
        "slowfast/utils/distributed.py",
        "slowfast/utils/trusted_load.py",
        "slowfast/models/optimizer.py",
        "tools/visualization.py",
    }


def test_forks_are_patched_before_what_depends_on_their_code() -> None:
    order = [patch.id for patch in PATCHES]
    for fork, dependent in (
        ("fork-optimizer-try", "optimizer-state"),
        ("fork-lr-weight-decay", "layer-decay-default"),
        ("fork-random-sampler", "short-cycle-sampler"),
        ("fork-short-cycle-guard", "short-cycle-index"),
    ):
        assert order.index(fork) < order.index(dependent)


def test_every_patch_can_be_found_by_what_users_see() -> None:
    symptoms = [patch.symptom for patch in PATCHES]
    assert all(symptoms)
    for patch in PATCHES:
        assert patch.reason.endswith(".")
        assert all(re.fullmatch(r"(SF|D2|PTV|fvcore|vision)#\d+", issue) for issue in patch.issues)
        assert patch.sites
