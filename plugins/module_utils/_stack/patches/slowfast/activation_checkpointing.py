"""MODEL.ACT_CHECKPOINT saves memory of transformers only, and of one stage of a ResNet."""

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
from ..syntax.splices import after, before, rewrite

HELPER = "_checkpoint_blocks"
ON = "cfg.MODEL.ACT_CHECKPOINT"
MODEL = "MODEL_REGISTRY.get(name)(cfg)"
FUNCTIONS = f'''
def {HELPER}(model):
    """
    Keep only the inputs of the stems and residual blocks of a ResNet, and compute
    their activations again in the backward pass. Parameters keep their names.
    Args:
        model (model): the video model, before it is distributed.
    """
    from slowfast.models import resnet_helper, stem_helper

    kinds = (
        resnet_helper.ResBlock,
        stem_helper.ResNetBasicStem,
        stem_helper.X3DStem,
    )
    for module in model.modules():
        if isinstance(module, kinds) and "forward" not in vars(module):
            module.forward = functools.partial(_recomputed, module, module.forward)


def _recomputed(module, forward, *inputs):
    """
    Returns: what forward returns, without the activations where it trains.
    """
    if not (module.training and torch.is_grad_enabled()):
        return forward(*inputs)
    runs = []

    def run(*inputs):
        runs.append(None)
        again = len(runs) > 1
        with _statistics_kept(module) if again else contextlib.nullcontext():
            return forward(*inputs)

    return torch.utils.checkpoint.checkpoint(run, *inputs, use_reentrant=False)


@contextlib.contextmanager
def _statistics_kept(module):
    """
    Keep the running statistics of batch norm: the same clips must not count twice.
    Args:
        module (module): a module that is computed again.
    """
    kind = torch.nn.modules.batchnorm._BatchNorm
    norms = [part for part in module.modules() if isinstance(part, kind)]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    try:
        for norm in norms:
            norm.momentum, norm.num_batches_tracked = 0.0, None
        yield
    finally:
        for norm, (momentum, count) in zip(norms, before):
            norm.momentum, norm.num_batches_tracked = momentum, count


'''
IMPORTS = """
import contextlib
import functools
"""
CALL = f"""
if {ON}:
    {HELPER}(model)
"""


def _examine_build(source: Source) -> Finding:
    if function(source.tree, HELPER) is not None:
        return already_applied()
    build = function(source.tree, "build_model")
    if build is None:
        return not_applicable("There is no function build_model.")
    made = [node for node in build.body if isinstance(node, ast.Assign) and same(node.value, MODEL)]
    imports = [node for node in source.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    plain = [node for node in imports if isinstance(node, ast.Import) and _is_torch(node)]
    if len(made) != 1 or not plain:
        return unknown("Function build_model does not take the model from the registry once.")
    return affected(
        before(source, imports[0], IMPORTS),
        after(source, plain[0], "import torch.utils.checkpoint"),
        before(source, build, FUNCTIONS),
        after(source, made[0], CALL),
    )


def _is_torch(node: ast.Import) -> bool:
    return [(name.name, name.asname) for name in node.names] == [("torch", None)]


def _examine_resnet(source: Source) -> Finding:
    """Drop the wrappers of fairscale around the first stage: its blocks are computed again."""
    construct = function(source.tree, "ResNet._construct_network")
    if construct is None:
        return not_applicable("There is no class ResNet.")
    choices = [node for node in construct.body if isinstance(node, ast.If) and same(node.test, ON)]
    if not choices:
        return not_applicable("ResNet does not ask for checkpoints.")
    if len(choices) != 1 or not all(_keeps_name(node) for node in choices[0].orelse):
        return unknown("ResNet._construct_network does not choose between stages once.")
    lines = "\n".join(source.code(node) for node in choices[0].orelse)
    return affected(rewrite(source, choices[0], lines))


def _keeps_name(node: ast.stmt) -> bool:
    """Return whether a statement is ``self.s1 = s1``."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Name)
        and [dotted(target) for target in node.targets] == [f"self.{node.value.id}"]
    )


def _has_key(source: Source) -> bool:
    return "_C.MODEL.ACT_CHECKPOINT" in {dotted(node) for node in find(source.tree, ast.Attribute)}


KEY = Beside("slowfast/config/defaults.py", _has_key)

PATCH = Patch(
    id="activation-checkpointing",
    component="slowfast",
    title="Let MODEL.ACT_CHECKPOINT save the memory of ResNets, SlowFast and X3D too",
    symptom="torch.OutOfMemoryError: CUDA out of memory, with MODEL.ACT_CHECKPOINT True",
    reason=(
        "Only MViT, and the first stage of a ResNet with one pathway, compute activations again in the "
        "backward pass; elsewhere the key does nothing. Running statistics of batch norm count once."
    ),
    sites=(
        Site("slowfast/models/build.py", _examine_build, beside=(KEY,)),
        Site("slowfast/models/video_model_builder.py", _examine_resnet, beside=(KEY,)),
    ),
    origins=GIT_ONLY,
)
