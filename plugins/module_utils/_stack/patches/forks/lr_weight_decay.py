"""A fork multiplies the learning rate by the weight decay, and logs the right one."""

from __future__ import annotations

import ast

from ..model import FORK, Finding, Patch, Site, affected, not_applicable, unknown
from ..slowfast.layer_decay_default import NEW
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import replace

WRONG = 'param_group["weight_decay"]'


def _examine(source: Source) -> Finding:
    set_lr = function(source.tree, "set_lr")
    if set_lr is None:
        return unknown("There is no function set_lr.")
    wrong = [node for node in find(set_lr, ast.Subscript) if same(node, WRONG)]
    if not wrong:
        return not_applicable("Function set_lr does not read weight_decay.")
    return affected(*[replace(source, node, NEW) for node in wrong])


PATCH = Patch(
    id="fork-lr-weight-decay",
    component="slowfast",
    title="Multiply the learning rate by layer_decay, not by weight_decay",
    symptom="The loss does not fall, although the logged learning rate is right",
    reason="A comment in SF#654 replaces the missing key layer_decay by the wrong key.",
    issues=("SF#654",),
    sites=(Site("slowfast/models/optimizer.py", _examine),),
    origins=(FORK,),
)
