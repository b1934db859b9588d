"""``torch.optim._multi_tensor`` is gone; its AdamW lives on as an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..conditions import at_least
from ..model import Finding, Patch, Site, affected, already, not_here, unknown
from ..syntax.source_file import Source, calls, function
from ..syntax.splices import Splice, replace

if TYPE_CHECKING:
    import ast

OLD = "torch.optim._multi_tensor.AdamW"
NEW = "torch.optim.AdamW"


def _examine(source: Source) -> Finding:
    construct = function(source.tree, "construct_optimizer")
    if construct is None:
        return unknown("function construct_optimizer is gone.")
    old = calls(construct, OLD)
    if not all(call.keywords for call in old):
        return unknown("function construct_optimizer calls AdamW without names.")
    if old:
        return affected(*[splice for call in old for splice in _foreach(source, call)])
    foreach = [k for call in calls(construct, NEW) for k in call.keywords if k.arg == "foreach"]
    return already() if foreach else not_here("No multi-tensor optimizer is offered.")


def _foreach(source: Source, call: ast.Call) -> list[Splice]:
    first = call.keywords[0]
    return [
        replace(source, call.func, NEW),
        replace(source, first, f"foreach=True, {source.code(first)}"),
    ]


PATCH = Patch(
    id="multi-tensor-adamw",
    component="slowfast",
    title="Ask AdamW itself for its multi-tensor form",
    symptom="AttributeError: module 'torch.optim' has no attribute '_multi_tensor'",
    reason="torch has dropped the private module between 2.4 and 2.11; foreach=True is the same.",
    issues=(),
    needed=at_least("torch", "2.4"),
    sites=(Site("slowfast/models/optimizer.py", _examine),),
)
