"""SlowFast of December 2019, which PyPI has, knows no machine without a GPU."""

from __future__ import annotations

import ast

from ..edits import Splice, replace, rewrite
from ..source import Source, find, function, same
from .conditions import always
from .model import Finding, Repair, Site, affected, already, not_here, unknown

TO_DEVICE = "model = model.cuda(device=cur_device)"
ON_GPU = """
if cfg.NUM_GPUS:
    # Determine the GPU used by the current process
    cur_device = torch.cuda.current_device()
    model = model.cuda(device=cur_device)
"""


def _examine_model(source: Source) -> Finding:
    build = function(source.tree, "build_model")
    if build is None:
        return not_here("There is no function build_model in this file.")
    asked = [n for n in build.body if isinstance(n, ast.Assign) and _is_device(n.value)]
    moved = [n for n in build.body if isinstance(n, ast.Assign) and _is_move(n)]
    if not asked and not moved:
        return already()
    if len(asked) != 1 or len(moved) != 1:
        return unknown("function build_model moves its model in another way.")
    return affected(
        Splice(source.line_of(asked[0]), source.line_after(asked[0]), ""),
        rewrite(source, moved[0], ON_GPU),
    )


def _is_device(value: ast.expr) -> bool:
    return same(value, "torch.cuda.current_device()")


def _is_move(node: ast.Assign) -> bool:
    return same(node.value, "model.cuda(device=cur_device)")


def _examine_loader(source: Source) -> Finding:
    construct = function(source.tree, "construct_loader")
    if construct is None:
        return unknown("function construct_loader is gone.")
    shares = [n for n in find(construct, ast.BinOp) if isinstance(n.op, ast.Div)]
    bare = [n.right for n in shares if same(n.right, "cfg.NUM_GPUS")]
    if not bare:
        return already()
    return affected(*[replace(source, node, "max(1, cfg.NUM_GPUS)") for node in bare])


MODEL_REPAIR = Repair(
    id="pypi-model-to-cpu",
    component="slowfast",
    title="Move the model to a GPU only where one is asked for",
    symptom="RuntimeError: Found no NVIDIA driver on your system",
    reason="build_model moved every model to the current GPU until NUM_GPUS 0 was allowed.",
    issues=(),
    needed=always,
    sites=(
        Site("slowfast/models/model_builder.py", _examine_model),
        Site("slowfast/models/build.py", _examine_model),
    ),
)
LOADER_REPAIR = Repair(
    id="pypi-loader-on-cpu",
    component="slowfast",
    title="Count a CPU as one process when a batch is shared out",
    symptom="ZeroDivisionError: division by zero",
    reason="construct_loader divided the batch by NUM_GPUS, which is 0 on a CPU.",
    issues=(),
    needed=always,
    sites=(Site("slowfast/datasets/loader.py", _examine_loader),),
)
