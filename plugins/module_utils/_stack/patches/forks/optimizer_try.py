"""A fork catches torch's errors on loading an optimizer, which torch does not always raise."""

from __future__ import annotations

import ast

from ..model import FORK, Finding, Patch, Site, affected, not_applicable, unknown
from ..slowfast.optimizer_state import LOAD
from ..syntax.source_file import Source, calls, function, parents, same
from ..syntax.splices import rewrite


def _examine(source: Source) -> Finding:
    load = function(source.tree, "load_checkpoint")
    if load is None:
        return unknown("There is no function load_checkpoint.")
    found = [call for call in calls(load, "optimizer.load_state_dict") if same(call, LOAD)]
    caught = [n for call in found for n in parents(load, call) if isinstance(n, ast.Try)]
    if not caught:
        return not_applicable("load_checkpoint does not catch errors of load_state_dict.")
    # This restores the plain call; optimizer-state then guards it.
    return affected(rewrite(source, caught[0], LOAD))


PATCH = Patch(
    id="fork-optimizer-try",
    component="slowfast",
    title="Do not catch errors of optimizer.load_state_dict",
    symptom="RuntimeError: The size of tensor a (5) must match the size of tensor b (6)",
    reason="A state of another shape passes torch's checks and fails at the first step.",
    sites=(Site("slowfast/utils/checkpoint.py", _examine),),
    origins=(FORK,),
)
