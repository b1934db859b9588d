"""Every batch is a step of the optimizer, so a GPU with little memory trains with small batches."""

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
from ..syntax.source_file import Function, Source, calls, dotted, find, function, same, statement_of
from ..syntax.splices import Splice, after, before, nest, replace, rewrite

CLASS = "_Accumulation"
KEY = """
# Batches for each step of the optimizer. k batches of b clips are a step of k * b
# clips, apart from batch norm, which takes its statistics from each batch.
_C.TRAIN.ACCUMULATION_STEPS = 1
"""
CHECK = """assert cfg.TRAIN.ACCUMULATION_STEPS >= 1, "TRAIN.ACCUMULATION_STEPS is at least 1."
if (
    cfg.TRAIN.ACCUMULATION_STEPS > 1
    and cfg.MODEL.get("MODEL_NAME") == "ContrastiveModel"
):
    raise ValueError(
        "TRAIN.ACCUMULATION_STEPS must be 1 for a ContrastiveModel: its loss compares "
        "the clips of one batch, and its queue and momentum encoder move with each."
    )
"""
HELPER = f'''
class {CLASS}:
    """
    Groups of TRAIN.ACCUMULATION_STEPS batches, with one step of the optimizer each.
    The gradients are always the mean over the group so far, also where its batches
    differ in size and where the last group of an epoch is incomplete.
    """

    def __init__(self, cfg, model):
        """
        Args:
            cfg (CfgNode): configs. Details can be found in
                slowfast/config/defaults.py
            model (model): the video model to train.
        """
        self.steps = cfg.TRAIN.ACCUMULATION_STEPS
        self.parameters = list(model.parameters())
        self.no_sync = getattr(model, "no_sync", contextlib.nullcontext)
        self.begins = self.ends = True
        self.rows = 0

    def batches(self, loader):
        """
        Yield the batches of a loader, the last of a group one with the reduction of
        gradients among processes. Looks one batch ahead for the end of the epoch.
        """
        if self.steps == 1:
            yield from loader
            return
        batches, place = iter(loader), 0
        following = next(batches, None)
        while following is not None:
            batch, following = following, next(batches, None)
            self.begins = place % self.steps == 0
            place += 1
            self.ends = following is None or place % self.steps == 0
            with contextlib.nullcontext() if self.ends else self.no_sync():
                yield batch

    def share(self, loss, preds):
        """
        Args:
            loss (tensor): mean loss over the rows of preds (clips, or boxes).
            preds (tensor or list): predictions.
        Returns: the share of the loss in the mean over the group so far; the
            gradients of the batches before get theirs.
        """
        if self.steps == 1:
            return loss
        rows = (preds[0] if isinstance(preds, (list, tuple)) else preds).size(0)
        self.rows = rows if self.begins else self.rows + rows
        if self.begins:
            return loss
        share = rows / self.rows
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad.mul_(1.0 - share)
        return loss * share


'''
GROUP = f"""
accumulation = {CLASS}(cfg, model)
"""
NO_NORM = "grad_norm = 0.0\n"
NORM_OF_LAST_GROUP = """
else:
    grad_norm = torch.as_tensor(grad_norm or 0.0, device=loss.device)
"""
FIRST_OF_GROUP = """
if accumulation.begins:
    optimizer.zero_grad()
"""
FRACTION = "float(cur_iter) / data_size"
OF_GROUP = "cur_iter - cur_iter % cfg.TRAIN.ACCUMULATION_STEPS"


def _examine_defaults(source: Source) -> Finding:
    settings = {
        dotted(node.targets[0]): node for node in source.tree.body if isinstance(node, ast.Assign)
    }
    if "_C.TRAIN.ACCUMULATION_STEPS" in settings:
        return already_applied()
    if "_C.TRAIN.BATCH_SIZE" not in settings:
        return not_applicable("There is no key TRAIN.BATCH_SIZE.")
    infer = function(source.tree, "assert_and_infer_cfg")
    infer = infer or function(source.tree, "_assert_and_infer_cfg")
    if infer is None or not isinstance(infer.body[-1], ast.Return):
        return unknown("There is no function assert_and_infer_cfg that returns cfg.")
    added = after(source, settings["_C.TRAIN.BATCH_SIZE"], KEY)
    return affected(added, before(source, infer.body[-1], CHECK))


