"""The record beside the files: what it decides, and what a failed write leaves of it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import engine, record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    NOT_APPLICABLE,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import by_id
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    MemoryTree,
)
from support import small_trees
from support.errors import fails

CHECKPOINT = "slowfast/utils/checkpoint.py"
FIRST, SECOND = "optimizer-state", "scaler-state"


def patched() -> MemoryTree:
    tree = MemoryTree(small_trees.files(FIRST, "slowfast"))
    engine.apply_patches(tree, [FIRST])
    return tree


def test_the_record_of_one_patch_says_nothing_of_others() -> None:
    assert engine.examine(patched(), ["torch-six"]).outcomes[0].status == NOT_APPLICABLE


def test_all_patches_are_those_of_the_component() -> None:
    found = engine.examine(patched()).outcomes
    assert {by_id(outcome.id).component for outcome in found} == {"slowfast"}


def test_reasons_of_files_are_joined_without_empty_ones() -> None:
    files = small_trees.files("mixed-precision-dtype", "slowfast")
    del files["slowfast/config/defaults.py"]
    files["tools/train_net.py"] = files["tools/train_net.py"].replace(b"autocast", b"other")
    (found,) = engine.examine(MemoryTree(files), ["mixed-precision-dtype"]).outcomes
    assert found.status == NOT_APPLICABLE
    assert found.because
    assert found.because == found.because.strip()


def test_nothing_is_added_to_a_file_whose_original_is_lost() -> None:
    tree = patched()
    (original,) = [path for path in tree.files if path.startswith(f"{record.FOLDER}/originals/")]
    tree.files[original] = b"something else"
    before = dict(tree.files)
    with fails("patches.damaged-original", CHECKPOINT):
        engine.apply_patches(tree, [SECOND])
    assert tree.files == before


def test_a_record_of_another_component_is_refused() -> None:
    tree = patched()
    stored = json.loads(tree.files[record.FILE])
    tree.files[record.FILE] = json.dumps({**stored, "component": "detectron2"}).encode()
    with fails("patches.damaged-record", record.FILE):
        engine.examine(tree, [FIRST])


class Full(MemoryTree):
    """A tree on a disk that has no space for one of its files."""

    def write(self, path: str, data: bytes) -> None:
        if path == CHECKPOINT:
            raise OSError("No space left on device")
        super().write(path, data)


@pytest.mark.parametrize("made_before", [True, False])
def test_a_write_that_fails_leaves_the_record_of_before(made_before: bool) -> None:  # noqa: FBT001
    files = patched().files if made_before else small_trees.files(FIRST, "slowfast")
    tree = Full(files)
    with fails("patches.not-written", "No space left"):
        engine.apply_patches(tree, [SECOND])
    assert tree.read(record.FILE) == files.get(record.FILE)
    assert tree.files[CHECKPOINT] == files[CHECKPOINT]
