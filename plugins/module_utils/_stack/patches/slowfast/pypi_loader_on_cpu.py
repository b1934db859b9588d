"""SlowFast 1.0 on PyPI divides the batch size by NUM_GPUS, which is 0 on a CPU."""

from __future__ import annotations

import ast

from ..model import NOT_PINNED, Finding, Patch, Site, affected, already_applied, unknown
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import replace


def _examine(source: Source) -> Finding:
    construct = function(source.tree, "construct_loader")
    if construct is None:
        return unknown("There is no function construct_loader.")
    shares = [n for n in find(construct, ast.BinOp) if isinstance(n.op, ast.Div)]
    bare = [n.right for n in shares if same(n.right, "cfg.NUM_GPUS")]
    if not bare:
        return already_applied()
    return affected(*[replace(source, node, "max(1, cfg.NUM_GPUS)") for node in bare])


PATCH = Patch(
    id="pypi-loader-on-cpu",
    component="slowfast",
    title="Divide the batch size by at least 1",
    symptom="ZeroDivisionError: division by zero",
    reason="construct_loader divides the batch size by NUM_GPUS, which is 0 on a CPU.",
    sites=(Site("slowfast/datasets/loader.py", _examine),),
    origins=NOT_PINNED,
)
