"""The data sets of PyTorchVideo give four values; the loops take five since 99a655b."""

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
from ..syntax.source_file import Source, dotted, find, function, same
from ..syntax.splices import replace

FOUR = 'x["video"], x["label"], index, {}'
# The other data sets without time stamps give 0, too.
FIVE = 'x["video"], x["label"], index, 0, {}'


def _examine(source: Source) -> Finding:
    forward = function(source.tree, "DictToTuple.forward")
    if forward is None:
        return not_applicable("There is no method DictToTuple.forward.")
    returned = [node.value for node in find(forward, ast.Return) if node.value is not None]
    if len(returned) != 1 or not isinstance(returned[0], ast.Tuple):
        return unknown("Method DictToTuple.forward does not return one tuple.")
    if len(returned[0].elts) == len(FIVE.split(", ")):
        return already_applied()
    if not same(returned[0], FOUR):
        return unknown("Method DictToTuple.forward returns other values.")
    return affected(replace(source, returned[0], FIVE))


def takes_time(source: Source) -> bool:
    return any(
        "time" in [dotted(name) for name in node.elts] for node in find(source.tree, ast.Tuple)
    )


PATCH = Patch(
    id="clip-tuple",
    component="slowfast",
    title="Give the time stamp of a clip from PyTorchVideo's data sets",
    symptom="ValueError: not enough values to unpack (expected 5, got 4)",
    reason="Since 99a655b the loops take five values; Ptvkinetics, Ptvcharades and Ptvssv2 give four.",
    sites=(
        Site(
            "slowfast/datasets/ptv_datasets.py",
            _examine,
            beside=(Beside("slowfast/datasets/loader.py", takes_time),),
        ),
    ),
    origins=GIT_ONLY,
)
