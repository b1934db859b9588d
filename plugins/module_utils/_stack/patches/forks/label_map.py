"""A fork evaluates AVA on all 80 classes instead of the 60 of the challenge."""

from __future__ import annotations

import ast

from ..model import FORK, Finding, Patch, Site, affected, not_applicable
from ..syntax.source_file import Source, dotted
from ..syntax.splices import Splice, replace

MAP, NAMES = "_C.AVA.LABEL_MAP_FILE", "_C.DEMO.COMMON_CLASS_NAMES"
EVALUATED = "ava_action_list_v2.2_for_activitynet_2019.pbtxt"
ALL_CLASSES = "ava_action_list_v2.2.pbtxt"
# The last two names of upstream's DEMO.COMMON_CLASS_NAMES, and a name that only the fork has.
FREQUENT, ADDED = ("lie/sleep", "bend/bow (at the waist)"), "extract"


def _examine(source: Source) -> Finding:
    values = {
        dotted(node.targets[0]): node.value
        for node in source.tree.body
        if isinstance(node, ast.Assign)
    }
    if MAP not in values:
        return not_applicable("The configuration has no AVA.LABEL_MAP_FILE.")
    splices = [*_label_map(source, values[MAP]), *_names(source, values.get(NAMES))]
    return affected(*splices) if splices else not_applicable("The label map is not the full list.")


def _label_map(source: Source, value: ast.expr) -> list[Splice]:
    if isinstance(value, ast.Constant) and value.value == ALL_CLASSES:
        return [replace(source, value, f'"{EVALUATED}"')]
    return []


def _names(source: Source, value: ast.expr | None) -> list[Splice]:
    """Return the edit that restores upstream's list of common classes."""
    if not isinstance(value, ast.List):
        return []
    names = [getattr(element, "value", None) for element in value.elts]
    if ADDED not in names or "sit" not in names:
        return []
    start = source.span(value.elts[names.index("sit")])[1]
    end = source.span(value.elts[-1])[1]
    indent = source.newline + source.unit
    return [Splice(start, end, "".join(f',{indent}"{name}"' for name in FREQUENT))]


PATCH = Patch(
    id="fork-label-map",
    component="slowfast",
    title="Evaluate AVA on the 60 classes of the ActivityNet challenge",
    symptom="The AVA mAP cannot be compared with any published one",
    reason="The fork changed the default label map to the list of all 80 classes.",
    sites=(Site("slowfast/config/defaults.py", _examine),),
    origins=(FORK,),
)
