"""The demo's predictor reads ``gpu_id``, which is not set on a CPU."""

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
from ..syntax.source_file import Source, dotted, find, function
from ..syntax.splices import before


def _examine(source: Source) -> Finding:
    start = function(source.tree, "Predictor.__init__")
    if not any(node.attr == "gpu_id" for node in find(source.tree, ast.Attribute)):
        return not_applicable("The demo does not use gpu_id.")
    if start is None:
        return unknown("There is no method Predictor.__init__.")
    settings = [node for node in find(start, ast.Assign) if _sets_gpu_id(node)]
    if not settings or any(node in start.body for node in settings):
        return already_applied()
    branches = [node for node in start.body if isinstance(node, ast.If) and _has(node, settings)]
    if len(branches) != 1:
        return unknown("Method Predictor.__init__ sets gpu_id in more than one branch.")
    return affected(before(source, branches[0], "self.gpu_id = gpu_id"))


def _sets_gpu_id(node: ast.Assign) -> bool:
    return [dotted(target) for target in node.targets] == ["self.gpu_id"]


def _has(branch: ast.If, settings: list[ast.Assign]) -> bool:
    return any(node in branch.body for node in settings)


PATCH = Patch(
    id="predictor-gpu-id",
    component="slowfast",
    title="Set gpu_id of the demo's predictor on a CPU too",
    symptom="AttributeError: 'Predictor' object has no attribute 'gpu_id'",
    reason="With NUM_GPUS 0 the attribute is never set, but the person detector reads it.",
    issues=("SF#39", "SF#666"),
    sites=(Site("slowfast/visualization/predictor.py", _examine),),
    origins=GIT_ONLY,
)
