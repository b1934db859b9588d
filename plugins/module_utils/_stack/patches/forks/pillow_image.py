"""A fork replaced PIL by Pillow in a name of torchvision."""

from __future__ import annotations

import ast

from ..model import FORK, Finding, Patch, Site, affected, not_applicable
from ..syntax.source_file import Source, find
from ..syntax.splices import replace

WRONG, RIGHT = "ToPillowImage", "ToPILImage"


def _examine(source: Source) -> Finding:
    wrong = [node for node in find(source.tree, ast.Attribute) if node.attr == WRONG]
    if wrong:
        keep = -len(WRONG)
        return affected(*[replace(source, n, source.code(n)[:keep] + RIGHT) for n in wrong])
    return not_applicable(f"The file does not use {WRONG}.")


PATCH = Patch(
    id="fork-pillow-image",
    component="slowfast",
    title="Call torchvision's ToPILImage by its name",
    symptom="AttributeError: module 'torchvision.transforms' has no attribute 'ToPillowImage'",
    reason="A global replacement of PIL by Pillow also changed a name of torchvision.",
    sites=tuple(
        Site(f"slowfast/datasets/{name}.py", _examine)
        for name in ("utils", "transform", "kinetics")
    ),
    origins=(FORK,),
)
