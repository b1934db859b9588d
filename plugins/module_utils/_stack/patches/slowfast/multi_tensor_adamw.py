"""torch removed ``torch.optim._multi_tensor``; ``AdamW(foreach=True)`` replaces its AdamW."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..conditions import at_least
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
from ..syntax.source_file import Source, calls, function
from ..syntax.splices import Splice, replace

if TYPE_CHECKING:
    import ast

OLD = "torch.optim._multi_tensor.AdamW"
NEW = "torch.optim.AdamW"


def _examine(source: Source) -> Finding:
    construct = function(source.tree, "construct_optimizer")
    if construct is None:
        return unknown("There is no function construct_optimizer.")
    old = calls(construct, OLD)
    if not all(call.keywords for call in old):
        return unknown("Function construct_optimizer calls AdamW without keyword arguments.")
    if old:
        return affected(*[splice for call in old for splice in _foreach(source, call)])
    foreach = [k for call in calls(construct, NEW) for k in call.keywords if k.arg == "foreach"]
    return already_applied() if foreach else not_applicable("There is no multi-tensor AdamW.")


def _foreach(source: Source, call: ast.Call) -> list[Splice]:
    first = call.keywords[0]
    return [
        replace(source, call.func, NEW),
        replace(source, first, f"foreach=True, {source.code(first)}"),
    ]


PATCH = Patch(
    id="multi-tensor-adamw",
    component="slowfast",
    title="Use AdamW(foreach=True) as multi-tensor AdamW",
    symptom="AttributeError: module 'torch.optim' has no attribute '_multi_tensor'",
    reason="torch removed the private module between 2.4 and 2.11; foreach=True is equivalent.",
    needed=at_least("torch", "2.4"),
    sites=(Site("slowfast/models/optimizer.py", _examine),),
    origins=GIT_ONLY,
)
