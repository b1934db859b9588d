"""A fork replaced PIL by Pillow in the name of a parameter, but not in its callers."""

from __future__ import annotations

import ast

from ..model import FORK, Finding, Patch, Site, affected, not_applicable
from ..syntax.source_file import Source, find, function
from ..syntax.splices import replace

WRONG, RIGHT = "use_Pillow", "use_PIL"


def _examine(source: Source) -> Finding:
    start = function(source.tree, "GaussianBlurVideo.__init__")
    if start is None:
        return not_applicable("There is no class GaussianBlurVideo.")
    parameters = [arg for arg in start.args.args if arg.arg == WRONG]
    uses = [name for name in find(start, ast.Name) if name.id == WRONG]
    if not parameters:
        return not_applicable(f"GaussianBlurVideo has no parameter {WRONG}.")
    return affected(*[replace(source, node, RIGHT) for node in (*parameters, *uses)])


PATCH = Patch(
    id="fork-use-pillow",
    component="slowfast",
    title="Give the parameter of GaussianBlurVideo the name that its callers use",
    symptom="TypeError: __init__() got an unexpected keyword argument 'use_PIL'",
    reason="A global replacement of PIL by Pillow renamed a parameter.",
    sites=(Site("slowfast/datasets/transform.py", _examine),),
    origins=(FORK,),
)
