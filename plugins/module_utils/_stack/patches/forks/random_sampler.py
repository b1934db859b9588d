"""A fork also shuffles validation and test data."""

from __future__ import annotations

import ast

from ..model import FORK, Finding, Patch, Site, affected, not_applicable
from ..slowfast.short_cycle_sampler import FIXED, with_random_sampler
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import rewrite

ALWAYS = "RandomSampler(dataset)"


def _examine(source: Source) -> Finding:
    create = function(source.tree, "create_sampler")
    choices = [n for n in find(create, ast.Assign) if _is_always(n.value)] if create else []
    if not choices:
        return not_applicable("Function create_sampler does not always shuffle.")
    return affected(rewrite(source, choices[0], FIXED), *with_random_sampler(source))


def _is_always(value: ast.expr) -> bool:
    return isinstance(value, ast.IfExp) and same(value.orelse, ALWAYS)


PATCH = Patch(
    id="fork-random-sampler",
    component="slowfast",
    title="Shuffle only the training data",
    symptom="The order of validation and test samples changes from run to run",
    reason="A comment in SF#308 gives the short cycle a sampler that ignores shuffle=False.",
    issues=("SF#308",),
    sites=(Site("slowfast/datasets/utils.py", _examine),),
    origins=(FORK,),
)
