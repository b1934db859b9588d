"""Batches of the shapes that upstream's data sets give, without any video: for rehearsals.

Only the data set is replaced; upstream's own sampler, collate function and loader work on it.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import torch
from slowfast.datasets.build import DATASET_REGISTRY
from slowfast.datasets.utils import pack_pathway_output
from torch.utils.data import DataLoader, Dataset, IterableDataset
from torch.utils.data.distributed import DistributedSampler
from torch.utils.data.sampler import RandomSampler

BOXES = 3  # persons of a moment; AVA has 1.6 labelled ones on the average
SIDE = 4 / 3  # a tested AVA clip keeps the shape of its film


def build(name: str, cfg, split: str):
    """Return the made-up data set for a name of upstream's registry, which refuses others."""
    DATASET_REGISTRY.get(name.capitalize())
    kind = name.lower()
    if kind.startswith("ptv"):
        return Streamed(cfg, split, kind.removeprefix("ptv"))
    return Clips(cfg, split, kind)


def samples(cfg, split: str) -> int:
    """Return how many samples make the batches that a rehearsal needs, on all GPUs."""
    batch = (cfg.TEST if split == "test" else cfg.TRAIN).BATCH_SIZE
    most = batch * batches(cfg, split) * max(1, cfg.NUM_SHARDS)
    if split == "train" and cfg.MULTIGRID.LONG_CYCLE:
        most *= 32  # the largest batch of both cycles
    elif split == "train" and cfg.MULTIGRID.SHORT_CYCLE:
        most *= max(1, round(1 / min(cfg.MULTIGRID.SHORT_CYCLE_FACTORS) ** 2))
    if split == "test":
        views = cfg.TEST.NUM_ENSEMBLE_VIEWS * cfg.TEST.NUM_SPATIAL_CROPS
        most = -(-most // views) * views
    return max(1, most)


def batches(cfg, split: str) -> int:
    """Return how many batches are rehearsed: the second one finds the state of the optimizer."""
    return (3 if cfg.MULTIGRID.SHORT_CYCLE else 2) if split == "train" else 1


class Clips(Dataset):
    """Samples of one kind: kinetics, ssv2, charades, imagenet, ava."""

    def __init__(self, cfg, split: str, kind: str) -> None:
        """Know the shapes from the configuration."""
        self.cfg, self.split, self.kind = cfg, split, kind
        self.mode = split
        self.num_videos = samples(cfg, split)
        # The bank of neighbours has one entry for each video of the data set.
        self._labels = [0] * max(self.num_videos, cfg.CONTRASTIVE.LENGTH, 200)

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.num_videos

    def __getitem__(self, index):
        """Return a sample as upstream's data set of this kind does."""
        short_cycle = None
        if isinstance(index, tuple):
            index, short_cycle = index
        if self.kind == "imagenet":
            return self._image(index)
        side = self._side(short_cycle)
        if self.kind == "ava":
            return self._moment(index, side)
        if self.kind == "charades":
            label = torch.zeros(self.cfg.MODEL.NUM_CLASSES, dtype=torch.long)
            return self._clip(side), label, index, 0, {}
        if self.kind != "kinetics":
            return self._clip(side), 0, index, 0, {}
        return self._kinetics(index, side)

    def _side(self, short_cycle) -> int:
        data, grid = self.cfg.DATA, self.cfg.MULTIGRID
        if self.split == "test" or (self.kind == "ava" and self.split == "val"):
            return data.TEST_CROP_SIZE
        if short_cycle in (0, 1):
            return round(grid.SHORT_CYCLE_FACTORS[short_cycle] * grid.DEFAULT_S)
        return data.TRAIN_CROP_SIZE

    def _clip(self, height: int, width: int | None = None) -> list:
        frames = torch.empty(3, self.cfg.DATA.NUM_FRAMES, height, width or height)
        return pack_pathway_output(self.cfg, frames)

    def _kinetics(self, index: int, side: int):
        cfg, trains = self.cfg, self.split == "train"
        decoded = cfg.DATA.TRAIN_CROP_NUM_TEMPORAL if trains else 1
        copies = cfg.DATA.TRAIN_CROP_NUM_SPATIAL * cfg.AUG.NUM_SAMPLE if trains else 1
        count = decoded * copies
        clips = [self._clip(side) for _clip in range(count)]
        if cfg.AUG.GEN_MASK_LOADER:
            clips = [[*clip, torch.Tensor(), _mask(cfg)] for clip in clips]
        time, label = np.zeros((count, 2)), 0
        if count > 1 and cfg.MODEL.MODEL_NAME != "ContrastiveModel":
            label, index = [label] * count, [index] * count
        return clips if count > 1 else clips[0], label, index, time, {}

    def _image(self, index: int):
        cfg = self.cfg
        side = cfg.DATA.TEST_CROP_SIZE if self.split == "test" else cfg.DATA.TRAIN_CROP_SIZE

        def image():
            made = torch.empty(3, side, side)
            return made if cfg.MVIT.PATCH_2D else made.unsqueeze(1)

        if cfg.AUG.ENABLE and cfg.AUG.GEN_MASK_LOADER:
            image_and_mask = [torch.empty(3, side, side), torch.Tensor(), _image_mask(cfg)]
            return image_and_mask, torch.Tensor(), index, torch.Tensor(), {}
        if cfg.AUG.ENABLE and self.split == "train" and cfg.AUG.NUM_SAMPLE > 1:
            images = [image() for _view in range(cfg.AUG.NUM_SAMPLE)]
            empty = [torch.Tensor() for _image in images]
            return images, [0] * len(images), index, empty, {}
        return [image()], 0, index, torch.Tensor(), {}

    def _moment(self, index: int, side: int):
        width = round(side * SIDE) if self.split == "test" else side
        boxes = np.tile(np.array([0.0, 0.0, 0.5, 0.5]) * side, (BOXES, 1))
        labels = np.zeros((BOXES, self.cfg.MODEL.NUM_CLASSES), dtype=np.int32)
        extra = {"boxes": boxes, "ori_boxes": boxes / side, "metadata": [[0, 0]] * BOXES}
        return self._clip(side, width), labels, index, torch.zeros(1), extra


def _mask(cfg) -> np.ndarray:
    if cfg.AUG.MASK_TUBE:
        return np.zeros((8, *cfg.AUG.MASK_WINDOW_SIZE[-2:]), dtype=int)
    return np.zeros(tuple(cfg.AUG.MASK_WINDOW_SIZE), dtype=int)


def _image_mask(cfg) -> np.ndarray:
    from slowfast.models.utils import calc_mvit_feature_geometry

    size, _number = calc_mvit_feature_geometry(cfg)
    side = size[cfg.MASK.PRETRAIN_DEPTH[-1]][-1]
    return np.zeros((side, side), dtype=int)


class Streamed(IterableDataset):
    """The same samples from PyTorchVideo's data sets, which are read in order."""

    def __init__(self, cfg, split: str, kind: str) -> None:
        """Have a sampler of videos, as upstream's wrapper has."""
        self.clips = Clips(cfg, split, kind)
        self.num_videos = self.clips.num_videos
        several = cfg.NUM_GPUS > 1
        self.sampler = DistributedSampler(self.clips) if several else RandomSampler(self.clips)

    def __len__(self) -> int:
        """Return the number of samples of a process."""
        return len(self.sampler)

    def __iter__(self):
        """Yield samples."""
        return (self._sample(index) for index in range(len(self)))

    def _sample(self, index: int):
        clip, label, *_rest = self.clips[index]
        return clip, label, index, 0, {}


def few(loader, count: int):
    """Let a loader stop after ``count`` batches."""

    class Few(DataLoader):
        def __iter__(self):
            return itertools.islice(super().__iter__(), count)

    loader.__class__ = Few
    return loader


def lists_of_ava(cfg, folder: Path) -> None:
    """Write the lists that AVA's evaluation reads: one film, one moment, no frames."""
    line = "film,0000,0.1,0.2,0.6,0.8,1,0\n"
    frames = 'original_vido_id video_id frame_id path labels\nfilm 0 0 film/film_000001.jpg ""\n'
    (folder / "boxes.csv").write_text(line)
    (folder / "excluded.csv").write_text("")
    for split in ("train", "val"):
        (folder / f"{split}.csv").write_text(frames)
    labels = "".join(f'item {{\n  name: "class {i}"\n  id: {i}\n}}\n' for i in range(1, 61))
    (folder / "labels.pbtxt").write_text(labels)
    ava = cfg.AVA
    ava.FRAME_LIST_DIR = ava.ANNOTATION_DIR = ava.FRAME_DIR = str(folder)
    ava.TRAIN_LISTS, ava.TEST_LISTS = ["train.csv"], ["val.csv"]
    ava.EXCLUSION_FILE, ava.GROUNDTRUTH_FILE = "excluded.csv", "boxes.csv"
    ava.LABEL_MAP_FILE = "labels.pbtxt"
