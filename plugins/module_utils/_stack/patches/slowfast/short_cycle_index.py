"""Datasets unpack the index of a multigrid short cycle twice."""

from __future__ import annotations

import ast

from ..model import (
    GIT_ONLY,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Source, dotted, find, function, same
from ..syntax.splices import remove, rewrite


def examine_index(source: Source) -> Finding:
    """Detect a dataset that unpacks the index of a short cycle twice."""
    getters = [
        function(source.tree, f"{node.name}.__getitem__")
        for node in source.tree.body
        if isinstance(node, ast.ClassDef)
    ]
    getter = next((found for found in getters if found), None)
    if getter is None:
        return not_applicable("No class of this file has __getitem__.")
    branch = next((node for node in find(getter, ast.If) if is_tuple_test(node)), None)
    if branch is None:
        return not_applicable("The dataset has no short cycle.")
    index = branch.test.args[0].id  # type: ignore[attr-defined]
    wanted, first = [index, "short_cycle_idx"], branch.body[0]
    if _unpacked(first) == wanted:
        return already_applied()
    second = _second(branch)
    if _unpacked(first) != [index, "self._num_yielded"] or _unpacked(second) != wanted:
        return unknown("Method __getitem__ does not unpack the index as expected.")
    one = f"{index}, short_cycle_idx = {index}"
    return affected(rewrite(source, first, one), remove(source, branch.body[1]))


def is_tuple_test(node: ast.If) -> bool:
    """Return whether an ``if`` asks for ``isinstance(index, tuple)``."""
    return any(same(node.test, f"isinstance({name}, tuple)") for name in ("index", "idx"))


def _second(branch: ast.If) -> ast.stmt | None:
    """Return the second unpacking, which depends on MULTIGRID.SHORT_CYCLE."""
    inner_if = branch.body[-1]
    if branch.body[2:] or not isinstance(inner_if, ast.If):
        return None
    fits = same(inner_if.test, "self.cfg.MULTIGRID.SHORT_CYCLE") and len(inner_if.body) == 1
    inner = inner_if.body[0]
    if isinstance(inner, ast.If) and is_tuple_test(inner):  # a fork guards it like this
        inner = inner.body[0]
    return inner if fits else None


def _unpacked(node: ast.stmt | None) -> list[str]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
        return [dotted(name) for name in node.targets[0].elts]
    return []


PATCH = Patch(
    id="short-cycle-index",
    component="slowfast",
    title="Unpack the index of a short cycle once",
    symptom="TypeError: cannot unpack non-iterable int object",
    reason="The batch sampler yields pairs; the datasets unpack them twice (since 99a655b).",
    sites=tuple(
        Site(f"slowfast/datasets/{name}.py", examine_index)
        for name in ("kinetics", "ssv2", "charades", "ava_dataset")
    ),
    origins=GIT_ONLY,
)
