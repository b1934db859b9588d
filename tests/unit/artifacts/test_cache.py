"""What the cache of artifacts believes, and artifacts that another host has built."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import (
    cache,
    transfer,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import (
    archive_name,
    key_of,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import notices
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support.errors import fails
from support.users import as_user, user_folder

WHEEL = "tree-1.0-py3-none-any.whl"


@dataclass
class Recipe:
    """A file that is written at once; how often is counted."""

    inputs: dict[str, str] = field(default_factory=lambda: {"b": "2", "a": "1"})
    fails: str = ""
    built: int = 0

    def build(self, _commands: Commands, work: Path) -> Path:
        self.built += 1
        ready = work / "ready"
        (ready / "lib").mkdir(parents=True, exist_ok=True)
        (ready / WHEEL).write_text("wheel")
        (ready / "lib/real").write_text("x")
        if not (ready / "lib/link").is_symlink():
            (ready / "lib/link").symlink_to("real")
        if self.fails == "build":
            raise StackError("No.", code="test.no")
        return ready

    def verify(self, _commands: Commands, folder: Path) -> None:
        if self.fails == "verify" or not self.path(folder).is_file():
            raise StackError("No.", "It does not run.", code="test.no")

    def examine(self, folder: Path) -> None:
        self.verify(Commands(), folder)

    def path(self, folder: Path) -> Path:
        return folder / WHEEL


def test_a_key_is_the_sha_256_of_all_inputs_in_any_order() -> None:
    key = key_of({"b": "2", "a": "1"})
    assert key == key_of({"a": "1", "b": "2"})
    assert key == "0e09eeab5bdeab40e2af08a4432d53de29fc2ba94dfa38fae0871d749681cf68"
    assert key != key_of({"a": "1", "b": "3"})
    assert key != key_of({"a": "1"})
    assert archive_name(key) == f"{key}.tar.gz"


def test_the_manifest_lists_every_file_and_the_inputs(tmp_path: Path) -> None:
    recipe = Recipe()
    made, built = cache.build(Commands(), tmp_path, recipe)
    assert built is True
    assert set(made.files) == {WHEEL, "lib/real", "lib/link"}
    assert made.files["lib/link"] == made.files["lib/real"]
    manifest = json.loads((made.folder / cache.MANIFEST).read_text())
    assert manifest["schema"] == cache.SCHEMA
    assert (manifest["inputs"], manifest["files"]) == (recipe.inputs, dict(made.files))
    assert 0 <= manifest["seconds"] < 60
    key = key_of(recipe.inputs)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([key, f"{key}.lock"])
    assert cache.build(Commands(), tmp_path, recipe) == (cache.find(tmp_path, key), False)
    assert recipe.built == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": 1, "inputs": {}}',
        '{"schema": 9, "inputs": {}, "files": {}, "seconds": 1}',
    ],
)
def test_a_manifest_that_cannot_be_read_is_no_artifact(tmp_path: Path, text: str) -> None:
    made, _ = cache.build(Commands(), tmp_path, Recipe())
    (made.folder / cache.MANIFEST).write_text(text)
    assert cache.read_manifest(made.folder) is None
    assert list(cache.find_all(tmp_path)) == []
    with notices.collected() as said:
        assert cache.build(Commands(), tmp_path, Recipe())[1] is True
    assert "[artifact.damaged]" in said[0]


def test_all_artifacts_are_listed_in_the_order_of_their_keys(tmp_path: Path) -> None:
    recipes = [Recipe({"n": str(number)}) for number in range(4)]
    for recipe in recipes:
        cache.build(Commands(), tmp_path, recipe)
    (tmp_path / "other").mkdir()
    keys = [key_of(artifact.inputs) for artifact in cache.find_all(tmp_path)]
    assert keys == sorted(key_of(recipe.inputs) for recipe in recipes)


@pytest.mark.parametrize("harm", ["added", "removed", "changed", "renamed"])
def test_a_file_that_differs_makes_it_built_again(tmp_path: Path, harm: str) -> None:
    made, _ = cache.build(Commands(), tmp_path, Recipe())
    wheel = made.folder / WHEEL
    if harm == "added":
        (made.folder / "more").touch()
    elif harm == "removed":
        wheel.unlink()
    elif harm == "changed":
        wheel.write_text("whee1")
    else:
        made.folder.rename(tmp_path / ("0" * 64))
        assert cache.load(tmp_path / ("0" * 64), "0" * 64) is None
    recipe = Recipe()
    assert cache.find(tmp_path, key_of(recipe.inputs)) is None
    with notices.collected() as said:
        assert cache.build(Commands(), tmp_path, recipe)[1] is True
    assert [text.partition(" ")[0] for text in said] == ["[artifact.damaged]"] * (harm != "renamed")
    assert wheel.read_text() == "wheel"
    with notices.collected() as said:
        assert cache.build(Commands(), tmp_path, recipe)[1] is False
    assert said == []


def test_a_file_that_is_named_like_the_manifest_is_listed_too(tmp_path: Path) -> None:
    made, _ = cache.build(Commands(), tmp_path, Recipe())
    (made.folder / "lib" / cache.MANIFEST).write_text("{}")
    assert cache.find(tmp_path, key_of(made.inputs)) is None


@pytest.mark.parametrize("fails", ["build", "verify"])
def test_a_build_that_fails_publishes_nothing_and_keeps_what_it_has(
    tmp_path: Path, fails: str
) -> None:
    recipe = Recipe(fails=fails)
    with pytest.raises(StackError):
        cache.build(Commands(), tmp_path, recipe)
    key = key_of(recipe.inputs)
    assert cache.find(tmp_path, key) is None
    assert (tmp_path / f"{key}.work/ready" / WHEEL).exists()
    assert cache.build(Commands(), tmp_path, Recipe())[1] is True
    assert not (tmp_path / f"{key}.work").exists()


def test_a_wheel_of_another_host_is_used_and_never_built(tmp_path: Path) -> None:
    there, here, recipe = tmp_path / "there", tmp_path / "here", Recipe()
    here.mkdir()
    made, _ = cache.build(Commands(), there, recipe)
    archive = here / archive_name(key_of(recipe.inputs))
    transfer.export_archive(made, archive)
    assert transfer.import_archive(Commands(), here, recipe, archive) is None
    assert not archive.exists()
    found, built = cache.build(Commands(), here, recipe)
    assert (built, recipe.built) == (False, 1)
    assert recipe.path(found.folder).read_text() == "wheel"
    assert (found.files, found.inputs, found.seconds) == (made.files, made.inputs, made.seconds)


def test_one_that_is_here_already_is_not_replaced_by_a_copy(tmp_path: Path) -> None:
    recipe = Recipe()
    made, _ = cache.build(Commands(), tmp_path, recipe)
    before = made.folder.stat().st_ino
    archive = tmp_path / archive_name(key_of(recipe.inputs))
    transfer.export_archive(made, archive)
    assert transfer.import_archive(Commands(), tmp_path, recipe, archive) is None
    assert made.folder.stat().st_ino == before


def test_a_copy_that_does_not_run_here_is_refused_with_the_reason(tmp_path: Path) -> None:
    made, _ = cache.build(Commands(), tmp_path / "there", Recipe())
    (tmp_path / "here").mkdir()
    archive = tmp_path / "here" / archive_name(key_of(made.inputs))
    transfer.export_archive(made, archive)
    here = tmp_path / "here"
    refused = transfer.import_archive(Commands(), here, Recipe(fails="verify"), archive)
    assert refused
    assert "It does not run." in refused
    assert [path.suffix for path in here.iterdir()] == [".lock"]


def test_a_cache_that_may_not_be_written_is_an_error_and_stays_as_it_is() -> None:
    with user_folder() as folder:
        folder.chmod(0o555)

        def act() -> None:
            with pytest.raises((StackError, PermissionError)):
                cache.build(Commands(), folder, Recipe())

        as_user(act)
        assert list(folder.iterdir()) == []


def test_a_build_that_has_made_nothing_leaves_no_folder(tmp_path: Path) -> None:
    class Failing(Recipe):
        def build(self, _commands: Commands, work: Path) -> Path:
            assert list(work.iterdir()) == []
            raise StackError("No.", code="test.no")

    with pytest.raises(StackError):
        cache.build(Commands(), tmp_path, Failing())
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_what_an_interrupted_build_left_goes_where_the_artifact_is_there(tmp_path: Path) -> None:
    made, _ = cache.build(Commands(), tmp_path, Recipe())
    left = tmp_path / f"{made.folder.name}.work"
    (left / "half").mkdir(parents=True)
    assert cache.build(Commands(), tmp_path, Recipe()) == (made, False)
    assert not left.exists()


def test_a_link_is_inside_where_it_names_a_file_of_the_artifact(tmp_path: Path) -> None:
    made, _ = cache.build(Commands(), tmp_path, Recipe())
    assert cache.leading_out(made) == []
    (made.folder / "lib" / "up").symlink_to(f"../{WHEEL}")
    assert cache.leading_out(made) == []
    (made.folder / "lib" / "out").symlink_to("../../x")
    (made.folder / "tool").symlink_to("/usr/bin/ffmpeg")
    assert sorted(cache.leading_out(made)) == ["lib/out", "tool"]
    own = replace(made, inputs={"origin": "distribution"})
    assert cache.leading_out(own) == ["lib/out"]


class Other(Recipe):
    """A recipe whose second build gives other files."""

    def build(self, commands: Commands, work: Path) -> Path:
        assert list(work.iterdir()) == []
        ready = super().build(commands, work)
        if self.fails == "more":
            (ready / "more").touch()
        elif self.fails == "less":
            (ready / WHEEL).unlink()
        elif self.fails == "other":
            (ready / WHEEL).write_text("other")
        return ready


@pytest.mark.parametrize(
    ("fails_", "name", "count"),
    [("", "", 0), ("more", "more", 1), ("less", WHEEL, 1), ("other", WHEEL, 1)],
)
def test_an_artifact_is_built_again_and_compared(
    tmp_path: Path, fails_: str, name: str, count: int
) -> None:
    artifact, _new = cache.build(Commands(), tmp_path, Recipe())
    left = tmp_path / f"{key_of(artifact.inputs)}.again"
    left.mkdir()
    (left / "of a killed process").touch()
    recipe = Other(fails=fails_)
    if not fails_:
        cache.require_same(Commands(), tmp_path, recipe, artifact)
    else:
        with fails("artifact.not-reproduced", f"{count} files differ, such as {name}"):
            cache.require_same(Commands(), tmp_path, recipe, artifact)
    assert recipe.built == 1
    assert not left.exists()
    assert cache.find(tmp_path, key_of(artifact.inputs)) == artifact


def test_a_second_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    artifact, _new = cache.build(Commands(), tmp_path, Recipe())
    with fails("test.no"):
        cache.require_same(Commands(), tmp_path, Other(fails="build"), artifact)
    assert not (tmp_path / f"{key_of(artifact.inputs)}.again").exists()


GOOD = {"schema": 1, "inputs": {"a": "1"}, "files": {"lib/x": "0" * 64}, "seconds": 1.5}


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({}, True),
        ({"seconds": 1}, True),
        ({"more": 1}, True),
        ({"inputs": {}, "files": {}}, True),
        ({"files": {"lib/x": "0" * 63}}, False),
        ({"files": {"lib/x": 1}}, False),
        ({"files": {"../x": "0" * 64}}, False),
        ({"files": []}, False),
        ({"inputs": {"a": 1}}, False),
        ({"inputs": None}, False),
        ({"seconds": None}, False),
        ({"seconds": "1"}, False),
        ({"schema": 2}, False),
        ({"schema": 0}, False),
        ({"schema": True}, False),
        ({"schema": 1.0}, False),
        ({"schema": None}, False),
    ],
)
def test_which_manifest_of_an_artifact_is_read(
    tmp_path: Path, change: dict[str, object], *, read: bool
) -> None:
    data = {**GOOD, **change}
    found = cache.parse_manifest(json.dumps(data).encode(), tmp_path)
    expected = cache.Artifact(tmp_path, data["inputs"], data["files"], data["seconds"])  # type: ignore[arg-type]
    assert found == (expected if read else None)
    assert cache.parse_manifest(b"{", tmp_path) is None
    assert cache.read_manifest(tmp_path) is None
