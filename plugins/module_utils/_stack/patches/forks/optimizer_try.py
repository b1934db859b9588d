"""A fork catches torch's errors about a saved optimizer, and misses those that torch misses."""

from __future__ import annotations

import ast

from ..conditions import always
from ..model import Finding, Patch, Site, affected, not_here, unknown
from ..slowfast.optimizer_state import LOAD
from ..syntax.source_file import Source, calls, function, parents, same
from ..syntax.splices import rewrite


def _examine(source: Source) -> Finding:
    load = function(source.tree, "load_checkpoint")
    if load is None:
        return unknown("function load_checkpoint is gone.")
    found = [call for call in calls(load, "optimizer.load_state_dict") if same(call, LOAD)]
    caught = [n for call in found for n in parents(load, call) if isinstance(n, ast.Try)]
    if not caught:
        return not_here("No error of torch is caught.")
    # The plain call comes back; optimizer-state then guards it.
    return affected(rewrite(source, caught[0], LOAD))


PATCH = Patch(
    id="fork-optimizer-try",
    component="slowfast",
    title="Do not catch what torch says about a saved optimizer",
    symptom="RuntimeError: The size of tensor a (5) must match the size of tensor b (6)",
    reason="States of another shape pass torch's checks and fail at the first step.",
    issues=(),
    needed=always,
    sites=(Site("slowfast/utils/checkpoint.py", _examine),),
)