def _examine_loop(source: Source) -> Finding:
    epoch = function(source.tree, "train_epoch")
    if any(isinstance(node, ast.ClassDef) and node.name == CLASS for node in source.tree.body):
        return already_applied()
    clears = calls(epoch, "optimizer.zero_grad") if epoch else []
    if epoch is None or not clears:
        return not_applicable("There is no function train_epoch that clears gradients.")
    loops = [node for node in find(epoch, ast.For) if same(node.iter, "enumerate(train_loader)")]
    backward = [call for call in calls(epoch, "loss.backward") if not call.args]
    scaled = [call for call in calls(epoch, "scaler.scale") if same(call, "scaler.scale(loss)")]
    fractions = [node for node in find(epoch, ast.BinOp) if same(node, FRACTION)]
    losses = [*scaled, *backward]
    if [len(nodes) for nodes in (loops, clears, losses, fractions)] != [1, 1, 1, 1]:
        return unknown("Function train_epoch does not have one loop, backward and learning rate.")
    steps = _steps(loops[0])
    if not steps:
        return unknown("The loop of train_epoch does not step the optimizer after backward.")
    return affected(
        *_helper(source, epoch),
        before(source, loops[0], GROUP + NO_NORM if _norm(steps) else GROUP),
        replace(source, loops[0].iter, "enumerate(accumulation.batches(train_loader))"),
        replace(source, fractions[0].left, f"float({OF_GROUP})"),
        rewrite(source, statement_of(epoch, clears[0]), FIRST_OF_GROUP),
        _share(source, losses[0]),
        nest(source, steps, "if accumulation.ends:", _norm(steps)),
    )


def _steps(loop: ast.For) -> list[ast.stmt]:
    """Return the statements of the loop from unscaling to the step, which end a group."""
    names = ("scaler.unscale_", "scaler.step", "scaler.update", "optimizer.step")
    places = [n for n, statement in enumerate(loop.body) if calls(statement, *names)]
    return loop.body[places[0] : places[-1] + 1] if places else []


def _norm(steps: list[ast.stmt]) -> str:
    """Return what gives the other batches a norm of gradients, where one is logged."""
    names = [name for step in steps for name in find(step, ast.Name)]
    return NORM_OF_LAST_GROUP if any(name.id == "grad_norm" for name in names) else ""


def _helper(source: Source, epoch: Function) -> list[Splice]:
    """Return the edits that add the class, and the import that it needs."""
    imports = [node for node in source.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    added = [before(source, epoch, HELPER)]
    if not any(_is_contextlib(node) for node in imports):
        first = [node for node in imports if getattr(node, "module", "") != "__future__"][:1]
        added += [before(source, node, "import contextlib") for node in first]
    return added


def _is_contextlib(node: ast.stmt) -> bool:
    names = node.names if isinstance(node, ast.Import) else []
    return ("contextlib", None) in [(name.name, name.asname) for name in names]


def _share(source: Source, call: ast.Call) -> Splice:
    """Return the edit of ``loss`` in ``loss.backward()`` or in ``scaler.scale(loss)``."""
    loss = call.args[0] if call.args else getattr(call.func, "value", call.func)
    return replace(source, loss, "accumulation.share(loss, preds)")


def _trains(source: Source) -> bool:
    return function(source.tree, "train_epoch") is not None


LOOP = "tools/train_net.py"

PATCH = Patch(
    id="gradient-accumulation",
    component="slowfast",
    title="Add TRAIN.ACCUMULATION_STEPS, for batches that do not fit into a GPU",
    symptom="KeyError: 'Non-existent config key: TRAIN.ACCUMULATION_STEPS'",
    reason=(
        "Upstream makes a step of the optimizer for every batch, so a GPU with little memory trains with "
        "another batch and learning rate than the configuration. The default stays one batch."
    ),
    sites=(
        Site("slowfast/config/defaults.py", _examine_defaults, beside=(Beside(LOOP, _trains),)),
        Site(LOOP, _examine_loop),
    ),
    origins=GIT_ONLY,
)
