"""A stack is as proven while everything that a later run would look at is as the proof left it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.filter.package_hashes import package_hashes
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    current_stack,
    evidence,
    lock,
    proven,
    stacks,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.prefix import MARKER
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.plugin_utils._converged import _agrees
from ansible_collections.slowfast.stack.plugins.plugin_utils._proof_program import program
from support import proven_prefix
from support.small_stack import host

SITE = proven_prefix.SITE


def plan_of(machine: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(planner.plan(machine).to_dict()))
    return {**found, "system_packages": []}


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """One of a prefix."""
    return proven_prefix.make(tmp_path / "prefix", host(), plan_of(host()), program())


def found(stack: Path) -> proven.Proven | None:
    """Ask as the module does."""
    folder = stack.parents[1]
    begun = proven.begun(folder)
    return proven.of(Commands(), folder, begun) if begun else None


def test_a_proven_stack_is_found_and_agrees_with_its_plan(stack: Path) -> None:
    made = found(stack)
    assert made
    assert (made.prefix, made.stack, made.id) == (str(stack.parents[1]), str(stack), stack.name)
    assert _agrees(made, host(), plan_of(host()))


def edit(path: str, text: str = "other\n") -> Callable[[Path], object]:
    def change(stack: Path) -> object:
        (stack / path).parent.mkdir(parents=True, exist_ok=True)
        return (stack / path).write_text(text)

    return change


def same_bytes(stack: Path) -> None:
    """A file that was replaced by an equal one: its record has to be renewed."""
    path = stack / SITE / "six.py"
    fresh = path.with_name("fresh")
    fresh.write_bytes(path.read_bytes())
    fresh.replace(path)


def restored_time(stack: Path) -> None:
    path = stack / SITE / "six.py"
    state = path.stat()
    path.write_text("six = 7\n")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def record(file: str, **changes: object) -> Callable[[Path], object]:
    def change(stack: Path) -> object:
        path = stack / "proof" / file
        return path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


def remove(path: str) -> Callable[[Path], object]:
    return lambda stack: (stack / path).unlink()


def another_current(stack: Path) -> None:
    (stack.parent / ("0" * 12)).mkdir()
    stacks.switch(stack.parents[1], "0" * 12)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file of a package changed": edit(f"{SITE}/six.py"),
    "a file changed and its time was set back": restored_time,
    "a file was replaced by an equal one": same_bytes,
    "a file was added": edit(f"{SITE}/new.pth"),
    "a file was removed": remove(f"{SITE}/six.py"),
    "a source changed": edit("src/slowfast/setup.py"),
    "the activation changed": edit("activate"),
    "the proof failed": record(evidence.EVIDENCE, ok=False),
    "the evidence is of something else": record(evidence.EVIDENCE, fingerprint="0" * 64),
    "the evidence is damaged": edit(f"proof/{evidence.EVIDENCE}", "{"),
    "the evidence is of a newer release": record(evidence.EVIDENCE, schema=evidence.SCHEMA + 1),
    "there is no evidence": remove(f"proof/{evidence.EVIDENCE}"),
    "the plan is another": record(evidence.PLAN, python="3.99"),
    "the plan has another id": record(evidence.PLAN, id="0" * 12),
    "the plan is damaged": edit(f"proof/{evidence.PLAN}", "{"),
    "the program is another": edit("proof/program/__main__.py"),
    "a file of the program was removed": remove("proof/program/__main__.py"),
    "the record of files was removed": remove("proof/files.json"),
    "the record of files is damaged": edit("proof/files.json", "{"),
    "the lock was edited": edit(lock.FILE, "{}\n"),
    "the lock was removed": remove(lock.FILE),
    "no one recorded what the lock was made from": remove(f"proof/{lock.WRITTEN}"),
    "another stack is current": another_current,
    "no stack is current": lambda stack: (stack.parents[1] / "current").unlink(),
    "the link leads elsewhere": lambda stack: (
        (stack.parents[1] / "current").unlink(),
        (stack.parents[1] / "current").symlink_to("/tmp"),  # noqa: S108
    ),
    "a newer release works in the prefix": lambda stack: (stack.parents[1] / MARKER).write_text(
        '{"owner": "slowfast.stack", "schema": 999}'
    ),
    "the history was not written": lambda stack: (
        stack.parents[1] / current_stack.HISTORY
    ).unlink(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_stack_is_not_as_proven_where(stack: Path, what: str) -> None:
    CHANGES[what](stack)
    assert found(stack) is None


def test_another_driver_is_another_evidence(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "version"
    driver.write_text("580.95.05\n")
    monkeypatch.setattr(evidence, "DRIVER", driver)
    assert found(stack) is None


def test_another_compiler_is_another_lock(tmp_path: Path) -> None:
    cc = tmp_path / "cc"
    cc.write_text("#!/bin/sh\necho cc 12.2\n")
    cc.chmod(0o755)
    plan = plan_of(host())
    plan["build"] = {**plan["build"], "cc": str(cc)}
    stack = proven_prefix.make(tmp_path / "prefix", host(), plan, program())
    assert found(stack)
    cc.write_text("#!/bin/sh\necho cc 12.3\n")
    assert found(stack) is None


def test_a_folder_without_a_prefix_has_none(tmp_path: Path) -> None:
    assert proven.begun(tmp_path) is None
    assert proven.begun(tmp_path / "absent") is None


PLANS: dict[str, dict[str, Any]] = {
    "another id": {"id": "0" * 12},
    "no plan": {"status": "no-plan"},
    "packages that are missing": {"system_packages": ["git"]},
    "a lock that is followed": {"locked": ["six==1.17.0"]},
    "another Python": {"python": "3.99"},
    "another action for the driver": {"driver": {"action": "install"}},
    "another network": {"network": "other"},
    "other patches": {"patches": []},
}


@pytest.mark.parametrize("what", PLANS)
def test_a_stack_does_not_agree_with(stack: Path, what: str) -> None:
    made = found(stack)
    assert made
    assert not _agrees(made, host(), {**plan_of(host()), **PLANS[what]})


@pytest.mark.parametrize(
    "change", [{"glibc": "2.99"}, {"architecture": "aarch64"}, {"driver": {"version": "1.2"}}]
)
def test_a_stack_does_not_agree_with_another_machine(stack: Path, change: dict[str, Any]) -> None:
    made = found(stack)
    assert made
    assert not _agrees(made, {**host(), **change}, plan_of(host()))


def test_the_inputs_of_a_lock_have_no_order(stack: Path) -> None:
    plan = plan_of(host())
    known = package_hashes(plan)
    backwards = dict(reversed(list(plan.items())))
    assert lock.inputs(plan, host(), known) == lock.inputs(backwards, host(), known[::-1])
    assert lock.inputs(plan, host(), known) != lock.inputs(plan, host(), [])
    assert stack.is_dir()
