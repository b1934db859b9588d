"""PyTorchVideo 0.1.5 on PyPI lacks functions that SlowFast imports."""

from __future__ import annotations

import ast

from ..model import NOT_PINNED, Finding, Patch, Site, affected, already_applied, unknown
from ..syntax.source_file import Source, find, function
from ..syntax.splices import after

FUNCTIONS = '''

_LOCAL_GROUP = None


def init_distributed_training(num_gpus, shard_id):
    """
    Make one process group per machine; all processes must call this.
    Args:
        num_gpus (int): number of processes, one per GPU, on each machine.
        shard_id (int): index of this machine.
    """
    global _LOCAL_GROUP
    if num_gpus <= 1:
        return
    for machine in range(torch.distributed.get_world_size() // num_gpus):
        first = machine * num_gpus
        group = torch.distributed.new_group(list(range(first, first + num_gpus)))
        if machine == shard_id:
            _LOCAL_GROUP = group


def get_local_process_group():
    """
    Returns: the process group of this machine.
    """
    if _LOCAL_GROUP is None:
        raise RuntimeError("init_distributed_training was not called.")
    return _LOCAL_GROUP


def get_local_size() -> int:
    """
    Returns: the number of processes on this machine.
    """
    if get_world_size() == 1:
        return 1
    return torch.distributed.get_world_size(group=_LOCAL_GROUP)


def get_local_rank() -> int:
    """
    Returns: the rank of this process on its machine.
    """
    if get_world_size() == 1:
        return 0
    return torch.distributed.get_rank(group=get_local_process_group())


def cat_all_gather(tensors, local=False):
    """
    Gather a tensor of every process and concatenate them by rank.
    Args:
        tensors (tensor): the part of this process, equal in shape everywhere.
        local (bool): gather from this machine only.
    """
    group = get_local_process_group() if local else None
    size = torch.distributed.get_world_size(group=group)
    parts = [torch.empty_like(tensors) for _ in range(size)]
    torch.distributed.all_gather(parts, tensors.contiguous(), group=group)
    return torch.cat(parts, dim=0)
'''
LOSS = '''"""Cross entropy with soft targets."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class SoftTargetCrossEntropyLoss(nn.Module):
    """
    Cross entropy between logits and a distribution over the classes.
    Args:
        ignore_index (int): samples whose class target has this value do not count.
        reduction (str): `mean` or `none`.
        normalize_targets (bool): scale each target so that it sums to one.
    """

    def __init__(self, ignore_index=-100, reduction="mean", normalize_targets=True):
        super().__init__()
        if reduction not in ("mean", "none"):
            raise NotImplementedError("reduction {} is not supported".format(reduction))
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.normalize_targets = normalize_targets

    def forward(self, input, target):
        """
        Args:
            input (tensor): logits, `batch` x `classes`.
            target (tensor): `batch` x `classes`, or the class of each sample.
        """
        counted = torch.ones(input.shape[0], dtype=torch.bool, device=input.device)
        if target.dim() == 1:
            counted = target != self.ignore_index
            classes = torch.where(counted, target, torch.zeros_like(target))
            target = F.one_hot(classes, input.shape[-1])
        target = target.to(input.dtype)
        if self.normalize_targets:
            target = target / (target.sum(dim=-1, keepdim=True) + 1e-12)
        loss = -(target * F.log_softmax(input, dim=-1)).sum(dim=-1) * counted
        if self.reduction == "none":
            return loss
        return loss.sum() / counted.sum().clamp(min=1)
'''


def _examine(source: Source) -> Finding:
    if function(source.tree, "cat_all_gather") is not None:
        return already_applied()
    plain = [alias.name for node in find(source.tree, ast.Import) for alias in node.names]
    if function(source.tree, "get_world_size") is None or "torch" not in plain:
        return unknown("There is no function get_world_size, or no import of torch.")
    return affected(after(source, source.tree.body[-1], FUNCTIONS))


def _created(path: str, text: str) -> Site:
    return Site(path, lambda _: already_applied(), text=text)


PATCH = Patch(
    id="cat-all-gather",
    component="pytorchvideo",
    title="Add the distributed functions and the loss that SlowFast imports",
    symptom="ImportError: cannot import name 'cat_all_gather' from 'pytorchvideo.layers.distributed'",
    reason="0.1.5 on PyPI lacks them; the repository, also 0.1.5, has them since June 2022.",
    issues=("SF#545", "SF#636", "SF#663", "SF#667", "SF#751"),
    sites=(
        Site("pytorchvideo/layers/distributed.py", _examine),
        _created("pytorchvideo/losses/__init__.py", ""),
        _created("pytorchvideo/losses/soft_target_cross_entropy.py", LOSS),
    ),
    origins=NOT_PINNED,
)
