"""A fork shuffles validation and test data too."""

from __future__ import annotations

import ast

from ..conditions import always
from ..model import Finding, Patch, Site, affected, not_here
from ..slowfast.short_cycle import FIXED, with_random_sampler
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import rewrite

ALWAYS = "RandomSampler(dataset)"


def _examine(source: Source) -> Finding:
    create = function(source.tree, "create_sampler")
    choices = [n for n in find(create, ast.Assign) if _is_always(n.value)] if create else []
    if not choices:
        return not_here("Nothing is shuffled that should stay in order.")
    return affected(rewrite(source, choices[0], FIXED), *with_random_sampler(source))


def _is_always(value: ast.expr) -> bool:
    return isinstance(value, ast.IfExp) and same(value.orelse, ALWAYS)


PATCH = Patch(
    id="fork-random-sampler",
    component="slowfast",
    title="Shuffle the training data only",
    symptom="The order of validation and test samples changes from run to run",
    reason="A comment in SF#308 gives the short cycle a sampler that ignores shuffle.",
    issues=("SF#308",),
    needed=always,
    sites=(Site("slowfast/datasets/utils.py", _examine),),
)
