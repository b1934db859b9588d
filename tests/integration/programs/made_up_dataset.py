"""A data set without files for upstream's own run_net: the same clips in the same order in every run.

Copied into a source tree as slowfast/datasets/made_up.py. Whatever index a sampler draws, the k-th
clip of an epoch that a process asks for is clip rank + k * processes, so that one process with a
batch of n and n processes with a batch of 1 train on the same clips in each step.
"""

# ruff: noqa: N801

from __future__ import annotations

import os
from typing import Any

import torch

from . import utils
from .build import DATASET_REGISTRY

CLIPS = {"train": int(os.environ.get("MADE_UP_CLIPS", "80")), "val": 4, "test": 4}


@DATASET_REGISTRY.register()
class Made_up(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Random clips, each of a class that its brightness shows."""

    def __init__(self, cfg: Any, mode: str) -> None:
        """Read what a clip looks like."""
        self.cfg, self.mode, self.asked = cfg, mode, 0
        self.num_videos = len(self)

    def __len__(self) -> int:
        """Return the number of clips of all processes."""
        return CLIPS[self.mode]

    def __getitem__(self, _index: Any) -> tuple[Any, ...]:
        """Return what upstream's data sets return: inputs, label, index, time, meta."""
        rank, processes = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        clip = rank + (self.asked % (len(self) // processes)) * processes
        self.asked += 1
        label = clip % self.cfg.MODEL.NUM_CLASSES
        generator = torch.Generator().manual_seed(clip)
        side, frames = self.cfg.DATA.TRAIN_CROP_SIZE, self.cfg.DATA.NUM_FRAMES
        video = torch.randn(3, frames, side, side, generator=generator) + label
        return utils.pack_pathway_output(self.cfg, video), label, clip, torch.zeros(1), {}
