"""The prefix: claimed once, never taken from another program, never started without disk space."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import disk_space, notices
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.evidence import (
    PLAN_SCHEMA,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.prefix import (
    MARKER,
    SYSTEM_WIDE,
    claim,
    current_plan,
    default_prefix,
    refuse_foreign,
    require_disk_space,
    resolve,
)
from ansible_collections.slowfast.stack.plugins.modules import prefix as module
from support.errors import fails
from support.users import as_user, user_folder


def test_a_new_or_empty_prefix_is_claimed_once(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    refuse_foreign(prefix)
    assert claim(prefix, prefix / "stacks" / "one") is True
    assert claim(prefix, prefix / "stacks" / "one") is False
    refuse_foreign(prefix)


def test_a_prefix_of_another_program_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with fails("prefix.foreign", "thesis.tex", "--prefix"):
        refuse_foreign(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_prefix_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with fails("prefix.not-a-folder"):
        refuse_foreign(tmp_path / "file")


def test_too_little_space_is_refused_with_both_figures(tmp_path: Path) -> None:
    with fails("disk.full", "999999999 MiB"):
        require_disk_space(tmp_path / "new", tmp_path / "new" / "stacks" / "x", 999_999_999)


def test_a_proven_stack_needs_no_more_space(tmp_path: Path) -> None:
    (tmp_path / "stack" / "proof").mkdir(parents=True)
    (tmp_path / "stack" / "proof" / "evidence.json").touch()
    require_disk_space(tmp_path, tmp_path / "stack", 999_999_999)


def test_a_prefix_that_may_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with fails("prefix.not-writable"):
        claim(tmp_path / "file" / "prefix", tmp_path / "file" / "prefix" / "stacks" / "x")


def test_the_default_prefix_depends_on_who_runs_it() -> None:
    assert default_prefix(root=True, home=Path("/root")) == Path("/opt/slowfast-stack")
    assert default_prefix(root=False, home=Path("/home/u")) == Path(
        "/home/u/.local/share/slowfast-stack"
    )


def test_a_prefix_is_absolute_or_the_default_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve("here") == tmp_path / "here"
    assert resolve("~/there") == tmp_path / "there"
    own = tmp_path / ".local/share/slowfast-stack"
    assert resolve(None) == resolve("") == (SYSTEM_WIDE if os.geteuid() == 0 else own)


def test_exactly_enough_space_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "free_bytes", lambda _: 5 * 2**20)
    require_disk_space(tmp_path / "new", tmp_path / "new/stacks/x", 5)
    with pytest.raises(StackError) as caught:
        require_disk_space(tmp_path / "new", tmp_path / "new/stacks/x", 6)
    assert caught.value.code == "disk.full"
    assert "5 MiB" in caught.value.message
    assert "6 MiB" in caught.value.cause


def test_a_claimed_prefix_says_whose_it_is_and_only_that_file_counts(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    claim(prefix, prefix / "stacks/one")
    assert json.loads((prefix / MARKER).read_text()) == {"owner": "slowfast.stack", "schema": 1}
    (prefix / "more").touch()
    refuse_foreign(prefix)
    assert claim(prefix, prefix / "stacks/two") is True
    (prefix / MARKER).unlink()
    assert claim(prefix, prefix / "stacks/two") is True


def test_a_prefix_whose_claim_was_killed_is_claimed_by_the_next_run(tmp_path: Path) -> None:
    (tmp_path / f".{MARKER}.new").touch()
    refuse_foreign(tmp_path)
    claim(tmp_path, tmp_path / "stacks/one")
    assert sorted(path.name for path in tmp_path.iterdir()) == [MARKER, "stacks"]


@pytest.mark.parametrize("text", ["", "[]", "null", '{"schema": 1, "owner": 5}', '{"sch'])
def test_a_damaged_marker_is_said_and_written_again(text: str, tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text(text)
    (tmp_path / "stacks").mkdir()
    with notices.collected() as said:
        refuse_foreign(tmp_path)
        claim(tmp_path, tmp_path / "stacks/one")
    assert said[0].startswith("[record.unreadable] ")
    assert MARKER in said[0]
    assert json.loads((tmp_path / MARKER).read_text()) == {"owner": "slowfast.stack", "schema": 1}


@pytest.mark.parametrize("text", ["", "[]", "null", '{"id": '])
def test_a_damaged_plan_does_not_keep_up_from_making_a_new_one(text: str, tmp_path: Path) -> None:
    name = "a" * 12
    claim(tmp_path, tmp_path / "stacks" / name)
    path = tmp_path / "stacks" / name / "proof" / "plan.json"
    path.parent.mkdir()
    path.write_text(text)
    (tmp_path / "current").symlink_to(f"stacks/{name}")
    given = {
        "path": str(tmp_path),
        "plan": {"id": name, "needs_disk_mib": 1},
        "current": None,
        "installed": False,
    }
    assert module.act(given, check=False)["current_plan"] is None
    with fails("record.unreadable", "plan.json", "slowfast-stack up"):
        module.act({**given, "plan": None}, check=False)


def test_the_plan_of_another_stack_is_not_that_of_the_current_one(tmp_path: Path) -> None:
    name, given = (
        "a" * 12,
        {"path": str(tmp_path), "plan": None, "current": None, "installed": False},
    )
    proof = tmp_path / "stacks" / name / "proof"
    proof.mkdir(parents=True)
    (proof / "plan.json").write_text(json.dumps({"schema": PLAN_SCHEMA, "id": "../../evil"}))
    (tmp_path / "current").symlink_to(f"stacks/{name}")
    with fails("record.unreadable", "../../evil"):
        module.act(given, check=False)
    # Nor is a folder elsewhere the current stack.
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "stacks").rename(tmp_path / "elsewhere")
    found = module.act(given, check=False)
    assert (found["current_plan"], found["stack"]) == (None, str(tmp_path / "current"))


@pytest.mark.parametrize("name", ["../../evil", "/evil", "one", None, 7])
def test_no_folder_is_claimed_but_that_of_a_stack(tmp_path: Path, name: object) -> None:
    plan = {"id": name, "needs_disk_mib": 1}
    with fails("data.invalid-value"):
        module.act(
            {"path": str(tmp_path / "prefix"), "plan": plan, "current": None, "installed": False},
            check=False,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_prefix_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text('{"owner": "slowfast.stack", "schema": 2}')
    with pytest.raises(StackError) as caught:
        refuse_foreign(tmp_path)
    assert caught.value.code == "record.unsupported-schema"


def test_the_current_plan_is_that_of_the_current_stack(tmp_path: Path) -> None:
    assert current_plan(tmp_path) is None
    proof = tmp_path / "stacks/one/proof"
    proof.mkdir(parents=True)
    (tmp_path / "current").symlink_to(tmp_path / "stacks/one")
    assert current_plan(tmp_path) is None
    plan = {"schema": PLAN_SCHEMA, "id": "x"}
    (proof / "plan.json").write_text(json.dumps(plan))
    assert current_plan(tmp_path) == plan
    (proof / "plan.json").write_text(json.dumps({**plan, "schema": PLAN_SCHEMA + 1}))
    with fails("record.unsupported-schema", "plan.json"):
        current_plan(tmp_path)


def test_a_user_may_not_claim_a_folder_of_another_and_it_stays_empty() -> None:
    with user_folder() as folder:
        folder.chmod(0o555)

        def act() -> None:
            with pytest.raises(StackError) as caught:
                claim(folder / "prefix", folder / "prefix/stacks/x")
            assert caught.value.code == "prefix.not-writable"

        as_user(act)
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize("text", ["[]", "5", "null", '{"id": '])
def test_a_damaged_plan_of_the_current_stack_is_an_error(tmp_path: Path, text: str) -> None:
    plan = tmp_path / "current" / "proof" / "plan.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(text, encoding="utf-8")
    with fails("record.unreadable", plan):
        current_plan(tmp_path)
    plan.unlink()
    assert current_plan(tmp_path) is None
