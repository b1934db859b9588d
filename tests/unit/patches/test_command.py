"""``slowfast-stack patch``, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import small_trees

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
        "files": [LOADER, "tools/train_net.py"],
        "because": "",
    }


def test_the_catalog_needs_no_tree(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["patch", "--list", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    catalog = {entry["id"]: entry for entry in printed["patches"]}
    assert catalog["numpy-nan-alias"]["needed"] == "numpy >= 1.24"
    assert run(["patch", "--list"]) == 0
    assert "No module named 'vision'" in capsys.readouterr().out


def test_patches_are_written_and_the_tree_is_not(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (tree / LOADER).read_bytes()
    folder = tmp_path / "patches"
    assert run(["patch", str(tree), "--export", "-o", str(folder), "--only", "empty-loader"]) == 0
    assert capsys.readouterr().out.split() == [str(folder / "empty-loader.patch")]
    assert (folder / "empty-loader.patch").read_text().startswith("Subject: [PATCH] ")
    assert (tree / LOADER).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "value"),
    [
        (["patch"], 2, "PATH"),
        (["patch", ".", "--undo", "--export", "-o", "x"], 2, "--export"),
        (["patch", "/nowhere/at/all"], 2, "/nowhere/at/all"),
        (["patch", str(ROOT / "docs")], 2, "datasets/decoder.py"),
    ],
)
def test_wrong_use_is_reported(
    arguments: list[str], code: int, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    assert value in capsys.readouterr().err
