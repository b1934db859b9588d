"""Mixed precision knows only float16, where GPUs since Ampere have bfloat16 too."""

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
from ..syntax.source_file import Source, calls, dotted, find, function, same
from ..syntax.splices import Splice, after, before, replace

ON = "cfg.TRAIN.MIXED_PRECISION"
DTYPE = "cfg.TRAIN.MIXED_PRECISION_DTYPE"
KEY = """
# Type of activations with TRAIN.MIXED_PRECISION: `float16`, whose gradients are
# scaled, or `bfloat16`, which needs no scaling, on GPUs since Ampere.
_C.TRAIN.MIXED_PRECISION_DTYPE = "float16"
"""
CHECK = f"""assert {DTYPE} in ["float16", "bfloat16"], (
    "TRAIN.MIXED_PRECISION_DTYPE is float16 or bfloat16, not {{}}".format(
        {DTYPE}
    )
)
"""
CASTS = ("torch.cuda.amp.autocast", "torch.autocast")
SAVED, SAVED_IF_USED = f"scaler if {ON} else None", "scaler if scaler.is_enabled() else None"


def _examine_defaults(source: Source) -> Finding:
    settings = {
        dotted(node.targets[0]): node for node in source.tree.body if isinstance(node, ast.Assign)
    }
    if "_C.TRAIN.MIXED_PRECISION" not in settings:
        return not_applicable("There is no key TRAIN.MIXED_PRECISION.")
    if "_C.TRAIN.MIXED_PRECISION_DTYPE" in settings:
        return already_applied()
    infer = function(source.tree, "assert_and_infer_cfg")
    if infer is None or not isinstance(infer.body[-1], ast.Return):
        return unknown("There is no function assert_and_infer_cfg that returns cfg.")
    added = after(source, settings["_C.TRAIN.MIXED_PRECISION"], KEY)
    return affected(added, before(source, infer.body[-1], CHECK))


def _examine_training(source: Source) -> Finding:
    epoch, train = function(source.tree, "train_epoch"), function(source.tree, "train")
    if epoch is None or train is None:
        return unknown("There is no function train_epoch or train.")
    casts = [keyword for call in calls(epoch, *CASTS) for keyword in call.keywords]
    on = [keyword.value for keyword in casts if keyword.arg == "enabled"]
    if not calls(epoch, *CASTS):
        return not_applicable("Training has no mixed precision.")
    if any(keyword.arg == "dtype" for keyword in casts):
        return already_applied()
    scalers = [k.value for call in _scalers(train) for k in call.keywords if k.arg == "enabled"]
    if [same(value, ON) for value in (*on, *scalers)] != [True, True]:
        return unknown("Training does not use autocast and GradScaler once with MIXED_PRECISION.")
    return affected(
        replace(source, on[0], f"{ON}, dtype=getattr(torch, {DTYPE})"),
        replace(source, scalers[0], f'{ON} and {DTYPE} == "float16"'),
        *_saved(source, train),
    )


def _scalers(train: ast.AST) -> list[ast.Call]:
    """Return the calls that create a scaler, as upstream or ``cuda-amp`` writes them."""
    return [
        call
        for call in find(train, ast.Call)
        if "GradScaler" in ast.dump(call.func)
        and any(keyword.arg == "enabled" for keyword in call.keywords)
    ]


def _saved(source: Source, train: ast.AST) -> list[Splice]:
    """Return the edits that load and save a scaler only if it is used."""
    choices = [node for node in find(train, ast.IfExp) if same(node, SAVED)]
    return [replace(source, node, SAVED_IF_USED) for node in choices]


PATCH = Patch(
    id="mixed-precision-dtype",
    component="slowfast",
    title="Add TRAIN.MIXED_PRECISION_DTYPE, for bfloat16 without a gradient scaler",
    symptom="KeyError: 'Non-existent config key: TRAIN.MIXED_PRECISION_DTYPE'",
    reason=(
        "Upstream trains in float16 only, whose gradients overflow and need a scaler. The default "
        "stays float16."
    ),
    sites=(
        Site("slowfast/config/defaults.py", _examine_defaults),
        Site("tools/train_net.py", _examine_training),
    ),
    origins=GIT_ONLY,
)
