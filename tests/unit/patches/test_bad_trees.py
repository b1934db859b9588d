"""Trees that cannot be patched safely: one error, and no byte changed."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.components import (
    MARKER_FILES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import (
    api,
    engine,
    export,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)
from support import small_trees
from support.errors import fails
from support.users import as_user, give, user_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def refused(root: Path, code: str, value: str, *ids: str, absent: bool = False) -> str:
    """Return the message of a run that fails with a code, names a value and changes nothing."""
    before = snapshot(root)
    with pytest.raises(StackError) as error:
        api.run(str(root), list(ids) or None, absent=absent)
    assert snapshot(root) == before
    assert error.value.code == f"patches.{code}"
    assert value in str(error.value)
    return str(error.value)


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StackError) as error:
        api.run(str(tmp_path / "nothing"))
    assert error.value.code == "patches.not-a-folder"


def test_a_tree_of_another_project(tmp_path: Path) -> None:
    write(tmp_path, {"setup.py": b"setup(install_requires=['PIL'])\n", "other/a.py": b"\n"})
    refused(tmp_path, "not-a-source-tree", " or ".join(MARKER_FILES))


def test_a_folder_with_two_projects(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(small_trees.MARK.values(), b""))
    refused(tmp_path, "several-projects", "slowfast, detectron2, pytorchvideo")
    assert api.run(str(tmp_path), ["pil-linear"], component="detectron2")["changed"] is False


def test_a_syntax_error_names_the_file(tree: Path) -> None:
    broken = (tree / CHECKPOINT).read_text().replace("load_state_dict(", "load_state_dict((", 1)
    (tree / CHECKPOINT).write_text(broken)
    message = refused(tree, "unknown-code", f"{CHECKPOINT} ", STATE)
    assert "line" in message


def test_an_unknown_form_names_file_function_and_commit(tree: Path) -> None:
    git = ["git", "-C", str(tree), "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    text = (tree / CHECKPOINT).read_text().replace("def load_checkpoint(", "def read_checkpoint(")
    (tree / CHECKPOINT).write_text(text)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a tree"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    message = refused(tree, "unknown-code", "load_checkpoint", "empty-loader", STATE)
    assert CHECKPOINT in message
    assert commit.stdout.strip() in message


def test_one_unknown_patch_stops_all(tree: Path) -> None:
    write(tree, {"slowfast/models/optimizer.py": small_trees.SET_LR.encode()})
    write(tree, {"slowfast/datasets/loader.py": b"def construct_loader(cfg):\n    return 1\n"})
    refused(tree, "unknown-code", "slowfast/datasets/loader.py")
    assert api.run(str(tree), ["layer-decay-default"])["changed"] is True


def test_a_patch_that_does_not_exist(tree: Path) -> None:
    assert "optimizer-state" in refused(tree, "unknown-patch", "optimiser-state", "optimiser-state")


@pytest.fixture
def user_tree(tree: Path) -> Iterator[Path]:
    """A tree that belongs to a user who is not root, in a folder that this user can reach."""
    with user_folder() as folder:
        moved = tree.rename(folder / "tree")
        give(moved)
        yield moved


@pytest.mark.parametrize("read_only", [CHECKPOINT, "slowfast/utils", "."])
def test_a_read_only_file_or_folder(user_tree: Path, read_only: str) -> None:
    place = user_tree / read_only
    place.chmod(0o444 if place.is_file() else 0o555)
    as_user(lambda: refused(user_tree, "read-only", str(place.resolve()), STATE))
    place.chmod(0o755)
    as_user(lambda: api.run(str(user_tree), [STATE]))
    assert STATE in (user_tree / ".slowfast-stack/record.json").read_text()


def test_a_read_only_tree_cannot_be_undone_and_stays(user_tree: Path) -> None:
    as_user(lambda: api.run(str(user_tree), [STATE]))
    (user_tree / CHECKPOINT).chmod(0o444)
    as_user(lambda: refused(user_tree, "read-only", str(user_tree / CHECKPOINT), absent=True))
    (user_tree / CHECKPOINT).chmod(0o644)
    as_user(lambda: api.run(str(user_tree), absent=True))
    assert (user_tree / CHECKPOINT).read_text() == small_trees.CHECKPOINT


def test_a_tree_of_another_user_stays_theirs(user_tree: Path) -> None:
    owner = (user_tree / CHECKPOINT).stat().st_uid
    api.run(str(user_tree), [STATE])
    assert (user_tree / CHECKPOINT).stat().st_uid == owner


def test_a_failed_write_reverts_all_files(tree: Path) -> None:
    """The last file is too large for the limit only after its patch."""
    last = tree / "tools/train_net.py"
    write(tree, {"tools/train_net.py": small_trees.TRAIN.encode() + b"# " + b"x" * 20_000 + b"\n"})
    before = snapshot(tree)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (last.stat().st_size + 1, limits[1]))
    try:
        with fails("patches.not-written", "File too large"):
            api.run(str(tree), [STATE, "cpu-synchronize"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert snapshot(tree) == before
    assert not (tree / ".slowfast-stack").exists()


def test_a_link_out_of_the_tree(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    (tree / CHECKPOINT).rename(outside)
    (tree / CHECKPOINT).symlink_to(outside)
    before = outside.read_bytes()
    refused(tree, "outside-tree", str(outside), STATE)
    assert outside.read_bytes() == before


def test_a_link_of_the_record_out_of_the_tree(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tree / ".slowfast-stack").symlink_to(tmp_path / "elsewhere")
    refused(tree, "outside-tree", str(tmp_path / "elsewhere"), STATE)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_inside_the_tree_is_followed(tree: Path) -> None:
    (tree / CHECKPOINT).rename(tree / "real.py")
    (tree / CHECKPOINT).symlink_to(tree / "real.py")
    before = snapshot(tree)
    assert api.run(str(tree), [STATE])["changed"] is True
    assert (tree / CHECKPOINT).is_symlink()
    assert b"optimizer_state_difference" in (tree / "real.py").read_bytes()
    api.run(str(tree), absent=True)
    assert snapshot(tree) == before


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o750])
def test_mode_and_other_hard_links_are_kept(tree: Path, tmp_path: Path, mode: int) -> None:
    """A package installer links files from its cache: the cache must not change."""
    (tree / CHECKPOINT).chmod(mode)
    (tmp_path / "cache.py").hardlink_to(tree / CHECKPOINT)
    before = (tmp_path / "cache.py").read_bytes()
    api.run(str(tree), [STATE])
    assert (tmp_path / "cache.py").read_bytes() == before
    assert mode_of(tree / CHECKPOINT) == mode
    api.run(str(tree), absent=True)
    assert mode_of(tree / CHECKPOINT) == mode


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_created_files_have_the_mode_of_the_umask(tmp_path: Path, umask: int) -> None:
    write(tmp_path, small_trees.files("cat-all-gather", "pytorchvideo"))
    before = os.umask(umask)
    try:
        api.run(str(tmp_path), ["cat-all-gather"])
    finally:
        os.umask(before)
    losses = tmp_path / "pytorchvideo/losses"
    originals = tmp_path / ".slowfast-stack/originals"
    for created in (
        losses / "__init__.py",
        losses / "soft_target_cross_entropy.py",
        originals.with_name("record.json"),
        *originals.iterdir(),
    ):
        assert mode_of(created) == 0o666 & ~umask


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_changed_since_its_patch(tree: Path) -> None:
    api.run(str(tree), [STATE])
    patched = (tree / CHECKPOINT).read_text()
    (tree / CHECKPOINT).write_text(patched + "\n# mine\n")
    refused(tree, "changed-since", CHECKPOINT, absent=True)
    refused(tree, "changed-since", CHECKPOINT, "scaler-state")
    assert api.run(str(tree), [STATE])["changed"] is False
    (tree / CHECKPOINT).write_text(patched)
    assert api.run(str(tree), absent=True)["changed"] is True


def test_a_new_checkout_over_a_patched_tree_is_patched_again(tree: Path) -> None:
    api.run(str(tree), [STATE])
    newer = b"# a newer commit\n" + small_trees.CHECKPOINT.encode()
    (tree / CHECKPOINT).write_bytes(newer)
    assert api.run(str(tree), [STATE])["changed"] is True
    api.run(str(tree), absent=True)
    assert (tree / CHECKPOINT).read_bytes() == newer


def test_a_killed_run_is_completed_by_the_next(tree: Path) -> None:
    """Killed between the record and the last file, each file is old or new."""
    write(tree, {"tools/train_net.py": small_trees.TRAIN.encode()})
    before = snapshot(tree)
    api.run(str(tree))
    (tree / CHECKPOINT).write_bytes(before[CHECKPOINT])
    assert api.run(str(tree))["changed"] is True
    assert api.run(str(tree))["changed"] is False
    (tree / CHECKPOINT).write_bytes(before[CHECKPOINT])
    api.run(str(tree), absent=True)
    assert snapshot(tree) == before


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"files": {"a": 1}, "commit": null}', b"\xff"])
def test_a_damaged_record(tree: Path, damage: bytes) -> None:
    api.run(str(tree), [STATE])
    (tree / ".slowfast-stack/record.json").write_bytes(damage)
    refused(tree, "damaged-record", "record.json", absent=True)


def test_a_record_of_the_first_schema_can_be_undone(tree: Path) -> None:
    before = snapshot(tree)
    api.run(str(tree), [STATE])
    path = tree / ".slowfast-stack/record.json"
    stored = json.loads(path.read_text())
    stored["schema"] = 1
    for entry in stored["files"].values():
        entry["repairs"] = entry.pop("patches")
    path.write_text(json.dumps(stored))
    assert api.run(str(tree), ["scaler-state"])["changed"] is True
    assert json.loads(path.read_text())["schema"] == 2
    assert json.loads(path.read_text())["files"][CHECKPOINT]["patches"] == [STATE, "scaler-state"]
    api.run(str(tree), absent=True)
    assert snapshot(tree) == before


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_record_of_a_newer_schema_is_refused(tree: Path, state: str) -> None:
    api.run(str(tree), [STATE])
    path = tree / ".slowfast-stack/record.json"
    path.write_text(json.dumps({"schema": 3, "component": "slowfast", "future": {}}))
    before = snapshot(tree)
    with pytest.raises(StackError) as error:
        api.run(str(tree), ["scaler-state"], absent=state == "absent")
    assert error.value.code == "record.unsupported-schema"
    assert snapshot(tree) == before


def test_a_lost_original(tree: Path) -> None:
    api.run(str(tree), [STATE])
    for original in (tree / ".slowfast-stack/originals").iterdir():
        original.write_bytes(b"something else")
    refused(tree, "damaged-original", CHECKPOINT, absent=True)


def test_undoing_what_was_never_done_changes_nothing(tree: Path) -> None:
    result = api.run(str(tree), absent=True)
    assert result["changed"] is False
    assert result["patches"] == []


def test_check_mode_shows_the_change_and_writes_nothing(tree: Path) -> None:
    before = snapshot(tree)
    shown = api.run(str(tree), [STATE], check=True)
    assert shown["changed"] is True
    assert shown["patches"][0]["status"] == "affected"
    assert snapshot(tree) == before
    api.run(str(tree), [STATE])
    patched = snapshot(tree)
    assert patched[CHECKPOINT].decode() == shown["diff"][0]["after"]
    assert api.run(str(tree), absent=True, check=True)["changed"] is True
    assert snapshot(tree) == patched


def test_git_sees_the_patched_files_and_nothing_else(tree: Path) -> None:
    git = ["git", "-C", str(tree), "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a tree"]):
        subprocess.run([*git, *command], check=True)
    api.run(str(tree), [STATE])
    seen = subprocess.run([*git, "status", "--short"], check=True, capture_output=True, text=True)
    assert seen.stdout.split() == ["M", CHECKPOINT]
    record = json.loads((tree / ".slowfast-stack/record.json").read_bytes())
    assert record["files"][CHECKPOINT]["patches"] == [STATE]
    assert len(record["commit"]) == 40
    api.run(str(tree), absent=True)
    seen = subprocess.run([*git, "status", "--short"], check=True, capture_output=True, text=True)
    assert seen.stdout == ""
    assert not (tree / ".slowfast-stack").exists()


def test_an_installed_package_is_patched_by_its_folder(tree: Path) -> None:
    package = tree / "slowfast"
    result = api.run(str(package), [STATE])
    assert result["patches"][0]["files"] == ["utils/checkpoint.py"]
    api.run(str(package), absent=True)


def test_files_that_a_patch_creates_are_removed_by_undo(tmp_path: Path) -> None:
    write(tmp_path, small_trees.files("cat-all-gather", "pytorchvideo"))
    before = snapshot(tmp_path)
    api.run(str(tmp_path), ["cat-all-gather"])
    assert (tmp_path / "pytorchvideo/losses/__init__.py").read_bytes() == b""
    api.run(str(tmp_path), absent=True)
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "pytorchvideo/losses").exists()


def test_a_patch_of_another_component_is_not_applicable(tree: Path) -> None:
    result = api.run(str(tree), ["pil-linear"])
    assert result["changed"] is False
    assert result["patches"][0]["status"] == "not-applicable"


def test_the_versions_of_the_environment_choose_the_patches(tree: Path) -> None:
    versions = {"torch": "2.5.1", "numpy": "1.23.5"}
    chosen = {o.id for o in engine.examine(FolderTree(str(tree)), versions=versions).outcomes}
    assert "numpy-nan-alias" not in chosen
    assert {"torch-six", "optimizer-state", "cuda-amp", "checkpoint-weights-only"} <= chosen
    newest = {"torch": "2.11.0+cu130", "numpy": "2.4.6"}
    chosen = {o.id for o in engine.examine(FolderTree(str(tree)), versions=newest).outcomes}
    assert "torch-six" not in chosen
    assert {"checkpoint-weights-only", "numpy-nan-alias"} <= chosen


def test_an_exported_patch_says_what_it_is_for(tree: Path) -> None:
    patches = export.patch_files(FolderTree(str(tree)), [STATE, "scaler-state"])
    heads = {name: data.decode().partition("\n---\n")[0] for name, data in patches.items()}
    assert set(heads) == {f"{STATE}.patch", "scaler-state.patch"}
    assert "Issues: SF#108 SF#478 SF#688 D2#898" in heads[f"{STATE}.patch"]
    assert "Issues" not in heads["scaler-state.patch"]
    assert "KeyError: 'scaler_state'" in heads["scaler-state.patch"]
    assert all(
        f"\ndiff --git a/{CHECKPOINT} b/{CHECKPOINT}\n" in d.decode() for d in patches.values()
    )
    assert not any("Against" in head for head in heads.values())


def test_each_exported_patch_applies_alone(tree: Path, tmp_path: Path) -> None:
    before = snapshot(tree)
    crlf = before[CHECKPOINT].replace(b"\n", b"\r\n").rstrip(b"\r\n")
    (tree / CHECKPOINT).write_bytes(crlf)
    api.run(str(tree), [STATE])
    patches = export.patch_files(FolderTree(str(tree)))
    assert {f"{STATE}.patch", "scaler-state.patch"} <= set(patches)
    api.run(str(tree), absent=True)
    for name, patch in patches.items():
        file = tmp_path / name
        file.write_bytes(patch)
        subprocess.run(["git", "init", "-q", str(tree)], check=True)
        subprocess.run(["git", "apply", str(file)], cwd=tree, check=True)
        applied = (tree / CHECKPOINT).read_bytes()
        (tree / CHECKPOINT).write_bytes(crlf)
        api.run(str(tree), [name[: -len(".patch")]])
        assert (tree / CHECKPOINT).read_bytes() == applied
        api.run(str(tree), absent=True)
