"""Mixed precision is on, but the checkpoint was saved without it."""

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
        return unknown("There is no function load_checkpoint.")
    found = calls(load, "scaler.load_state_dict")
    if not found:
        return not_applicable("Function load_checkpoint does not load a scaler.")
    if _checks_key(load):
        return already_applied()
    if len(found) > 1 or not same(found[0], LOAD):
        return unknown("Function load_checkpoint does not load the scaler as expected.")
    return affected(rewrite(source, statement_of(load, found[0]), GUARDED))


def _checks_key(load: ast.AST) -> bool:
    return any(same(test, '"scaler_state" in checkpoint') for test in find(load, ast.Compare))


PATCH = Patch(
    id="scaler-state",
    component="slowfast",
    title="Use a fresh scaler if the checkpoint has none",
    symptom="KeyError: 'scaler_state'",
    reason="The key is saved only with mixed precision, but read whenever it is on.",
    sites=(Site("slowfast/utils/checkpoint.py", _examine),),
    origins=GIT_ONLY,
)
