"""The history script on repositories made of the small trees, and the page that shows it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from support import small_trees

ROOT = Path(__file__).resolve().parents[3]


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(ROOT / "scripts" / script), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def commit(root: Path, files: dict[str, bytes], message: str) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    git = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", message]):
        subprocess.run([*git, *command], check=True, capture_output=True)


@pytest.mark.parametrize("component", small_trees.MARK)
def test_every_commit_is_tried(tmp_path: Path, component: str) -> None:
    ids = [patch.id for patch in PATCHES if patch.component == component]
    commit(tmp_path, {"README": b"before the first file\n"}, "start")
    commit(tmp_path, small_trees.combined(component, ids), "broken")
    commit(tmp_path, {"README": b"the same code\n"}, "again")
    done = run("patch_history.py", f"{component}={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert f"### {component}, 3 commits" in done.stdout
    assert "| (all together) | 2 |" in done.stdout
    for patch in ids:
        assert f"| {patch} |" in done.stdout


def test_an_unknown_form_is_counted_and_fails(tmp_path: Path) -> None:
    files = small_trees.files("empty-loader", "slowfast")
    files["slowfast/datasets/loader.py"] = b"def construct_loader(cfg):\n    return 1\n"
    commit(tmp_path, files, "unknown")
    done = run("patch_history.py", f"slowfast={tmp_path}")
    assert done.returncode == 1
    assert "empty-loader" in done.stderr


def test_a_commit_with_a_syntax_error_of_its_own_does_not_fail(tmp_path: Path) -> None:
    files = small_trees.files("empty-loader", "slowfast")
    files[small_trees.MARK["slowfast"]] = small_trees.DECODER.encode()
    files["slowfast/datasets/loader.py"] = b"def construct_loader(:\n"
    commit(tmp_path, files, "broken")
    assert run("patch_history.py", f"slowfast={tmp_path}").returncode == 0


def test_a_folder_counts_as_one_commit(tmp_path: Path) -> None:
    for path, text in small_trees.files("pypi-model-to-cpu", "slowfast").items():
        place = tmp_path / path.removeprefix("slowfast/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text)
    (tmp_path / "datasets/decoder.py").write_text(small_trees.DECODER)
    done = run("patch_history.py", f"slowfast:PyPI={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert "### PyPI, 1 commits" in done.stdout


def test_the_page_shows_the_catalog() -> None:
    assert run("patches_page.py", "--check").returncode == 0, "run scripts/patches_page.py"
