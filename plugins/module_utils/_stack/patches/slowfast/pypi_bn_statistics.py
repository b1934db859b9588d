"""Precise BN statistics expect three values per batch, and a GPU."""

from __future__ import annotations

import ast

from ..model import Finding, Patch, Site, affected, already_applied, not_applicable
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import replace

THREE = "(ind, (inputs, _, _))"
ANY_NUMBER = "ind, (inputs, *_)"
TO_MODEL = "to(next(model.parameters()).device, non_blocking=True)"


def _examine(source: Source) -> Finding:
    update = function(source.tree, "compute_and_update_bn_stats")
    if update is None:
        return not_applicable("There is no function compute_and_update_bn_stats.")
    moves = [n for n in find(update, ast.Call) if _moves_to_gpu(n)]
    loops = [n for n in find(update, ast.For) if same(_as_value(source, n.target), THREE)]
    if not moves and not loops:
        return already_applied()
    return affected(
        *[replace(source, loop.target, ANY_NUMBER) for loop in loops],
        *[
            replace(source, move, source.code(move.func)[: -len("cuda")] + TO_MODEL)
            for move in moves
        ],
    )


def _moves_to_gpu(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "cuda"


def _as_value(source: Source, target: ast.expr) -> ast.expr:
    return ast.parse(source.code(target), mode="eval").body


PATCH = Patch(
    id="pypi-bn-statistics",
    component="slowfast",
    title="Compute precise BN statistics on the device of the model, for batches of any length",
    symptom="ValueError: too many values to unpack (expected 3)",
    reason="The datasets yield four values, and inputs are moved to a GPU even with NUM_GPUS 0.",
    sites=(Site("slowfast/utils/bn_helper.py", _examine),),
)
