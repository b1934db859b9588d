"""A training set without a batch: it is too small, or no video loads, and training makes no step."""

from __future__ import annotations

import ast

from ..model import Finding, Patch, Site, affected, already_applied, not_applicable, unknown
from ..syntax.source_file import Source, dotted, find, function, same
from ..syntax.splices import before

HELPER = "_require_a_batch"
FUNCTION = f'''
def {HELPER}(loader, dataset, batch_size, cfg):
    """
    Fail early where the training set cannot fill its first batch, or the largest
    of the long cycle: training would take no step and still save a checkpoint.
    Args:
        loader (loader): data loader of the training split.
        dataset (dataset): the dataset behind it.
        batch_size (int): number of samples per batch and process.
        cfg (CfgNode): configs. Details can be found in
            slowfast/config/defaults.py
    """
    place = "process"
    if isinstance(dataset, getattr(torch.utils.data, "IterableDataset", ())):
        if not hasattr(dataset, "sampler"):
            return
        # Each worker has a part of the videos, and leaves out its own last batch.
        videos = len(dataset.sampler)
        first = batch_size
        samples = -(-videos // max(1, loader.num_workers)) * len(dataset)
        samples //= max(1, videos)
        place = "worker" if loader.num_workers else place
    else:
        samples = len(loader.batch_sampler.sampler)
        first = getattr(loader.batch_sampler, "batch_sizes", [batch_size])[0]
    first = max(first, _largest_of_long_cycle(cfg))
    if samples < first:
        raise ValueError(
            "The training set is empty of batches: {{}} samples in the dataset, {{}} per "
            "{{}}, but a batch per {{}} needs {{}} (TRAIN.BATCH_SIZE {{}}, NUM_GPUS {{}}, "
            "times the factors of multigrid), and drop_last leaves an incomplete batch "
            "out. Lower TRAIN.BATCH_SIZE or DATA_LOADER.NUM_WORKERS, or add "
            "samples.".format(
                len(dataset),
                samples,
                place,
                place,
                first,
                getattr(getattr(cfg, "MULTIGRID", None), "DEFAULT_B", 0)
                or cfg.TRAIN.BATCH_SIZE,
                cfg.NUM_GPUS,
            )
        )


def _largest_of_long_cycle(cfg):
    """
    Returns: the largest batch per process of the long and the short cycle of
    multigrid, as MultigridSchedule computes it; 0 without a long cycle.
    """
    cycle = getattr(cfg, "MULTIGRID", None)
    if cycle is None or not cycle.LONG_CYCLE or not cycle.DEFAULT_B:
        return 0
    size = float(cycle.DEFAULT_T * cycle.DEFAULT_S**2)
    largest = 0
    for t_factor, s_factor in cycle.LONG_CYCLE_FACTORS:
        base_t = int(round(cycle.DEFAULT_T * t_factor))
        base_s = int(round(cycle.DEFAULT_S * s_factor))
        base_b = int(round(size / (base_t * base_s * base_s)))
        batch = int(base_b * cycle.DEFAULT_B / max(1, cfg.NUM_GPUS))
        if cycle.SHORT_CYCLE:
            crop = cycle.SHORT_CYCLE_FACTORS[0] * cycle.DEFAULT_S
            batch *= int(round((float(base_s) / crop) ** 2))
        largest = max(largest, batch)
    return largest


'''
CALL = f"""
if split in ["train"]:
    {HELPER}(loader, dataset, batch_size, cfg)
"""
NO_BATCH = """
if inputs is None:
    raise RuntimeError(
        "The training set gave no batch: its videos could not be loaded, see the "
        "messages above. Without this error an untrained checkpoint would be saved."
    )
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


def _examine_loop(source: Source) -> Finding:
    epoch = function(source.tree, "train_epoch")
    if epoch is None:
        return unknown("There is no function train_epoch.")
    ends = [n for n in epoch.body if isinstance(n, ast.Delete) and _names(n) == ["inputs"]]
    loops = [n for n in epoch.body if isinstance(n, ast.For) and _is_known_loop(n)]
    if not ends:
        return not_applicable("train_epoch does not delete inputs.")
    if any(isinstance(node, ast.If) and same(node.test, "inputs is None") for node in epoch.body):
        return already_applied()
    if len(ends) != 1 or len(loops) != 1:
        return unknown("train_epoch does not have one loop over inputs and one `del inputs`.")
    return affected(before(source, loops[0], "inputs = None"), before(source, ends[0], NO_BATCH))


def _names(node: ast.Delete | ast.Assign) -> list[str]:
    return [dotted(target) for target in node.targets]


def _is_known_loop(loop: ast.For) -> bool:
    return "inputs" in [name.id for name in find(loop.target, ast.Name)]


PATCH = Patch(
    id="empty-loader",
    component="slowfast",
    title="Reject a training set that gives no batch",
    symptom=(
        "UnboundLocalError: cannot access local variable 'inputs' where it is not associated "
        "with a value"
    ),
    reason=(
        "drop_last drops the only batch, which is incomplete, in each worker of PyTorchVideo's data sets "
        "and in each batch size of multigrid. If the loop were guarded instead, an untrained "
        "checkpoint would be saved, so loader and loop raise an error."
    ),
    issues=("SF#257", "SF#547"),
    sites=(
        Site("slowfast/datasets/loader.py", _examine),
        Site("tools/train_net.py", _examine_loop),
    ),
)
