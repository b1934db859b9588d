"""AVA's loss takes probabilities, which autocast refuses in half precision."""

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
from ..syntax.source_file import Source, calls, dotted, find, function, same
from ..syntax.splices import before, replace

LOSS = "BCELossInFloat32"
CLASS = f'''
class {LOSS}(nn.BCELoss):
    """
    Binary cross entropy of probabilities in float32: autocast refuses it in half
    precision, where log(p) and log(1 - p) are lost.
    """

    def forward(self, inputs, targets):
        with torch.autocast(inputs.device.type, enabled=False):
            return super().forward(inputs.float(), targets.float())


'''


def _examine_losses(source: Source) -> Finding:
    tables = [node for node in source.tree.body if isinstance(node, ast.Assign) and _is_table(node)]
    losses = _losses(tables[0].value) if tables else []
    if any(dotted(loss) == LOSS for loss in losses):
        return already_applied()
    if not losses:
        return not_applicable("The file has no loss bce.")
    if len(losses) != 1 or not same(losses[0], "nn.BCELoss") or not _imports_torch(source):
        return unknown("The table _LOSSES has a loss bce that is not nn.BCELoss.")
    return affected(before(source, tables[0], CLASS), replace(source, losses[0], LOSS))


def _is_table(node: ast.Assign) -> bool:
    return [dotted(target) for target in node.targets] == ["_LOSSES"]


def _losses(table: ast.expr) -> list[ast.expr]:
    if not isinstance(table, ast.Dict):
        return []
    return [loss for key, loss in zip(table.keys, table.values) if same(key, '"bce"')]


def _imports_torch(source: Source) -> bool:
    imports = [node for node in source.tree.body if isinstance(node, ast.Import)]
    return any((a.name, a.asname) == ("torch", None) for node in imports for a in node.names)


def _examine_head(source: Source) -> Finding:
    forward = function(source.tree, "ResNetRoIHead.forward")
    if forward is None:
        return not_applicable("There is no head for boxes.")
    activations = calls(forward, "self.act")
    if activations and all(same(call, "self.act(x.float())") for call in activations):
        return already_applied()
    if len(activations) != 1 or not same(activations[0], "self.act(x)"):
        return unknown("Method ResNetRoIHead.forward does not call self.act(x) once.")
    return affected(replace(source, activations[0].args[0], "x.float()"))


def _has_mixed_precision(source: Source) -> bool:
    names = {dotted(node) for node in find(source.tree, ast.Attribute)}
    return "_C.TRAIN.MIXED_PRECISION" in names


MIXED_PRECISION = Beside("slowfast/config/defaults.py", _has_mixed_precision)

PATCH = Patch(
    id="ava-mixed-precision",
    component="slowfast",
    title="Compute the probabilities and the loss of AVA in float32",
    symptom=(
        "RuntimeError: torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe "
        "to autocast"
    ),
    reason=(
        "AVA trains with BCELoss, and autocast raises on every GPU. In half precision a sigmoid of 8 is 1, "
        "whose loss has no gradient, so the head computes probabilities in float32 too."
    ),
    sites=(
        Site("slowfast/models/losses.py", _examine_losses, beside=(MIXED_PRECISION,)),
        Site("slowfast/models/head_helper.py", _examine_head, beside=(MIXED_PRECISION,)),
    ),
    origins=GIT_ONLY,
)
