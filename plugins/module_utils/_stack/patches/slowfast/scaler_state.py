"""Mixed precision switched on for a checkpoint that was saved without it."""

from __future__ import annotations

import ast

from ..conditions import always
from ..model import Finding, Patch, Site, affected, already, not_here, unknown
from ..syntax.source_file import Source, calls, find, function, same, statement_of
from ..syntax.splices import rewrite

LOAD = 'scaler.load_state_dict(checkpoint["scaler_state"])'
GUARDED = f"""
if "scaler_state" in checkpoint:
    {LOAD}
else:
    logger.warning("The checkpoint was saved without a scaler; a fresh one is used.")
"""


def _examine(source: Source) -> Finding:
    load = function(source.tree, "load_checkpoint")
    if load is None:
        return unknown("function load_checkpoint is gone.")
    found = calls(load, "scaler.load_state_dict")
    if not found:
        return not_here("load_checkpoint knows no scaler in this commit.")
    if _asks_first(load):
        return already()
    if len(found) > 1 or not same(found[0], LOAD):
        return unknown("function load_checkpoint loads the scaler in another way.")
    return affected(rewrite(source, statement_of(load, found[0]), GUARDED))


def _asks_first(load: ast.AST) -> bool:
    return any(same(test, '"scaler_state" in checkpoint') for test in find(load, ast.Compare))


PATCH = Patch(
    id="scaler-state",
    component="slowfast",
    title="Start with a fresh scaler where none was saved",
    symptom="KeyError: 'scaler_state'",
    reason="The key is saved with mixed precision only, and read whenever it is on.",
    issues=(),
    needed=always,
    sites=(Site("slowfast/utils/checkpoint.py", _examine),),
)
