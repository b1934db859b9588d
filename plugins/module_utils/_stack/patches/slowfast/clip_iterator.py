"""The wrapper of PyTorchVideo's data sets never starts again."""

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
from ..syntax.source_file import Source, calls, function, same
from ..syntax.splices import before


def _examine(source: Source) -> Finding:
    start = function(source.tree, "PTVDatasetWrapper.__iter__")
    if start is None:
        return not_applicable("There is no method PTVDatasetWrapper.__iter__.")
    if calls(start, "iter", "self.dataset.__iter__"):
        return already_applied()
    last = start.body[-1]
    if len(start.body) > 1 or not isinstance(last, ast.Return) or not same(last.value, "self"):
        return unknown("Method PTVDatasetWrapper.__iter__ does more than `return self`.")
    return affected(before(source, last, "iter(self.dataset)"))


PATCH = Patch(
    id="clip-iterator",
    component="slowfast",
    title="Start every epoch of PyTorchVideo's data sets again",
    symptom="UnboundLocalError: cannot access local variable 'inputs', in the second epoch",
    reason=(
        "The wrapper returns itself, so its data set is at its end after one epoch with "
        "NUM_WORKERS 0. With workers every epoch has the same order."
    ),
    sites=(Site("slowfast/datasets/ptv_datasets.py", _examine),),
    origins=GIT_ONLY,
)
