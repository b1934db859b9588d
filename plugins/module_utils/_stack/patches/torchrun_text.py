"""The module that the patch ``torchrun-launch`` adds to a source tree of SlowFast."""

from __future__ import annotations

TEXT = '''\
#!/usr/bin/env python3

"""Run one process of a training that torchrun, or another launcher, has started."""

import collections
import os
import uuid

import torch
import torch.distributed as dist

Place = collections.namedtuple("Place", "rank world_size local_rank local_size")

_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_NAME_BYTES = 256
_BLOCK = 1 << 26
# Whether all nodes write to one OUTPUT_DIR, as on a shared file system.
_is_shared = True


def place():
    """
    Returns:
        (Place): the place of this process among those that a launcher started, or
            None if no launcher did.
    """
    if any(name not in os.environ for name in _VARIABLES):
        return None
    rank, world_size, local_rank = (int(os.environ[name]) for name in _VARIABLES[:3])
    local_size = int(os.environ.get("LOCAL_WORLD_SIZE", world_size))
    return Place(rank, world_size, local_rank, local_size)


def set_shards(cfg):
    """
    Set NUM_SHARDS and SHARD_ID to what the launcher did. A shard is a node with its
    NUM_GPUS GPUs, or one process on a CPU: TRAIN.BATCH_SIZE is the batch of a shard.
    Args:
        cfg (CfgNode): configs. Details can be found in
            slowfast/config/defaults.py
    """
    here = place()
    if here is None:
        return
    if cfg.NUM_GPUS and cfg.NUM_GPUS != here.local_size:
        raise ValueError(
            "NUM_GPUS is {}, but {} processes were started on this node.".format(
                cfg.NUM_GPUS, here.local_size
            )
        )
    size = max(1, cfg.NUM_GPUS)
    cfg.NUM_SHARDS = here.world_size // size
    cfg.SHARD_ID = here.rank // size


def run(cfg, func):
    """
    Run a function as this process, among all that the launcher started.
    Args:
        cfg (CfgNode): configs. Details can be found in
            slowfast/config/defaults.py
        func (function): job to run.
    """
    here = place()
    if cfg.NUM_GPUS:
        torch.cuda.set_device(here.local_rank)
    if not dist.is_initialized():
        dist.init_process_group(
            backend=cfg.DIST_BACKEND if cfg.NUM_GPUS else "gloo",
            init_method="env://",
            world_size=here.world_size,
            rank=here.rank,
        )
    _share_checkpoints(os.path.join(cfg.OUTPUT_DIR, "checkpoints"), here)
    return func(cfg=cfg)


def saves(is_master):
    """
    Args:
        is_master (bool): whether this is the master process.
    Returns:
        (bool): whether this process saves checkpoints: the master, or one of each
            node where the nodes do not share a folder.
    """
    here = place()
    if here is None or _is_shared:
        return is_master
    return here.local_rank == 0


def _share_checkpoints(folder, here):
    """Give every node the last checkpoint of any, so that all resume from the same."""
    global _is_shared
    os.makedirs(folder, exist_ok=True)
    group = dist.new_group(backend="gloo")
    token = _gather(uuid.uuid4().hex, group)[0]
    mark = os.path.join(folder, ".shared-" + token)
    if here.rank == 0:
        with open(mark, "wb"):
            pass
    dist.barrier(group=group)
    sees = _gather("1" if os.path.exists(mark) else "", group)
    names = sorted(name for name in os.listdir(folder) if "checkpoint" in name)
    last = _gather(names[-1] if names else "", group)
    if here.rank == 0:
        os.remove(mark)
    _is_shared = all(sees)
    newest = max(last)
    if any(name != newest for name in last):
        owner = last.index(newest)
        path = os.path.join(folder, os.path.basename(newest))
        writes = here.local_rank == 0 and last[here.rank] != newest
        _send(path, owner, here.rank == owner, writes, group)
    dist.barrier(group=group)


def _gather(text, group):
    """Return a short text of every process; bytes only, nothing is unpickled."""
    data = text.encode()[:_NAME_BYTES].ljust(_NAME_BYTES, b"\\0")
    own = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    rows = [torch.empty_like(own) for _ in range(dist.get_world_size(group))]
    dist.all_gather(rows, own, group=group)
    return [bytes(row.tolist()).rstrip(b"\\0").decode() for row in rows]


def _send(path, owner, reads, writes, group):
    """Send a file from its owner to the processes that write it."""
    size = torch.tensor([os.path.getsize(path) if reads else 0])
    dist.broadcast(size, owner, group=group)
    left = int(size)
    partial = os.path.join(os.path.dirname(path), ".receiving.pyth")
    with open(path if reads else partial if writes else os.devnull, "rb" if reads else "wb") as f:
        while left:
            block = torch.empty(min(left, _BLOCK), dtype=torch.uint8)
            if reads:
                f.readinto(memoryview(block.numpy()))
            dist.broadcast(block, owner, group=group)
            if writes:
                f.write(memoryview(block.numpy()))
            left -= block.numel()
    if writes:
        os.replace(partial, path)
'''
