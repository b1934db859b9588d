"""Checkpoints from before August 2022 have no ``layer_decay`` in their parameter groups."""

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
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import replace

OLD = 'param_group["layer_decay"]'
NEW = 'param_group.get("layer_decay", 1.0)'


def _examine(source: Source) -> Finding:
    set_lr = function(source.tree, "set_lr")
    if set_lr is None:
        return unknown("There is no function set_lr.")
    reads = [node for node in find(set_lr, ast.Subscript) if same(_loaded(node), OLD)]
    if reads:
        return affected(*[replace(source, node, NEW) for node in reads])
    if any(same(node, NEW) for node in find(set_lr, ast.Call)):
        return already_applied()
    return not_applicable("Function set_lr does not read layer_decay.")


def _loaded(node: ast.Subscript) -> ast.expr | None:
    return node if isinstance(node.ctx, ast.Load) else None


PATCH = Patch(
    id="layer-decay-default",
    component="slowfast",
    title="Use 1.0 for a missing layer_decay",
    symptom="KeyError: 'layer_decay'",
    reason="Loading replaces the parameter groups, and those saved before adc55ca lack the key.",
    issues=("SF#654",),
    sites=(Site("slowfast/models/optimizer.py", _examine),),
    origins=GIT_ONLY,
)
