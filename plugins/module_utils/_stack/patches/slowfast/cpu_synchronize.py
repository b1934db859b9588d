"""Training synchronizes CUDA even without a GPU."""

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
from ..syntax.source_file import Source, calls, function, parents, statement_of
from ..syntax.splices import rewrite

GUARDED = """
if cfg.NUM_GPUS:
    torch.cuda.synchronize()
"""


def _examine(source: Source) -> Finding:
    loop = function(source.tree, "train_epoch")
    if loop is None:
        return unknown("There is no function train_epoch.")
    waits = calls(loop, "torch.cuda.synchronize")
    bare = [call for call in waits if not _guarded(loop, call)]
    if bare:
        return affected(*[rewrite(source, statement_of(loop, c), GUARDED) for c in bare])
    return already_applied() if waits else not_applicable("train_epoch does not synchronize CUDA.")


def _guarded(loop: ast.AST, call: ast.Call) -> bool:
    around = (node for node in parents(loop, call) if isinstance(node, ast.If))
    return any(
        "NUM_GPUS" in ast.dump(node.test) or "cuda" in ast.dump(node.test) for node in around
    )


PATCH = Patch(
    id="cpu-synchronize",
    component="slowfast",
    title="Call torch.cuda.synchronize only if training uses a GPU",
    symptom="RuntimeError: Found no NVIDIA driver on your system",
    reason="train_epoch synchronizes CUDA in every step, even with NUM_GPUS 0 (since 99a655b).",
    sites=(Site("tools/train_net.py", _examine),),
    origins=GIT_ONLY,
)
