"""Weights that are not in the checkpoint keep random values, and only the log says so."""

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
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import Splice, after, before

HELPER = "require_loaded"
FUNCTION = f'''
def {HELPER}(model, missing, training):
    """
    Say which parameters keep their random values: a warning in training, where a
    new head is meant to be random, an error at inference, where it is never.
    Args:
        model (model): the model, without its DDP wrapper.
        missing (list): names that the checkpoint does not hold in a fitting shape.
        training (bool): whether the model is going to be trained.
    """
    names = [name for name, _ in model.named_parameters() if name in set(missing)]
    if not names:
        return
    message = "{{}} parameters are not in the checkpoint and keep random values: {{}}".format(
        len(names), ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    )
    if not training:
        raise RuntimeError(
            message + ". Such a model predicts noise: give the checkpoint of this model, "
            "or the MODEL.NUM_CLASSES that it was trained with."
        )
    logger.warning(message)


'''
# load_checkpoint gets an optimizer only in training.
CALL = f"{HELPER}(ms, {{}}, training=optimizer is not None)"
BLOBS = "len(diff) > 0"


def _examine(source: Source) -> Finding:
    load = function(source.tree, "load_checkpoint")
    if load is None:
        return unknown("There is no function load_checkpoint.")
    if function(source.tree, HELPER) is not None:
        return already_applied()
    reports = [node for node in find(load, ast.If) if same(node.test, "not_load_layers")]
    blobs = [node for node in find(load, ast.If) if same(node.test, BLOBS)]
    if not reports and not blobs:
        return not_applicable("Function load_checkpoint fails for a missing weight.")
    return affected(
        before(source, load, FUNCTION),
        *[_call(source, node, "not_load_layers") for node in reports],
        *[_call(source, node, "diff") for node in blobs],
    )


def _call(source: Source, report: ast.If, names: str) -> Splice:
    return after(source, report, CALL.format(names))


PATCH = Patch(
    id="weights-not-loaded",
    component="slowfast",
    title="If the checkpoint lacks a weight, warn in training and fail in test and demo",
    symptom="INFO checkpoint.py: Network weights head.projection.weight not loaded.",
    reason="A demo or test with a random head recognises nothing and exits with 0.",
    issues=("SF#333", "SF#18", "SF#417"),
    sites=(Site("slowfast/utils/checkpoint.py", _examine),),
    origins=GIT_ONLY,
)
