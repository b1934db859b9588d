"""A saved optimizer state does not fit the optimizer: torch compares counts, never shapes."""

from __future__ import annotations

import ast

from ..model import (
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    fixed_differently,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Source, calls, function, parents, same, statement_of
from ..syntax.splices import before, rewrite

HELPER = "optimizer_state_difference"
FUNCTION = f'''
def {HELPER}(optimizer, saved):
    """
    Compare a saved optimizer state with the optimizer that is to take it over.
    Args:
        optimizer (optim): the present optimizer.
        saved (dict): the state dict of an optimizer, or None.
    Returns:
        (string): the first difference in words, or None if the state fits.
    """
    if not saved:
        return "no optimizer state was saved"
    groups, saved_groups = optimizer.param_groups, saved["param_groups"]
    if len(groups) != len(saved_groups):
        return "{{}} parameter groups were saved, there are {{}} now".format(
            len(saved_groups), len(groups)
        )
    for number, (group, saved_group) in enumerate(zip(groups, saved_groups)):
        if len(group["params"]) != len(saved_group["params"]):
            return "group {{}} was saved with {{}} parameters, it has {{}} now".format(
                number, len(saved_group["params"]), len(group["params"])
            )
        for key in ("momentum", "betas"):
            if (key in group) != (key in saved_group):
                return "another kind of optimizer was saved ({{}})".format(key)
        decoupled = [g.get("decoupled_weight_decay") for g in (group, saved_group)]
        if None not in decoupled and decoupled[0] != decoupled[1]:
            return "another kind of optimizer was saved (decoupled_weight_decay)"
        for param, index in zip(group["params"], saved_group["params"]):
            for key, value in saved["state"].get(index, {{}}).items():
                has_shape = torch.is_tensor(value) and value.dim() > 0
                if has_shape and value.shape != param.shape:
                    return "{{}} was saved for a parameter of shape {{}}, it has {{}} now".format(
                        key, tuple(value.shape), tuple(param.shape)
                    )
    return None


'''
LOAD = 'optimizer.load_state_dict(checkpoint["optimizer_state"])'
GUARDED = f"""
difference = {HELPER}(
    optimizer, checkpoint.get("optimizer_state")
)
if difference is None:
    {LOAD}
else:
    logger.warning(
        "The saved optimizer is not taken over, training starts with a fresh "
        "one: {{}}.".format(difference)
    )
"""
# The scaler belongs to the optimizer that it was saved with.
NO_SCALER = "    scaler = None\n"


def _examine(source: Source) -> Finding:
    load = function(source.tree, "load_checkpoint")
    if load is None:
        return unknown("There is no function load_checkpoint.")
    if function(source.tree, HELPER) is not None:
        return already_applied()
    found = calls(load, "optimizer.load_state_dict")
    if not found:
        return not_applicable("Function load_checkpoint does not load an optimizer.")
    if len(found) > 1 or not same(found[0], LOAD):
        return unknown("Function load_checkpoint does not load the optimizer as expected.")
    statement = statement_of(load, found[0])
    if any(isinstance(node, ast.Try) for node in parents(load, statement)):
        return fixed_differently("It catches torch's errors, but not a state of another shape.")
    lines = GUARDED + (NO_SCALER if _argument(load, "scaler") else "")
    return affected(before(source, load, FUNCTION), rewrite(source, statement, lines))


def _argument(load: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.arg | None:
    return next((arg for arg in load.args.args if arg.arg == name), None)


PATCH = Patch(
    id="optimizer-state",
    component="slowfast",
    title="Load a saved optimizer state only if it fits, and log a warning otherwise",
    symptom="ValueError: loaded state dict has a different number of parameter groups",
    reason=(
        "torch compares the number and size of the groups, never the shapes of the state: a state "
        "for another NUM_CLASSES fails at the first step, one of another optimizer is accepted."
    ),
    issues=("SF#108", "SF#478", "SF#688", "D2#898"),
    sites=(Site("slowfast/utils/checkpoint.py", _examine),),
)
