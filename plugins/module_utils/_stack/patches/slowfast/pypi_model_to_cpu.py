"""SlowFast 1.0 on PyPI moves every model to a GPU."""

from __future__ import annotations

import ast

from ..model import (
    NOT_PINNED,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Source, function, same
from ..syntax.splices import Splice, rewrite

ON_GPU = """
if cfg.NUM_GPUS:
    cur_device = torch.cuda.current_device()
    model = model.cuda(device=cur_device)
"""


def _examine(source: Source) -> Finding:
    build = function(source.tree, "build_model")
    if build is None:
        return not_applicable("There is no function build_model in this file.")
    settings = [node for node in build.body if isinstance(node, ast.Assign)]
    queried = [node for node in settings if same(node.value, "torch.cuda.current_device()")]
    moved = [node for node in settings if same(node.value, "model.cuda(device=cur_device)")]
    if not queried and not moved:
        return already_applied()
    if len(queried) != 1 or len(moved) != 1:
        return unknown("Function build_model moves the model in an unexpected way.")
    return affected(
        Splice(source.line_of(queried[0]), source.line_after(queried[0]), ""),
        rewrite(source, moved[0], ON_GPU),
    )


PATCH = Patch(
    id="pypi-model-to-cpu",
    component="slowfast",
    title="Move the model to a GPU only if NUM_GPUS is not 0",
    symptom="RuntimeError: Found no NVIDIA driver on your system",
    reason="build_model moved every model to the current GPU until NUM_GPUS 0 was supported.",
    sites=(
        Site("slowfast/models/model_builder.py", _examine),
        Site("slowfast/models/build.py", _examine),
    ),
    origins=NOT_PINNED,
)
