"""TensorBoard's visualizations take four values of a batch; loaders give five since 99a655b."""

from __future__ import annotations

import ast

from ..model import (
    GIT_ONLY,
    Beside,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Source, calls, find
from ..syntax.splices import replace
from . import clip_tuple

FOUR, FIVE = 4, 5
PROGRESS, LOADER = "tqdm.tqdm", "vis_loader"


def _examine(source: Source) -> Finding:
    batches = [batch for loop in find(source.tree, ast.For) for batch in _batches(loop)]
    if not batches:
        return not_applicable("There is no loop over the batches of vis_loader.")
    if not all(
        isinstance(batch, ast.Tuple)
        and len(batch.elts) in (FOUR, FIVE)
        and not find(batch, ast.Starred)
        for batch in batches
    ):
        return unknown("A loop over vis_loader does not take four values of a batch.")
    old = [batch for batch in batches if isinstance(batch, ast.Tuple) and len(batch.elts) == FOUR]
    if not old:
        return already_applied()
    # The time stamp comes before the metadata, which is last.
    return affected(
        *[replace(source, each.elts[2], f"{source.code(each.elts[2])}, _") for each in old]
    )


def _batches(loop: ast.For) -> list[ast.expr]:
    """Return what a loop over the loader takes of it, beside the number of the batch."""
    given = loop.iter
    named = any(name.id == LOADER for name in find(given, ast.Name))
    if not (named and calls(given, PROGRESS)):
        return []
    if calls(given, "enumerate"):
        return loop.target.elts[1:] if isinstance(loop.target, ast.Tuple) else [loop.target]
    return [loop.target]


PATCH = Patch(
    id="visualization-batch",
    component="slowfast",
    title="Take five values of a batch in TensorBoard's visualizations",
    symptom="ValueError: too many values to unpack (expected 4)",
    reason="Since 99a655b the data sets give a time stamp too; tools/visualization.py takes four values.",
    sites=(
        Site(
            "tools/visualization.py",
            _examine,
            beside=(Beside("slowfast/datasets/loader.py", clip_tuple.takes_time),),
        ),
    ),
    origins=GIT_ONLY,
)
