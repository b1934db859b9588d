"""Checkpoints from before August 2022 have no ``layer_decay``; loading them loses the default."""

from __future__ import annotations

import ast

from ..conditions import always
from ..model import Finding, Patch, Site, affected, already, not_here, unknown
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import replace

OLD = 'param_group["layer_decay"]'
NEW = 'param_group.get("layer_decay", 1.0)'


def _examine(source: Source) -> Finding:
    set_lr = function(source.tree, "set_lr")
    if set_lr is None:
        return unknown("function set_lr is gone.")
    reads = [node for node in find(set_lr, ast.Subscript) if same(_loaded(node), OLD)]
    if reads:
        return affected(*[replace(source, node, NEW) for node in reads])
    if any(same(node, NEW) for node in find(set_lr, ast.Call)):
        return already()
    return not_here("set_lr knows no layer decay in this commit.")


def _loaded(node: ast.Subscript) -> ast.expr | None:
    return node if isinstance(node.ctx, ast.Load) else None


PATCH = Patch(
    id="layer-decay-default",
    component="slowfast",
    title="Read a missing layer_decay as 1.0",
    symptom="KeyError: 'layer_decay'",
    reason="Loading replaces the group dictionaries, and those saved before adc55ca lack the key.",
    issues=("SF#654",),
    needed=always,
    sites=(Site("slowfast/models/optimizer.py", _examine),),
)
