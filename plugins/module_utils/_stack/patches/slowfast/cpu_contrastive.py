"""The contrastive tasks move tensors to a GPU even with NUM_GPUS 0."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

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
from ..syntax.source_file import Source, calls, dotted, find, function, parents, same
from ..syntax.splices import Splice, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

GPUS = "self.num_gpus"
PROCESSES = "self.cfg.NUM_GPUS * self.cfg.NUM_SHARDS"


def _examine_model(source: Source) -> Finding:
    classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
    if "ContrastiveModel" not in [node.name for node in classes]:
        return not_applicable("There is no class ContrastiveModel.")
    moves = [call for call in _moves(source.tree) if not _is_guarded(source.tree, call)]
    inside = [call for node in classes if _knows_gpus(node) for call in _moves(node)]
    sizes = [node for node in find(source.tree, ast.BinOp) if same(node, PROCESSES)]
    single = [node for node in sizes if not _is_at_least_one(source.tree, node)]
    if not moves and not single:
        return already_applied()
    if any(call not in inside for call in moves):
        return unknown(f"A class moves tensors to a GPU and does not set {GPUS}.")
    return affected(
        *[_to(source, call, f'"cuda" if {GPUS} else "cpu"') for call in moves],
        *[replace(source, node, f"max(1, {PROCESSES})") for node in single],
    )


def _examine_loss(source: Source) -> Finding:
    forward = function(source.tree, "ContrastiveLoss.forward")
    if forward is None:
        return not_applicable("There is no loss ContrastiveLoss.")
    moves = list(_moves(forward))
    if not moves:
        return already_applied()
    if "inputs" not in [argument.arg for argument in forward.args.args]:
        return unknown("Method ContrastiveLoss.forward has no argument inputs.")
    return affected(*[_to(source, call, "inputs.device") for call in moves])


def _examine_evaluation(source: Source) -> Finding:
    made = [node for node in find(source.tree, ast.Assign) if _names(node) == ["retrieval_one_hot"]]
    if not made:
        return not_applicable("The evaluation has no nearest neighbours.")
    moves = [call for node in made for call in _moves(node)]
    if not moves:
        return already_applied()
    return affected(*[_to(source, call, '"cuda" if cfg.NUM_GPUS else "cpu"') for call in moves])


def _moves(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of a method cuda, of whatever."""
    for call in find(node, ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "cuda":
            yield call


def _is_guarded(tree: ast.AST, call: ast.Call) -> bool:
    around = (node for node in parents(tree, call) if isinstance(node, ast.If))
    return any(dotted(node.test) in (GPUS, "cfg.NUM_GPUS") for node in around)


def _is_at_least_one(tree: ast.AST, node: ast.BinOp) -> bool:
    return any(node in call.args for call in calls(tree, "max"))


def _knows_gpus(node: ast.ClassDef) -> bool:
    return any(_names(setting) == [GPUS] for setting in find(node, ast.Assign))


def _names(node: ast.Assign) -> list[str]:
    return [dotted(target) for target in node.targets]


def _to(source: Source, call: ast.Call, device: str) -> Splice:
    """Return the edit that writes ``.to(device, ...)`` in place of ``.cuda(...)``."""
    moved = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    start, end = source.text.index(".", source.span(moved)[1]), source.span(call)[1]
    options = [device, *[f"{word.arg}={source.code(word.value)}" for word in call.keywords]]
    return Splice(start, end, f".to({', '.join(options)})")


PATCH = Patch(
    id="cpu-contrastive",
    component="slowfast",
    title="Keep the tensors of contrastive tasks on the CPU with NUM_GPUS 0",
    symptom="RuntimeError: Found no NVIDIA driver on your system, in ContrastiveModel",
    reason=(
        "Model, loss and evaluation call cuda() regardless of NUM_GPUS, and the shuffled batch has parts "
        "for NUM_GPUS processes, 0 on a CPU."
    ),
    sites=(
        Site("slowfast/models/contrastive.py", _examine_model),
        Site("slowfast/models/losses.py", _examine_loss),
        Site("tools/train_net.py", _examine_evaluation),
        Site("tools/test_net.py", _examine_evaluation),
    ),
    origins=GIT_ONLY,
)
