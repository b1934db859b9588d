"""A training set smaller than one batch yields no batch, and training makes no step."""

from __future__ import annotations

import ast

from ..model import Finding, Patch, Site, affected, already_applied, unknown
from ..syntax.source_file import Source, dotted, find, function
from ..syntax.splices import before

HELPER = "_require_a_batch"
FUNCTION = f'''
def {HELPER}(loader, dataset, batch_size, cfg):
    """
    Fail early where the training set cannot fill its first batch: training
    would take no step and still save a checkpoint.
    Args:
        loader (loader): data loader of the training split.
        dataset (dataset): the dataset behind it.
        batch_size (int): number of samples per batch and process.
        cfg (CfgNode): configs. Details can be found in
            slowfast/config/defaults.py
    """
    if isinstance(dataset, getattr(torch.utils.data, "IterableDataset", ())):
        return
    samples = len(loader.batch_sampler.sampler)
    first = getattr(loader.batch_sampler, "batch_sizes", [batch_size])[0]
    if samples < first:
        raise ValueError(
            "The training set is empty of batches: {{}} samples in the dataset, {{}} per "
            "process, but a batch per process needs {{}} (TRAIN.BATCH_SIZE {{}}, "
            "NUM_GPUS {{}}), and drop_last leaves an incomplete batch out. Lower "
            "TRAIN.BATCH_SIZE or add samples.".format(
                len(dataset), samples, first, cfg.TRAIN.BATCH_SIZE, cfg.NUM_GPUS
            )
        )


'''
CALL = f"""
if split in ["train"]:
    {HELPER}(loader, dataset, batch_size, cfg)
"""


def _examine(source: Source) -> Finding:
    if function(source.tree, HELPER) is not None:
        return already_applied()
    construct = function(source.tree, "construct_loader")
    last = construct.body[-1] if construct else None
    if construct is None or not isinstance(last, ast.Return) or not _is_known(construct, last):
        return unknown("Function construct_loader does not end with `return loader`.")
    return affected(before(source, construct, FUNCTION), before(source, last, CALL))


def _is_known(construct: ast.AST, last: ast.Return) -> bool:
    names = {name.id for name in find(construct, ast.Name)}
    return dotted(last.value) == "loader" and {"dataset", "batch_size"} <= names


PATCH = Patch(
    id="empty-loader",
    component="slowfast",
    title="Reject a training set that is smaller than one batch",
    symptom=(
        "UnboundLocalError: cannot access local variable 'inputs' where it is not associated "
        "with a value"
    ),
    reason=(
        "drop_last drops the only batch, which is incomplete. If the loop were guarded instead, an "
        "untrained checkpoint would be saved, so the loader raises the error."
    ),
    issues=("SF#257", "SF#547"),
    sites=(Site("slowfast/datasets/loader.py", _examine),),
)
