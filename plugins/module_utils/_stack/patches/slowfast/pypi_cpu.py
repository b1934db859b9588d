"""SlowFast of December 2019, which PyPI has, knows no machine without a GPU."""

from __future__ import annotations

import ast

from ..conditions import always
from ..model import Finding, Patch, Site, affected, already, not_here, unknown
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import Splice, replace, rewrite

ON_GPU = """
if cfg.NUM_GPUS:
    cur_device = torch.cuda.current_device()
    model = model.cuda(device=cur_device)
"""
THREE = "(ind, (inputs, _, _))"
ANY_NUMBER = "ind, (inputs, *_)"
TO_MODEL = "to(next(model.parameters()).device, non_blocking=True)"


def _examine_model(source: Source) -> Finding:
    build = function(source.tree, "build_model")
    if build is None:
        return not_here("There is no function build_model in this file.")
    settings = [node for node in build.body if isinstance(node, ast.Assign)]
    asked = [node for node in settings if same(node.value, "torch.cuda.current_device()")]
    moved = [node for node in settings if same(node.value, "model.cuda(device=cur_device)")]
    if not asked and not moved:
        return already()
    if len(asked) != 1 or len(moved) != 1:
        return unknown("function build_model moves its model in another way.")
    return affected(
        Splice(source.line_of(asked[0]), source.line_after(asked[0]), ""),
        rewrite(source, moved[0], ON_GPU),
    )


def _examine_loader(source: Source) -> Finding:
    construct = function(source.tree, "construct_loader")
    if construct is None:
        return unknown("function construct_loader is gone.")
    shares = [n for n in find(construct, ast.BinOp) if isinstance(n.op, ast.Div)]
    bare = [n.right for n in shares if same(n.right, "cfg.NUM_GPUS")]
    if not bare:
        return already()
    return affected(*[replace(source, node, "max(1, cfg.NUM_GPUS)") for node in bare])


def _examine_statistics(source: Source) -> Finding:
    update = function(source.tree, "compute_and_update_bn_stats")
    if update is None:
        return not_here("The file computes no statistics.")
    moves = [n for n in find(update, ast.Call) if _moves_to_gpu(n)]
    loops = [n for n in find(update, ast.For) if same(_as_value(source, n.target), THREE)]
    if not moves and not loops:
        return already()
    return affected(
        *[replace(source, loop.target, ANY_NUMBER) for loop in loops],
        *[
            replace(source, move, source.code(move.func)[: -len("cuda")] + TO_MODEL)
            for move in moves
        ],
    )


def _moves_to_gpu(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "cuda"


def _as_value(source: Source, target: ast.expr) -> ast.expr:
    return ast.parse(source.code(target), mode="eval").body


MODEL_PATCH = Patch(
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
LOADER_PATCH = Patch(
    id="pypi-loader-on-cpu",
    component="slowfast",
    title="Count a CPU as one process when a batch is shared out",
    symptom="ZeroDivisionError: division by zero",
    reason="construct_loader divided the batch by NUM_GPUS, which is 0 on a CPU.",
    issues=(),
    needed=always,
    sites=(Site("slowfast/datasets/loader.py", _examine_loader),),
)
STATISTICS_PATCH = Patch(
    id="pypi-bn-statistics",
    component="slowfast",
    title="Compute precise BN statistics on the device of the model, from batches of any size",
    symptom="ValueError: too many values to unpack (expected 3)",
    reason="The data sets yield four values, and inputs went to a GPU even for a model on CPU.",
    issues=(),
    needed=always,
    sites=(Site("slowfast/utils/bn_helper.py", _examine_statistics),),
)
