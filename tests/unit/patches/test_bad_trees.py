"""Trees that cannot be patched, or not safely: one clear error, and not a byte changed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
import small_trees
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import (
    api,
    engine,
    export,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)

CHECKPOINT = "slowfast/utils/checkpoint.py"
STATE = "optimizer-state"


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def write(root: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    decoder = {small_trees.MARK["slowfast"]: small_trees.DECODER.encode()}
    return write(tmp_path / "tree", {**small_trees.files(STATE, "slowfast"), **decoder})


def refused(root: Path, match: str, *ids: str, absent: bool = False) -> str:
    before = snapshot(root)
    with pytest.raises(StackError, match=match) as error:
        api.act(str(root), list(ids) or None, absent=absent)
    assert snapshot(root) == before
    assert error.value.hint
    return str(error.value)


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="is not a folder"):
        api.act(str(tmp_path / "nothing"))


def test_a_tree_of_another_project(tmp_path: Path) -> None:
    write(tmp_path, {"setup.py": b"setup(install_requires=['PIL'])\n", "other/a.py": b"\n"})
    refused(tmp_path, "no source tree of slowfast, detectron2, pytorchvideo")


def test_a_folder_with_two_projects(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(small_trees.MARK.values(), b""))
    refused(tmp_path, "holds more than one project")
    assert api.act(str(tmp_path), ["pil-linear"], component="detectron2")["changed"] is False


def test_a_syntax_error_is_told_with_its_file(tree: Path) -> None:
    broken = (tree / CHECKPOINT).read_text().replace("load_state_dict(", "load_state_dict((", 1)
    (tree / CHECKPOINT).write_text(broken)
    told = refused(tree, f"{CHECKPOINT} is not readable as Python", STATE)
    assert "line" in told


def test_a_missing_anchor_names_file_function_and_commit(tree: Path) -> None:
    git = ["git", "-C", str(tree), "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    text = (tree / CHECKPOINT).read_text().replace("def load_checkpoint(", "def read_checkpoint(")
    (tree / CHECKPOINT).write_text(text)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a tree"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    told = refused(tree, "function load_checkpoint is gone", "empty-loader", STATE)
    assert CHECKPOINT in told
    assert commit.stdout.strip() in told


def test_one_unknown_repair_stops_all(tree: Path) -> None:
    write(tree, {"slowfast/models/optimizer.py": small_trees.SET_LR.encode()})
    write(tree, {"slowfast/datasets/loader.py": b"def construct_loader(cfg):\n    return 1\n"})
    told = refused(tree, "does not end by returning its loader")
    assert "slowfast/datasets/loader.py" in told
    assert api.act(str(tree), ["layer-decay-default"])["changed"] is True


def test_a_repair_that_does_not_exist(tree: Path) -> None:
    assert "optimizer-state" in refused(
        tree, "There is no patch optimiser-state", "optimiser-state"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file(tree: Path) -> None:
    (tree / CHECKPOINT).chmod(0o444)
    refused(tree, "is read-only; nothing was changed", STATE)


def test_what_cannot_be_written_is_taken_back(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tree, {"tools/train_net.py": small_trees.TRAIN.encode()})
    before = snapshot(tree)
    real = FolderTree.write

    def full(self: FolderTree, path: str, data: bytes) -> None:
        if path == "tools/train_net.py" and b"if cfg.NUM_GPUS" in data:
            raise OSError(28, "No space left on device")
        real(self, path, data)

    monkeypatch.setattr(FolderTree, "write", full)
    with pytest.raises(StackError, match=r"all files are as before.*No space left"):
        api.act(str(tree))
    assert snapshot(tree) == before


def test_a_link_out_of_the_tree(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    (tree / CHECKPOINT).rename(outside)
    (tree / CHECKPOINT).symlink_to(outside)
    before = outside.read_bytes()
    refused(tree, "leads out of", STATE)
    assert outside.read_bytes() == before


def test_a_link_of_the_record_out_of_the_tree(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tree / ".slowfast-stack").symlink_to(tmp_path / "elsewhere")
    refused(tree, "leads out of", STATE)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_inside_the_tree_is_followed(tree: Path) -> None:
    (tree / CHECKPOINT).rename(tree / "real.py")
    (tree / CHECKPOINT).symlink_to(tree / "real.py")
    before = snapshot(tree)
    assert api.act(str(tree), [STATE])["changed"] is True
    assert (tree / CHECKPOINT).is_symlink()
    assert b"optimizer_state_difference" in (tree / "real.py").read_bytes()
    api.act(str(tree), absent=True)
    assert snapshot(tree) == before


def test_mode_and_other_hard_links_stay(tree: Path, tmp_path: Path) -> None:
    """A package installer links files from its cache: the cache must not change."""
    (tree / CHECKPOINT).chmod(0o750)
    (tmp_path / "cache.py").hardlink_to(tree / CHECKPOINT)
    before = (tmp_path / "cache.py").read_bytes()
    api.act(str(tree), [STATE])
    assert (tmp_path / "cache.py").read_bytes() == before
    assert stat.S_IMODE((tree / CHECKPOINT).stat().st_mode) == 0o750


def test_a_file_changed_since_its_patch(tree: Path) -> None:
    api.act(str(tree), [STATE])
    patched = (tree / CHECKPOINT).read_text()
    (tree / CHECKPOINT).write_text(patched + "\n# mine\n")
    refused(tree, "was changed after it was patched", absent=True)
    refused(tree, "was changed after it was patched", "scaler-state")
    assert api.act(str(tree), [STATE])["changed"] is False
    (tree / CHECKPOINT).write_text(patched)
    assert api.act(str(tree), absent=True)["changed"] is True


def test_a_new_checkout_over_a_repaired_tree_is_repaired_again(tree: Path) -> None:
    api.act(str(tree), [STATE])
    newer = b"# a newer commit\n" + small_trees.CHECKPOINT.encode()
    (tree / CHECKPOINT).write_bytes(newer)
    assert api.act(str(tree), [STATE])["changed"] is True
    api.act(str(tree), absent=True)
    assert (tree / CHECKPOINT).read_bytes() == newer


def test_a_killed_run_is_finished_by_the_next(tree: Path) -> None:
    """Killed between the record and the last file, each file is old or new."""
    write(tree, {"tools/train_net.py": small_trees.TRAIN.encode()})
    before = snapshot(tree)
    api.act(str(tree))
    (tree / CHECKPOINT).write_bytes(before[CHECKPOINT])
    assert api.act(str(tree))["changed"] is True
    assert api.act(str(tree))["changed"] is False
    (tree / CHECKPOINT).write_bytes(before[CHECKPOINT])
    api.act(str(tree), absent=True)
    assert snapshot(tree) == before


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"files": {"a": 1}, "commit": null}', b"\xff"])
def test_a_damaged_record(tree: Path, damage: bytes) -> None:
    api.act(str(tree), [STATE])
    (tree / ".slowfast-stack/record.json").write_bytes(damage)
    refused(tree, "record.json cannot be read", absent=True)


def test_a_lost_original(tree: Path) -> None:
    api.act(str(tree), [STATE])
    for original in (tree / ".slowfast-stack/originals").iterdir():
        original.write_bytes(b"something else")
    refused(tree, "kept original of .* is missing or damaged", absent=True)


def test_undoing_what_was_never_done_changes_nothing(tree: Path) -> None:
    result = api.act(str(tree), absent=True)
    assert result["changed"] is False
    assert result["patches"] == []


def test_check_mode_shows_the_change_and_writes_nothing(tree: Path) -> None:
    before = snapshot(tree)
    shown = api.act(str(tree), [STATE], check=True)
    assert shown["changed"] is True
    assert shown["patches"][0]["status"] == "affected"
    assert snapshot(tree) == before
    api.act(str(tree), [STATE])
    patched = snapshot(tree)
    assert patched[CHECKPOINT].decode() == shown["diff"][0]["after"]
    assert api.act(str(tree), absent=True, check=True)["changed"] is True
    assert snapshot(tree) == patched


def test_git_sees_the_repaired_files_and_nothing_else(tree: Path) -> None:
    git = ["git", "-C", str(tree), "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a tree"]):
        subprocess.run([*git, *command], check=True)
    api.act(str(tree), [STATE])
    seen = subprocess.run([*git, "status", "--short"], check=True, capture_output=True, text=True)
    assert seen.stdout.split() == ["M", CHECKPOINT]
    record = json.loads((tree / ".slowfast-stack/record.json").read_bytes())
    assert record["files"][CHECKPOINT]["patches"] == [STATE]
    assert len(record["commit"]) == 40
    api.act(str(tree), absent=True)
    seen = subprocess.run([*git, "status", "--short"], check=True, capture_output=True, text=True)
    assert seen.stdout == ""
    assert not (tree / ".slowfast-stack").exists()


def test_an_installed_package_is_repaired_by_its_folder(tree: Path) -> None:
    package = tree / "slowfast"
    result = api.act(str(package), [STATE])
    assert result["patches"][0]["files"] == ["utils/checkpoint.py"]
    api.act(str(package), absent=True)


def test_files_that_a_repair_adds_go_with_it(tmp_path: Path) -> None:
    write(tmp_path, small_trees.files("cat-all-gather", "pytorchvideo"))
    before = snapshot(tmp_path)
    api.act(str(tmp_path), ["cat-all-gather"])
    assert (tmp_path / "pytorchvideo/losses/__init__.py").read_bytes() == b""
    api.act(str(tmp_path), absent=True)
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "pytorchvideo/losses").exists()


def test_a_repair_of_another_project_is_reported_as_such(tree: Path) -> None:
    result = api.act(str(tree), ["pil-linear"])
    assert result["changed"] is False
    assert result["patches"][0]["status"] == "not-applicable"


def test_the_versions_of_the_environment_choose_the_patches(tree: Path) -> None:
    versions = {"torch": "2.5.1", "numpy": "1.23.5"}
    chosen = {o.id for o in engine.examine(FolderTree(str(tree)), versions=versions).outcomes}
    assert "checkpoint-weights-only" not in chosen
    assert "numpy-nan-alias" not in chosen
    assert {"torch-six", "optimizer-state", "cuda-amp"} <= chosen
    newest = {"torch": "2.11.0+cu130", "numpy": "2.4.6"}
    chosen = {o.id for o in engine.examine(FolderTree(str(tree)), versions=newest).outcomes}
    assert "torch-six" not in chosen
    assert {"checkpoint-weights-only", "numpy-nan-alias"} <= chosen


def test_each_exported_patch_applies_alone(tree: Path, tmp_path: Path) -> None:
    before = snapshot(tree)
    crlf = before[CHECKPOINT].replace(b"\n", b"\r\n").rstrip(b"\r\n")
    (tree / CHECKPOINT).write_bytes(crlf)
    api.act(str(tree), [STATE])
    patches = export.patches(FolderTree(str(tree)))
    assert {f"{STATE}.patch", "scaler-state.patch"} <= set(patches)
    api.act(str(tree), absent=True)
    for name, patch in patches.items():
        file = tmp_path / name
        file.write_bytes(patch)
        subprocess.run(["git", "init", "-q", str(tree)], check=True)
        subprocess.run(["git", "apply", str(file)], cwd=tree, check=True)
        applied = (tree / CHECKPOINT).read_bytes()
        (tree / CHECKPOINT).write_bytes(crlf)
        api.act(str(tree), [name[: -len(".patch")]])
        assert (tree / CHECKPOINT).read_bytes() == applied
        api.act(str(tree), absent=True)
