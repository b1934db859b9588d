"""Every error has a code of its own kind, and the table explains exactly the codes in use."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.error_codes import CODES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms.table import SYMPTOMS

from slowfast_stack.training.fake_runtime import HINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
FORM = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*")


class Call(NamedTuple):
    """A call that builds an error, or that raises one for a command that fails."""

    place: str
    name: str
    code: ast.expr | None
    empty: tuple[str, ...]  # parts that are missing or ""


@cache
def trees() -> dict[Path, ast.Module]:
    folders = ("plugins", "src", "scripts")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(paths)}


@cache
def family() -> dict[str, str]:
    """Return the error classes by name, with the code that each sets for all its errors."""
    found = {"StackError": ""}
    classes = [node for tree in trees().values() for node in ast.walk(tree)]
    for _depth in range(3):
        for node in classes:
            if isinstance(node, ast.ClassDef) and {ast.unparse(b) for b in node.bases} & {*found}:
                found[node.name] = next(iter(texts(node)), "")
    return found


def texts(node: ast.ClassDef) -> Iterator[str]:
    for line in node.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
            yield ast.literal_eval(line.value)


def own_names(tree: ast.Module) -> set[str]:
    """Return the classes of a file that share a name with an error and are none."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {node.name for node in classes if not {ast.unparse(b) for b in node.bases} & {*family()}}


def calls() -> Iterator[Call]:
    for path, tree in trees().items():
        others = own_names(tree) - {"StackError"}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            command = name == "checked" and "_results" not in ast.unparse(node.func)
            if (name in family() and name not in others) or (command and len(node.args) > 1):
                code = next((word.value for word in node.keywords if word.arg == "code"), None)
                empty = () if command else tuple(empty_parts(node))
                yield Call(f"{path.relative_to(ROOT)}:{node.lineno}", name, code, empty)


def empty_parts(node: ast.Call) -> Iterator[str]:
    given: dict[str | None, ast.expr] = dict(
        zip(("message", "cause", "hint"), node.args, strict=False)
    )
    if any(isinstance(part, ast.Starred) for part in node.args):
        return
    given |= {word.arg: word.value for word in node.keywords}
    for part in ("message", "cause", "hint"):
        value = given.get(part)
        branches = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
        if any(each is None or getattr(each, "value", None) == "" for each in branches):
            yield part


def test_every_error_has_a_message_a_cause_and_a_hint() -> None:
    made_by_the_class = {"DamagedBundle", "Interrupted"}
    assert not [
        (call.place, call.empty)
        for call in calls()
        if call.empty and call.name not in made_by_the_class
    ]


def test_every_error_is_raised_with_a_code() -> None:
    bare = [call.place for call in calls() if call.code is None and not family().get(call.name)]
    assert not bare, f"give these errors a code (table: core/error_codes.py): {bare}"


def test_the_table_has_exactly_the_codes_in_use() -> None:
    used = {call.code.value for call in calls() if isinstance(call.code, ast.Constant)}
    used |= {code for code in family().values() if code}
    used |= {"ansible.task-failed", "host.unreachable", "host.invalid-answer"}  # of a run
    used |= {row.code for row in SYMPTOMS if row.code} | {"packages.failed"} | set(HINTS)
    used |= {task["code"] for _, task in refusals() if "{{" not in task["code"]}
    assert set(CODES) == used


def tasks(value: object) -> Iterator[dict[str, Any]]:
    """Yield every mapping of a YAML file: plays, blocks and tasks."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from tasks(inner)


def refusals() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every refusal of the roles and playbooks, with its place."""
    for place, task in yaml_tasks():
        if "slowfast.stack.refuse" in task:
            yield place, task["slowfast.stack.refuse"]


def yaml_tasks() -> Iterator[tuple[str, dict[str, Any]]]:
    files = sorted((*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")))
    assert files
    for path in files:
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT)}: {task.get('name')}", task


def test_a_role_fails_only_with_a_code_a_cause_and_a_hint() -> None:
    bare = {"ansible.builtin.fail", "ansible.builtin.assert", "fail", "assert"}
    found = [place for place, task in yaml_tasks() if bare & task.keys()]
    assert not found, f"use slowfast.stack.refuse: {found}"
    for place, refusal in refusals():
        assert refusal.keys() == {"code", "msg", "cause", "hint"}, place
        assert all(refusal.values()), place


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_row_says_cause_and_remedy(code: str) -> None:
    assert FORM.fullmatch(code)
    assert CODES[code].cause.endswith(".")
    assert CODES[code].remedy.endswith(".")


def test_a_code_of_a_class_is_overridden_at_the_raise_site() -> None:
    class Special(StackError):
        code = "a.b"

    assert Special("text").to_dict() == {"code": "a.b", "message": "text", "cause": "", "hint": ""}
    assert Special("text", code="c.d").code == "c.d"
