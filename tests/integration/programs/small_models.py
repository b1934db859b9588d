"""Small models of a patched SlowFast, and batches for its own train_epoch, for the programs beside."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import torch

SMALL = """NUM_GPUS 0 RESNET.WIDTH_PER_GROUP 8 RESNET.DEPTH 50 DATA.TRAIN_CROP_SIZE 32
DATA.TEST_CROP_SIZE 32 DATA.NUM_FRAMES 8 SLOWFAST.ALPHA 4 MODEL.NUM_CLASSES 6 MODEL.DROPOUT_RATE 0.0
LOG_PERIOD 1 SOLVER.OPTIMIZING_METHOD sgd SOLVER.BASE_LR 0.1 SOLVER.WARMUP_EPOCHS 0.0
SOLVER.MAX_EPOCH 10 TRAIN.BATCH_SIZE 6 MODEL.FROZEN_BN True"""
BOXES = """DETECTION.ENABLE True DETECTION.ALIGNED True MODEL.LOSS_FUNC bce MODEL.HEAD_ACT sigmoid
DATA.MULTI_LABEL True"""


def use(tree: Path) -> None:
    """Import SlowFast, and its tools, from a tree."""
    sys.path[:0] = [str(tree)]
    os.chdir(tree)


def made(config: str, options: str) -> tuple[Any, Any]:
    """Return the configuration and the model, the same at every call."""
    from slowfast.config.defaults import assert_and_infer_cfg, get_cfg
    from slowfast.models import build_model

    cfg = get_cfg()
    cfg.merge_from_file(config)
    cfg.merge_from_list(f"{SMALL} {options}".split())
    cfg = assert_and_infer_cfg(cfg)
    torch.manual_seed(0)
    return cfg, build_model(cfg)


def batch(cfg: Any, clips: int, seed: int = 0) -> tuple[Any, ...]:
    """Return what the loader yields: inputs, labels, index, time, meta; clip i has i % 3 + 1 boxes."""
    from slowfast.datasets.utils import pack_pathway_output

    generator = torch.Generator().manual_seed(seed)
    side, frames = cfg.DATA.TRAIN_CROP_SIZE, cfg.DATA.NUM_FRAMES
    videos = torch.randn(clips, 3, frames, side, side, generator=generator)
    each = [pack_pathway_output(cfg, video) for video in videos]
    inputs = [torch.stack(parts) for parts in zip(*each, strict=True)]
    index = torch.arange(clips)
    if not cfg.DETECTION.ENABLE:
        return inputs, index % cfg.MODEL.NUM_CLASSES, index, torch.zeros(clips), {}
    owner = torch.repeat_interleave(index, index % 3 + 1)[:, None].float()
    corners = 12 * torch.rand(len(owner), 4, generator=generator)
    boxes = torch.cat([owner, corners[:, :2], corners[:, 2:] + 16], dim=1)
    labels = (torch.rand(len(owner), cfg.MODEL.NUM_CLASSES, generator=generator) < 0.3).float()
    return inputs, labels, index, torch.zeros(clips), {"boxes": boxes}


def split(complete: tuple[Any, ...], sizes: list[int]) -> list[tuple[Any, ...]]:
    """Return the clips of one batch as several."""
    inputs, labels, index, time, meta = complete
    parts, start = [], 0
    for size in sizes:
        clips = slice(start, start + size)
        part, rows = {}, clips
        if "boxes" in meta:
            rows = (meta["boxes"][:, 0] >= start) & (meta["boxes"][:, 0] < start + size)
            part["boxes"] = meta["boxes"][rows] - torch.tensor([start, 0.0, 0.0, 0.0, 0.0])
        videos = [pathway[clips].clone() for pathway in inputs]
        parts.append((videos, labels[rows], index[clips], time[clips], part))
        start += size
    return parts


def train(cfg: Any, model: Any, batches: list[Any]) -> list[float]:
    """Train for one epoch with upstream's own loop; return the losses that it logs."""
    from slowfast.models import optimizer as optim
    from slowfast.utils.meters import AVAMeter, TrainMeter

    # Another project installs a package `tools`, which hides the folder.
    program = importlib.util.spec_from_file_location("train_net", "tools/train_net.py")
    loop = importlib.util.module_from_spec(program)
    program.loader.exec_module(loop)
    bare = getattr(model, "module", model)
    optimizer = optim.construct_optimizer(bare, cfg)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    losses: list[float] = []
    if cfg.DETECTION.ENABLE:
        meter = AVAMeter.__new__(AVAMeter)  # without the lists of a data set
        vars(meter).update(vars(TrainMeter(len(batches), cfg)))
        meter.update_stats = lambda _1, _2, _3, loss, _4: losses.append(loss)
        meter.log_iter_stats = meter.log_epoch_stats = meter.reset = lambda *_: None
    else:
        meter = TrainMeter(len(batches), cfg)
        update = meter.update_stats
        meter.update_stats = lambda *given: (losses.append(given[2]), update(*given))
    loop.train_epoch(batches, model, optimizer, scaler, meter, 0, cfg)
    return losses
