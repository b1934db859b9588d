"""Files that another release saved: a newer one is refused, an older or a damaged one is no result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import notices, saved
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    manifest,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    current_stack,
    evidence,
    lock,
    miniforge,
    prefix,
    proof,
    stack_files,
    stacks,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import from_lock

ID = "1" * 12
UNSUPPORTED = "record.unsupported-schema"


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A prefix with one stack that has a recorded proof."""
    folder = tmp_path / "stacks" / ID
    (folder / "env").mkdir(parents=True)
    (folder / "proof" / "program").mkdir(parents=True)
    (folder / "proof" / "plan.json").write_text('{"id": "one"}')
    return folder


def subject(stack: Path) -> evidence.Subject:
    return evidence.own_subject(stack)


def record(stack: Path, schema: int | None) -> None:
    found = {"ok": True, "fingerprint": evidence.fingerprint(subject(stack)), "claims": []}
    schemas = {} if schema is None else {"schema": schema}
    stack_files.save(stack, stack_files.taken(stack))
    (stack / "proof" / evidence.EVIDENCE).write_text(json.dumps({**schemas, **found}))


def history(prefix_: Path, schema: int) -> None:
    text = json.dumps({"schema": schema, "switches": [ID]})
    (prefix_ / current_stack.HISTORY).write_text(text)


def test_evidence_of_this_schema_holds_and_of_an_older_one_does_not(stack: Path) -> None:
    record(stack, evidence.SCHEMA)
    assert proof.recorded(Commands(), subject(stack))
    record(stack, None)
    assert proof.recorded(Commands(), subject(stack)) is None
    assert stacks.listed(stack.parents[1])[0].state == stacks.UNPROVEN


def test_evidence_of_a_newer_release_is_refused_and_its_stack_is_listed(stack: Path) -> None:
    record(stack, evidence.SCHEMA + 1)
    with pytest.raises(StackError) as caught:
        proof.recorded(Commands(), subject(stack))
    assert caught.value.code == UNSUPPORTED
    (found,) = stacks.listed(stack.parents[1])
    assert found.state == stacks.NEWER
    with pytest.raises(StackError) as caught:
        stacks.chosen([found], ID, unproven=False)
    assert caught.value.code == "stack.unproven"


def test_a_plan_of_another_release_has_no_versions(stack: Path) -> None:
    record(stack, evidence.SCHEMA)
    for text in ('{"schema": 9}', "[]", "null", '{"python": "3.11", "torch": null}'):
        (stack / "proof" / "plan.json").write_text(text)
        assert stacks.listed(stack.parents[1])[0].versions == {}


def _switch(folder: Path) -> None:
    history(folder, current_stack.SCHEMA + 1)
    stacks.switch(folder, ID)


def _claim(folder: Path) -> None:
    text = json.dumps({"owner": "slowfast.stack", "schema": prefix.SCHEMA + 1})
    (folder / prefix.MARKER).write_text(text)
    prefix.refuse_foreign(folder)


def _conda(folder: Path) -> None:
    text = json.dumps({"schema": miniforge.SCHEMA + 1, "version": "26.3.2-3"})
    (folder / miniforge.RECORD).write_text(text)
    miniforge.installed(folder)


def _locked(_folder: Path) -> None:
    from_lock.read({"format": lock.FORMAT, "schema": lock.SCHEMA + 1}, "lock")


def _locked_before(_folder: Path) -> None:
    from_lock.read({"format": lock.FORMAT, "schema": 1}, "lock")


@pytest.mark.parametrize("use", [_switch, _claim, _conda, _locked, _locked_before])
def test_files_of_another_release_are_refused(use: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "stacks" / ID).mkdir(parents=True)
    with pytest.raises(StackError) as caught:
        use(tmp_path)
    assert caught.value.code == UNSUPPORTED


@dataclass(frozen=True)
class Saved:
    a: int
    schema: int = 2


DAMAGED = ["", "{", "[]", "null", "{}", '{"schema": "x"}', '{"schema": 1, "a": 1}', '{"schema": 2}']


@pytest.mark.parametrize("text", [*DAMAGED, '{"schema": 2, "a": "x"}'])
def test_a_damaged_or_older_file_is_no_result(text: str, tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    assert saved.load(Saved, path, 2) is None
    path.write_text(text)
    assert saved.load(Saved, path, 2) is None


def test_a_damaged_file_is_said_and_a_missing_or_older_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    with notices.collected() as said:
        saved.load(Saved, path, 2)
        for text in ('{"schema": 1}', "{}"):
            path.write_text(text)
            saved.load(Saved, path, 2)
    assert said == []
    for text in (
        "",
        "{",
        "[]",
        "null",
        '{"schema": "x"}',
        '{"schema": 2}',
        '{"schema": 2, "a": "x"}',
    ):
        path.write_text(text)
        with notices.collected() as said:
            assert saved.load(Saved, path, 2) is None
        (found,) = said
        assert found.startswith(f"[record.unreadable] {path}")
        assert saved.AGAIN in found
        assert "Correct" not in found


def test_the_mode_of_a_saved_file_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    for number, mask in enumerate((0o000, 0o077, 0o777)):
        before = os.umask(mask)
        try:
            saved.save(tmp_path / str(number), Saved(1))
        finally:
            os.umask(before)
        assert (tmp_path / str(number)).stat().st_mode & 0o7777 == 0o644


def test_a_file_of_this_schema_is_read(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    path.write_text('{"schema": 2, "a": 1, "b": 2}')
    assert saved.load(Saved, path, 2) == Saved(1)
    saved.save(path, Saved(3))
    assert saved.load(Saved, path, 2) == Saved(3)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"schema": 2}', UNSUPPORTED),
        ('{"schema": "new"}', "record.unreadable"),
        ("[1]", "record.unreadable"),
        ("\xff", "record.unreadable"),
    ],
)
def test_a_file_of_a_data_set_that_cannot_be_read_is_refused(
    text: str, code: str, tmp_path: Path
) -> None:
    tree = dataset.layout(str(tmp_path))
    for path in (tree.state / "dataset.json", tree.manifest_of("one")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    for read in (lambda: dataset.load(tree), lambda: manifest.read(tree, "one")):
        with pytest.raises(StackError) as caught:
            read()
        assert caught.value.code == code


def test_the_numbers_of_a_data_set_are_read_with_and_without_a_schema(tmp_path: Path) -> None:
    tree = dataset.layout(str(tmp_path))
    numbers = dataset.DataSet(frames=90)
    dataset.save(tree, numbers)
    assert dataset.load(tree) == numbers
    (tree.state / "dataset.json").write_text('{"frames": 90}')
    assert dataset.load(tree) == numbers


@pytest.mark.parametrize(
    ("schema", "code"), [(1, ""), (2, UNSUPPORTED), ("1", ""), (None, ""), (-1, "")]
)
def test_a_record_of_files_of_a_newer_release_is_refused(
    stack: Path, schema: object, code: str
) -> None:
    (stack / "proof" / stack_files.FILE).write_text(json.dumps({"schema": schema, "files": {}}))
    if code:
        with pytest.raises(StackError) as caught:
            stack_files.load(stack)
        assert caught.value.code == code
        return
    with notices.collected() as said:
        found = stack_files.load(stack)
    assert (found is not None, bool(said)) == (schema == 1, schema != 1)
