"""PyTorchVideo asks for None where SlowFast's configuration has an empty list."""

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
from ..syntax.source_file import Source, calls, find, function, same
from ..syntax.splices import replace

OLD = "cfg.MVIT.POOL_KV_STRIDE"
NEW = f"{OLD} or None"


def _examine(source: Source) -> Finding:
    construct = function(source.tree, "PTVMViT._construct_network")
    if construct is None:
        return not_applicable("There is no class PTVMViT.")
    created = calls(construct, "create_multiscale_vision_transformers")
    keywords = [keyword for call in created for keyword in find(call, ast.keyword)]
    strides = [keyword.value for keyword in keywords if keyword.arg == "pool_kv_stride_size"]
    if len(strides) == 1 and same(strides[0], NEW):
        return already_applied()
    if len(strides) != 1 or not same(strides[0], OLD):
        return unknown("PTVMViT does not pass cfg.MVIT.POOL_KV_STRIDE once.")
    return affected(replace(source, strides[0], NEW))


PATCH = Patch(
    id="empty-kv-stride",
    component="slowfast",
    title="Pass None instead of an empty list to PyTorchVideo's MViT",
    symptom="AssertionError: pool_kv_stride_size should be none if pool_kv_stride_adaptive is set.",
    reason="The default of MVIT.POOL_KV_STRIDE became [] in adc55ca; PyTorchVideo asks for None.",
    sites=(Site("slowfast/models/ptv_model_builder.py", _examine),),
    origins=GIT_ONLY,
)
