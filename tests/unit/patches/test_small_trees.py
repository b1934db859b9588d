"""Each patch on the small tree made for it, written in many ways."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import engine, record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    AFFECTED,
    ALREADY_APPLIED,
    APPLIED,
    FIXED_DIFFERENTLY,
    NOT_APPLICABLE,
    Patch,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import (
    CHECKPOINT,
    PATCHES,
    TRAIN_LOOP,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    MemoryTree,
)
from support import small_trees

if TYPE_CHECKING:
    from collections.abc import Callable

every_patch = pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.id)


def tabs(text: str) -> str:
    return re.sub(r"(?m)^( {4})+", lambda match: "\t" * (len(match[0]) // 4), text)


def two_spaces(text: str) -> str:
    return re.sub(r"(?m)^( {4})+", lambda match: "  " * (len(match[0]) // 4), text)


# How a file may be written, and how to get from there to plain text.
WRITINGS: dict[str, Callable[[str], bytes]] = {
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "tabs": lambda text: tabs(text).encode(),
    "two-spaces": lambda text: two_spaces(text).encode(),
    "byte-order-mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: f"# -*- coding: latin-1 -*-\n# Jérôme\n{text}".encode("latin-1"),
    "utf-8": lambda text: f'NAME = "Žluťoučký 🐎"; x = 1\n{text}'.encode(),
    "no-last-newline": lambda text: text.rstrip("\n").encode(),
    "form-feed": lambda text: b"# page\n\x0c\n" + text.encode(),
}


def test_every_patch_has_a_small_tree() -> None:
    assert set(small_trees.BROKEN) == {patch.id for patch in PATCHES}


def test_ids_are_unique_and_the_groups_name_them() -> None:
    ids = [patch.id for patch in PATCHES]
    assert len(ids) == len(set(ids))
    assert set(CHECKPOINT) | set(TRAIN_LOOP) <= set(ids)


@every_patch
def test_a_patch_is_found_applied_once_and_undone(patch: Patch) -> None:
    files = small_trees.files(patch.id, patch.component)
    tree = MemoryTree(files)
    found = engine.examine(tree, [patch.id])
    assert found.outcomes[0].status == AFFECTED, found.outcomes
    assert tree.files == files

    done = engine.apply_patches(tree, [patch.id])
    assert done.outcomes[0].status == APPLIED
    assert done.changes
    for change in done.changes:
        compile(change.after or b"", change.path, "exec", dont_inherit=True)

    again = engine.apply_patches(tree, [patch.id])
    assert again.changes == ()
    assert again.outcomes[0].status == ALREADY_APPLIED

    engine.undo(tree)
    assert tree.files == files


@every_patch
def test_a_tree_without_the_code_needs_no_patch(patch: Patch) -> None:
    tree = MemoryTree({small_trees.MARK[patch.component]: b"def decode(): pass\n" * 2})
    if patch.id in ("pyav-decoder", "dead-torchvision-decoder", "cat-all-gather"):
        pytest.skip("its own file is the mark of the tree, or is created")
    assert engine.examine(tree, [patch.id]).outcomes[0].status == NOT_APPLICABLE


@every_patch
@pytest.mark.parametrize("writing", WRITINGS)
def test_a_patched_file_keeps_its_style(patch: Patch, writing: str) -> None:
    write = WRITINGS[writing]
    plain = MemoryTree(small_trees.files(patch.id, patch.component))
    other = MemoryTree(
        {path: write(data.decode()) for path, data in plain.files.items() if data.strip()}
    )
    before = dict(other.files)
    engine.apply_patches(plain, [patch.id])
    done = engine.apply_patches(other, [patch.id])
    for change in done.changes:
        if change.before is None:
            continue
        expected = plain.files[change.path].decode()
        if writing in ("tabs", "two-spaces"):
            # A step of indentation is the file's own; everything else is equal.
            expected = expected.replace(" ", "")
            got = (change.after or b"").decode().replace("\t", "").replace(" ", "")
            assert got == expected
        elif writing == "no-last-newline":
            assert (change.after or b"").decode().rstrip("\n") == expected.rstrip("\n")
        else:
            assert change.after == write(expected)
    engine.undo(other)
    assert other.files == before


def test_all_patches_of_a_component_can_be_applied_together() -> None:
    for component in small_trees.MARK:
        ids = [patch.id for patch in PATCHES if patch.component == component]
        tree = MemoryTree(small_trees.combined(component, ids))
        before = dict(tree.files)
        first = engine.apply_patches(tree)
        assert {outcome.status for outcome in first.outcomes} <= {
            APPLIED,
            FIXED_DIFFERENTLY,
            ALREADY_APPLIED,
            NOT_APPLICABLE,
        }
        assert engine.apply_patches(tree).changes == ()
        engine.undo(tree)
        assert tree.files == before


def test_a_file_of_a_patch_is_named_after_its_id() -> None:
    for patch in PATCHES:
        folder, stem = module_of(patch)
        prefix = {"forks": "fork-", "detectron2": "(detectron2-)?"}.get(folder, "")
        assert re.fullmatch(prefix + stem.replace("_", "-"), patch.id)
        assert folder in (patch.component, "forks")


def module_of(patch: Patch) -> tuple[str, str]:
    names = [name for name, module in sys.modules.items() if vars(module).get("PATCH") is patch]
    folder, stem = names[0].split(".")[-2:]
    return folder, stem


CHECKPOINT_FILE = "slowfast/utils/checkpoint.py"


def test_a_partial_undo_leaves_the_other_patch_applied_and_recorded() -> None:
    tree = MemoryTree(small_trees.files("optimizer-state", "slowfast"))
    before = dict(tree.files)
    both = ["optimizer-state", "scaler-state"]
    engine.apply_patches(tree, [both[0]])
    first_only = dict(tree.files)
    engine.apply_patches(tree, both)
    undone = engine.undo(tree, [both[1]])
    assert [(o.id, o.status, o.files) for o in undone.outcomes] == [
        (both[1], AFFECTED, (CHECKPOINT_FILE,))
    ]
    assert tree.files == first_only
    entry = record.load(tree, "slowfast").files[CHECKPOINT_FILE]
    assert entry.patches == [both[0]]
    assert entry.after == record.sha256(first_only[CHECKPOINT_FILE])
    assert entry.before == record.sha256(before[CHECKPOINT_FILE])
    statuses = {o.id: o.status for o in engine.examine(tree, both).outcomes}
    assert statuses == {both[0]: ALREADY_APPLIED, both[1]: AFFECTED}
    assert engine.undo(tree, [both[1]]).changes == ()
    engine.undo(tree)
    assert tree.files == before


def test_a_patch_that_depends_on_an_undone_one_is_undone_with_it() -> None:
    tree = MemoryTree(small_trees.files("fork-optimizer-try", "slowfast"))
    before = dict(tree.files)
    both = ["fork-optimizer-try", "optimizer-state"]
    engine.apply_patches(tree, both)
    undone = engine.undo(tree, [both[0]])
    assert {outcome.id for outcome in undone.outcomes} == set(both)
    assert tree.files == before
    assert engine.examine(tree, both[:1]).outcomes[0].status == AFFECTED
    assert engine.examine(tree, both[1:]).outcomes[0].status == FIXED_DIFFERENTLY


def test_a_partial_undo_of_one_file_keeps_the_patches_of_others() -> None:
    ids = ["optimizer-state", "cpu-synchronize", "cuda-amp"]
    tree = MemoryTree(small_trees.combined("slowfast", ids))
    before = dict(tree.files)
    engine.apply_patches(tree, ids)
    applied = dict(tree.files)
    engine.undo(tree, ["optimizer-state"])
    assert tree.files[CHECKPOINT_FILE] == before[CHECKPOINT_FILE]
    assert tree.files["tools/train_net.py"] == applied["tools/train_net.py"]
    assert set(record.load(tree, "slowfast").files) == {"tools/train_net.py"}


def test_a_site_applies_only_beside_the_code_that_makes_it_necessary() -> None:
    defaults = "slowfast/config/defaults.py"
    files = small_trees.files("ava-mixed-precision", "slowfast")
    for other in (b"_C = make()\n", b"_C = (\n", None):
        state = {path: data for path, data in files.items() if path != defaults}
        tree = MemoryTree({**state, **({} if other is None else {defaults: other})})
        found = engine.examine(tree, ["ava-mixed-precision"])
        assert found.outcomes[0].status == NOT_APPLICABLE
        assert found.changes == ()
