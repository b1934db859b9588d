"""The three modules of patches, started as Ansible starts them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, small_trees

LOADER = "slowfast/datasets/loader.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = small_trees.files("empty-loader", "slowfast")
    files[small_trees.MARK["slowfast"]] = small_trees.DECODER.encode()
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "options", "status"),
    [
        ("source_patch", {"ids": ["empty-loader"]}, "applied"),
        ("train_loop_patch", {}, "applied"),
        ("checkpoint_patch", {}, None),
    ],
)
def test_the_modules_apply_their_patches_and_undo_them(
    tree: Path, module: str, options: dict[str, object], status: str | None
) -> None:
    before = (tree / LOADER).read_bytes()

    def call(**more: object) -> dict[str, object]:
        arguments = {"path": str(tree), **options, **more}
        program = (
            "import sys; sys.path.insert(0, 'collections');"
            "from ansible.module_utils.testing import patch_module_args\n"
            f"from ansible_collections.slowfast.stack.plugins.modules import {module}\n"
            f"with patch_module_args({arguments!r}):\n    {module}.main()"
        )
        argv = [sys.executable, "-c", program]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    if status is None:  # the tree has no checkpoint.py
        answer = call()
        assert answer["changed"] is False
        return
    checked = call(_ansible_check_mode=True)
    assert checked["changed"] is True
    assert (tree / LOADER).read_bytes() == before
    found = {patch["id"]: patch["status"] for patch in call()["patches"]}
    assert found["empty-loader"] == status
    assert call()["changed"] is False
    assert call(state="absent")["changed"] is True
    assert (tree / LOADER).read_bytes() == before
    assert call(path=str(ROOT / "docs"))["failed"] is True
