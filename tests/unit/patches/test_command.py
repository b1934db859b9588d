"""``slowfast-stack patch`` and the three modules, as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import small_trees

from slowfast_stack.cli.app import run

ROOT = Path(__file__).resolve().parents[3]
LOADER = "slowfast/datasets/loader.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = small_trees.files("empty-loader", "slowfast")
    files[small_trees.MARK["slowfast"]] = small_trees.DECODER.encode()
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return tmp_path


def test_a_dry_run_lists_what_is_needed_and_exits_1(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (tree / LOADER).read_bytes()
    assert run(["patch", str(tree), "--dry-run", "--diff", "--only", "empty-loader"]) == 1
    printed = capsys.readouterr().out
    assert f"affected           empty-loader              {LOADER}" in printed
    assert f"+++ b/{LOADER}" in printed
    assert (tree / LOADER).read_bytes() == before


def test_apply_then_dry_run_then_undo(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (tree / LOADER).read_bytes()
    assert run(["patch", str(tree)]) == 0
    assert "applied            empty-loader" in capsys.readouterr().out
    assert run(["patch", str(tree), "--dry-run"]) == 0
    assert "applied            " not in capsys.readouterr().out
    assert run(["patch", str(tree), "--undo"]) == 0
    assert "undone             empty-loader" in capsys.readouterr().out
    assert (tree / LOADER).read_bytes() == before


def test_json_is_one_object(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["patch", str(tree), "--json", "--only", "empty-loader"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["schema"] == 1
    assert printed["changed"] is True
    assert printed["patches"][0] == {
        "id": "empty-loader",
        "status": "applied",
        "files": [LOADER],
        "because": "",
    }


def test_the_catalogue_needs_no_tree(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["patch", "--list", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    cards = {card["id"]: card for card in printed["patches"]}
    assert cards["checkpoint-weights-only"]["needed"] == "torch >= 2.6"
    assert run(["patch", "--list"]) == 0
    assert "No module named 'vision'" in capsys.readouterr().out


def test_patches_are_written_and_the_tree_is_not(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (tree / LOADER).read_bytes()
    folder = tmp_path / "patches"
    assert run(["patch", str(tree), "--export", str(folder), "--only", "empty-loader"]) == 0
    assert capsys.readouterr().out.split() == [str(folder / "empty-loader.patch")]
    assert (folder / "empty-loader.patch").read_text().startswith("Subject: [PATCH] ")
    assert (tree / LOADER).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "value"),
    [
        (["patch"], 2, "PATH"),
        (["patch", ".", "--undo", "--export", "x"], 2, "--export"),
        (["patch", "/nowhere/at/all"], 1, "/nowhere/at/all"),
        (["patch", str(ROOT / "docs")], 1, "datasets/decoder.py"),
    ],
)
def test_wrong_use_is_reported(
    arguments: list[str], code: int, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    assert value in capsys.readouterr().err


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
