"""Multigrid's short cycle: the sampler is missing on one process, the index is unpacked twice."""

from __future__ import annotations

import ast

from ..conditions import always
from ..model import Finding, Patch, Site, affected, already, not_here, unknown
from ..syntax.source_file import Source, dotted, find, function, same
from ..syntax.splices import Splice, after, remove, rewrite

FIXED = """
if cfg.NUM_GPUS > 1:
    sampler = DistributedSampler(dataset)
else:
    # Without a sampler the loader shuffles by itself, but the short cycle needs one.
    sampler = RandomSampler(dataset) if shuffle else None
"""
LOST = "function create_sampler chooses its sampler in another way."
IMPORT = "from torch.utils.data.sampler import RandomSampler"


def _examine_sampler(source: Source) -> Finding:
    create = function(source.tree, "create_sampler")
    if create is None:
        return not_here("There is no function create_sampler in this commit.")
    choices = [n for n in create.body if isinstance(n, ast.Assign) and _is_choice(n.value)]
    if len(choices) != 1:
        names = {name.id for name in find(create, ast.Name)}
        return already() if {"RandomSampler", "shuffle"} <= names else unknown(LOST)
    value = choices[0].value
    if isinstance(value, ast.IfExp) and same(value.orelse, "RandomSampler(dataset)"):
        return already("The sampler is there, but shuffles always: see fork-random-sampler.")
    return affected(rewrite(source, choices[0], FIXED), *with_random_sampler(source))


def with_random_sampler(source: Source) -> list[Splice]:
    """Return the edit that imports RandomSampler, if the file does not."""
    imports = [n for n in source.tree.body if isinstance(n, ast.ImportFrom)]
    if any(alias.name == "RandomSampler" for node in imports for alias in node.names):
        return []
    beside = [n for n in imports if n.module == "torch.utils.data.distributed"]
    return [after(source, (beside or imports)[-1], IMPORT)] if imports else []


def _is_choice(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.IfExp)
        and same(value.body, "DistributedSampler(dataset)")
        and same(value.test, "cfg.NUM_GPUS > 1")
    )


def _examine_index(source: Source) -> Finding:
    getters = [
        function(source.tree, f"{node.name}.__getitem__")
        for node in source.tree.body
        if isinstance(node, ast.ClassDef)
    ]
    getter = next((found for found in getters if found), None)
    if getter is None:
        return not_here("The dataset reads no index.")
    branch = next((node for node in find(getter, ast.If) if _asks_for_pair(node)), None)
    if branch is None:
        return not_here("The dataset knows no short cycle in this commit.")
    index = branch.test.args[0].id  # type: ignore[attr-defined]
    wanted, first = [index, "short_cycle_idx"], branch.body[0]
    if _unpacked(first) == wanted:
        return already()
    second = _second(branch)
    if _unpacked(first) != [index, "self._num_yielded"] or _unpacked(second) != wanted:
        return unknown("method __getitem__ unpacks a short cycle in another way.")
    one = f"{index}, short_cycle_idx = {index}"
    return affected(rewrite(source, first, one), remove(source, branch.body[1]))


def _examine_guard(source: Source) -> Finding:
    guards = [
        inner
        for asked in find(source.tree, ast.If)
        if same(asked.test, "self.cfg.MULTIGRID.SHORT_CYCLE")
        for inner in asked.body
        if isinstance(inner, ast.If) and _asks_for_pair(inner)
    ]
    return _examine_index(source) if guards else not_here("No unpacking is guarded.")


def _asks_for_pair(node: ast.If) -> bool:
    return any(same(node.test, f"isinstance({name}, tuple)") for name in ("index", "idx"))


def _second(branch: ast.If) -> ast.stmt | None:
    """Return the second unpacking, under a question whether the short cycle is on."""
    asked = branch.body[-1]
    if branch.body[2:] or not isinstance(asked, ast.If):
        return None
    fits = same(asked.test, "self.cfg.MULTIGRID.SHORT_CYCLE") and len(asked.body) == 1
    inner = asked.body[0]
    if isinstance(inner, ast.If) and _asks_for_pair(inner):  # a fork hides the error like this
        inner = inner.body[0]
    return inner if fits else None


def _unpacked(node: ast.stmt | None) -> list[str]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
        return [dotted(name) for name in node.targets[0].elts]
    return []


SAMPLER_PATCH = Patch(
    id="short-cycle-sampler",
    component="slowfast",
    title="Give the short cycle a sampler on one process",
    symptom="sampler should be an instance of torch.utils.data.Sampler, but got sampler=None",
    reason="With one GPU or a CPU create_sampler returns None, which the batch sampler refuses.",
    issues=("SF#308",),
    needed=always,
    sites=(Site("slowfast/datasets/utils.py", _examine_sampler),),
)
GUARD_PATCH = Patch(
    id="fork-short-cycle-guard",
    component="slowfast",
    title="Unpack the index of a short cycle instead of asking whether it can be",
    symptom="Crops never shrink in a short cycle, and batches of four times the size stay whole",
    reason="A fork guards the second unpacking, so the place in the cycle is lost in silence.",
    issues=(),
    needed=always,
    sites=(Site("slowfast/datasets/ssv2.py", _examine_guard),),
)
INDEX_PATCH = Patch(
    id="short-cycle-index",
    component="slowfast",
    title="Unpack the index of a short cycle once",
    symptom="TypeError: cannot unpack non-iterable int object",
    reason="The batch sampler yields pairs; the data sets unpack them twice (since 99a655b).",
    issues=(),
    needed=always,
    sites=tuple(
        Site(f"slowfast/datasets/{name}.py", _examine_index)
        for name in ("kinetics", "ssv2", "charades", "ava_dataset")
    ),
)
