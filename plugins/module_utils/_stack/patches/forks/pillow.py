"""A fork replaced PIL by Pillow everywhere, also inside the names of other libraries."""

from __future__ import annotations

import ast

from ..conditions import always
from ..model import Finding, Patch, Site, affected, not_here
from ..syntax.source_file import Source, find, function
from ..syntax.splices import replace

WRONG, RIGHT = "ToPillowImage", "ToPILImage"
WRONG_OPTION, OPTION = "use_Pillow", "use_PIL"


def _examine_image(source: Source) -> Finding:
    names = find(source.tree, ast.Attribute)
    wrong = [node for node in names if node.attr == WRONG]
    if wrong:
        keep = -len(WRONG)
        return affected(*[replace(source, n, source.code(n)[:keep] + RIGHT) for n in wrong])
    return not_here("The names of torchvision are as they are.")


def _examine_option(source: Source) -> Finding:
    start = function(source.tree, "GaussianBlurVideo.__init__")
    if start is None:
        return not_here("There is no class GaussianBlurVideo in this commit.")
    wrong = [arg for arg in start.args.args if arg.arg == WRONG_OPTION]
    uses = [name for name in find(start, ast.Name) if name.id == WRONG_OPTION]
    if not wrong:
        return not_here("The option has the name that its callers use.")
    return affected(*[replace(source, node, OPTION) for node in (*wrong, *uses)])


IMAGE_PATCH = Patch(
    id="fork-pillow-image",
    component="slowfast",
    title="Call torchvision's ToPILImage by its name",
    symptom="AttributeError: module 'torchvision.transforms' has no attribute 'ToPillowImage'",
    reason="A global replacement of PIL by Pillow reached a name of torchvision.",
    issues=(),
    needed=always,
    sites=tuple(
        Site(f"slowfast/datasets/{name}.py", _examine_image)
        for name in ("utils", "transform", "kinetics")
    ),
)
OPTION_PATCH = Patch(
    id="fork-use-pillow",
    component="slowfast",
    title="Name the option of GaussianBlurVideo as its callers do",
    symptom="TypeError: __init__() got an unexpected keyword argument 'use_PIL'",
    reason="A global replacement of PIL by Pillow renamed a parameter.",
    issues=(),
    needed=always,
    sites=(Site("slowfast/datasets/transform.py", _examine_option),),
)
