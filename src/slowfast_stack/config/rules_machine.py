"""Rules on the machine: its GPUs, its shared memory, and what the environment has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from slowfast_stack.config import long_cycle
from slowfast_stack.config.findings import ERROR, NOTE, WARNING, Finding
from slowfast_stack.config.usage import data_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.target import Target

_PREFETCHED = 2  # batches that each worker of torch's loader keeps ready
_FLOAT = 4  # bytes
_GIB = 1 << 30


def gpus(read: Content, target: Target) -> Iterator[Finding]:
    """Refuse more GPUs than there are; upstream asserts it."""
    wanted, key = read.get("NUM_GPUS"), "NUM_GPUS"
    if target.machine is None or target.machine.gpus is None or wanted <= target.machine.gpus:
        return
    has = target.machine.gpus
    message = f"{wanted} GPUs are wanted, and this machine has {has}; upstream stops."
    level = ERROR if target.tree else NOTE  # without a stack it will run elsewhere
    yield Finding("gpus", key, message, f"{has}", level)


def shards(read: Content, _target: Target) -> Iterator[Finding]:
    """Refuse several machines without a process group, and say how upstream learns of them."""
    count, key = read.get("NUM_SHARDS"), "NUM_SHARDS"
    if count > 1 and read.get("NUM_GPUS") <= 1:
        message = (
            f"With NUM_GPUS {read.get('NUM_GPUS')} the {count} machines form no group: each trains "
            "a model of its own."
        )
        yield Finding("shards", key, message, "1, or at least 2 GPUs for each machine.")
    elif count > 1:
        message = "Upstream takes the number of machines from its command line alone."
        yield Finding("shards", key, message, "Pass it to run_net.py on each machine.", WARNING)
    elif read.get("SHARD_ID") >= max(1, count):
        message = f"SHARD_ID {read.get('SHARD_ID')} is not below NUM_SHARDS {count}."
        yield Finding("shards", "SHARD_ID", message, "0", WARNING, set={"SHARD_ID": 0})


def apex(read: Content, target: Target) -> Iterator[Finding]:
    """Refuse the batch norm of apex in an environment without apex."""
    if read.get("BN.NORM_TYPE") == "sync_batchnorm_apex" and not target.has_apex:
        message = "sync_batchnorm_apex needs apex, which the environment does not have."
        yield Finding("apex", "BN.NORM_TYPE", message, "sync_batchnorm with NUM_SYNC_DEVICES.")


def shared_memory(read: Content, target: Target) -> Iterator[Finding]:
    """Warn of loaders whose batches do not fit into /dev/shm."""
    workers = read.get("DATA_LOADER.NUM_WORKERS")
    free = target.machine.shared_memory if target.machine else None
    if free is None or not workers or not read.get("TRAIN.ENABLE"):
        return
    batch = _batch_bytes(read)
    processes = max(1, read.get("NUM_GPUS"))
    needed = batch * workers * _PREFETCHED * processes
    if needed > free:
        message = (
            f"{workers} workers of {processes} processes hold batches of {needed / _GIB:.1f} GiB, "
            f"and /dev/shm has {free / _GIB:.1f} GiB free: a worker can die of a bus error."
        )
        fits = free // (batch * _PREFETCHED * processes)
        level = ERROR if batch > free else WARNING
        yield Finding("shared-memory", "DATA_LOADER.NUM_WORKERS", message, f"{fits}", level)


def _batch_bytes(read: Content) -> int:
    clips = math.ceil(read.get("TRAIN.BATCH_SIZE") / max(1, read.get("NUM_GPUS")))
    clips *= read.get("AUG.NUM_SAMPLE") if read.get("AUG.ENABLE") else 1
    frames = 1 if "imagenet" in data_sets(read) else read.get("DATA.NUM_FRAMES")
    side = read.get("DATA.TRAIN_CROP_SIZE")
    return int(clips * 3 * frames * side * side * _FLOAT)


def contrastive_norm(read: Content, _target: Target) -> Iterator[Finding]:
    """Compare the GPUs that share the batch norm of contrastive layers with all GPUs."""
    devices, gpus_ = read.get("BN.NUM_SYNC_DEVICES"), max(1, read.get("NUM_GPUS"))
    shares = read.get("CONTRASTIVE.BN_MLP") and read.get("CONTRASTIVE.BN_SYNC_MLP")
    layers = read.get("CONTRASTIVE.NUM_MLP_LAYERS") > 1 or read.get("CONTRASTIVE.PREDICTOR_DEPTHS")
    if _is_contrastive(read) and shares and layers and devices > 1 and gpus_ % devices:
        key = "BN.NUM_SYNC_DEVICES"
        message = f"Statistics of {devices} GPUs cannot be shared among {gpus_}; upstream stops."
        yield Finding("sync-devices", key, message, f"{gpus_}", set={key: gpus_})


def _is_contrastive(read: Content) -> bool:
    return bool(read.get("MODEL.MODEL_NAME") == "ContrastiveModel")


def long_cycle_norm(read: Content, _target: Target) -> Iterator[Finding]:
    """Compare the batch norm that each shape of the long cycle takes with the GPUs and clips."""
    key, gpus_ = "MULTIGRID.BN_BASE_SIZE", max(1, read.get("NUM_GPUS"))
    base, batch = read.get(key), read.get("TRAIN.BATCH_SIZE")
    cycles = read.get("TRAIN.ENABLE") and read.get("MULTIGRID.LONG_CYCLE")
    if not cycles or base < 1 or batch < 1:
        return
    found = long_cycle.misfit(read, batch, gpus_, base)
    if found is None:
        return
    right, head = (
        long_cycle.nearest(read, batch, gpus_),
        f"With {found.clips:g} clips for each GPU the long cycle",
    )
    if found.shares:
        message = (
            f"{head} shares the statistics of {found.divisor} GPUs, which {gpus_} cannot be divided "
            "into; upstream stops."
        )
    else:
        message = (
            f"{head} splits the batch into {found.divisor} parts, which do not divide it; "
            "upstream stops."
        )
    id_ = "sync-devices" if found.shares else "bn-splits"
    yield Finding(id_, key, message, f"{right}", set={key: right})


def demo_gpus(read: Content, _target: Target) -> Iterator[Finding]:
    """Refuse several GPUs for a demo with boxes that are given."""
    gpus_, key = read.get("NUM_GPUS"), "NUM_GPUS"
    given = (
        read.get("DEMO.ENABLE") and read.get("DETECTION.ENABLE") and read.get("DEMO.PREDS_BOXES")
    )
    if given and gpus_ > 1:
        message = f"A demo with given boxes runs on one GPU, not on {gpus_}; upstream stops."
        yield Finding("gpus", key, message, "1", set={key: 1})


RULES = (gpus, shards, apex, contrastive_norm, long_cycle_norm, demo_gpus, shared_memory)
