"""Find the peak memory of a training step without computing it.

    ENV/bin/python peak_memory.py FILE [--real] [--ways WAY,WAY] [KEY VALUE ...]

The model of a configuration runs forward and backward on tensors that have a shape and no numbers
(FakeTensorMode), for 2 clips and for 4; the bytes of all tensors alive are added up at every
operation, in blocks of PyTorch's allocator. A WAY is ``plain``, ``mixed`` (precision), ``checkpoint``
(activations are computed again) or ``mixed-checkpoint``; without --ways, that of the configuration.
Prints JSON:

    parameters  bytes
    peaks       {way: [bytes for 2 clips, bytes for 4]}: parameters, gradients, activations, inputs and
                what operations need in passing, without the optimizer's state
    device      cuda, or cpu where PyTorch sees no GPU: there ``mixed`` is as ``plain``
    gpus        [{"name", "bytes"}] of this machine; none where a fake runtime answers
    torch       the version
    real        with --real: what PyTorch's own profiler counted for 2 clips on the CPU, without parameters
"""

from __future__ import annotations

import json
import os
import sys

import torch
from numberless import Answers, Memory, Unfilled
from slowfast.config.defaults import get_cfg
from slowfast.datasets.utils import pack_pathway_output
from slowfast.models import build_model
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_leaves

BOXES = 3  # persons of a moment; AVA has 1.6 labelled ones on the average
BOX = (0.0, 0.0, 10.0, 10.0)
CLIPS = (2, 4)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
WAYS = {
    "plain": (False, False),
    "mixed": (True, False),
    "checkpoint": (False, True),
    "mixed-checkpoint": (True, True),
}


def step(model, cfg, clips: int, device: str = "cpu", *, mixed: bool = False) -> None:
    """Train on ``clips`` empty clips: forward, a loss that needs every output, backward."""
    shapes = _shapes(cfg)
    inputs = [torch.zeros(clips, *shape, device=device) for shape in shapes]
    with torch.autocast(device, dtype=torch.bfloat16, enabled=mixed and device == "cuda"):
        boxes = [_boxes(clips).to(device)] if cfg.DETECTION.ENABLE else []
        made = model(inputs, *boxes)
    outputs = [part for part in tree_leaves(made) if isinstance(part, torch.Tensor)]
    sum(part.float().sum() for part in outputs if part.requires_grad).backward()


def _shapes(cfg) -> list[tuple[int, ...]]:
    """Return the shape of a clip for each pathway; a picture has one frame, or no axis of time."""
    side, pictures = cfg.DATA.TRAIN_CROP_SIZE, cfg.TRAIN.DATASET.lower() == "imagenet"
    if pictures and cfg.MVIT.PATCH_2D:
        return [(3, side, side)]
    frames = torch.zeros(3, 1 if pictures else cfg.DATA.NUM_FRAMES, side, side)
    return [tuple(part.shape) for part in pack_pathway_output(cfg, frames)]


def _boxes(clips: int):
    owner = torch.arange(clips).repeat_interleave(BOXES)[:, None].float()
    return torch.cat([owner, torch.tensor(BOX).repeat(clips * BOXES, 1)], dim=1)


class Weightless:
    """A model whose parameters have no numbers, and the memory that its steps need."""

    def __init__(self, cfg, *, checkpoint: bool) -> None:
        """Build the model on the CPU, and replace its parameters."""
        self.cfg = cfg = cfg.clone()
        cfg.MODEL.ACT_CHECKPOINT = checkpoint
        with Unfilled():
            self.model = build_model(cfg).cpu().train()
        self.mode = FakeTensorMode(allow_non_fake_inputs=True)
        self.memory = Memory(DEVICE)
        with self.mode:
            for part in self.model.modules():
                for table in (part._parameters, part._buffers, vars(part)):  # noqa: SLF001
                    for name, tensor in list(table.items()):
                        if isinstance(tensor, torch.Tensor):
                            table[name] = self._without(tensor)
        self.parameters = sum(part.nbytes for part in self.model.parameters())

    def _without(self, tensor):
        fake = self.mode.from_tensor(tensor).detach().to(DEVICE)
        self.memory.count(fake)
        return fake.requires_grad_(tensor.requires_grad)

    def peak(self, clips: int, *, mixed: bool) -> int:
        """Return the peak of a step in bytes, parameters included."""
        self.memory.most = self.memory.now
        share = self.cfg.AUG.MASK_RATIO if self.cfg.MASK.ENABLE else 0.5
        with self.mode, Answers(self.memory, share):
            step(self.model, self.cfg, clips, DEVICE, mixed=mixed)
        for part in self.model.parameters():
            part.grad = None
        return self.memory.most


def peaks(cfg, ways: list[str]) -> tuple[int, dict[str, list[int]]]:
    """Return the bytes of the parameters, and the peaks of some ways to train."""
    found, parameters = {}, 0
    for checkpoint in (False, True):
        wanted = [way for way in ways if WAYS[way][1] == checkpoint]
        if wanted:
            model = Weightless(cfg, checkpoint=checkpoint)
            parameters = model.parameters
        for way in wanted:
            found[way] = [model.peak(clips, mixed=WAYS[way][0]) for clips in CLIPS]
    return parameters, found


def real(cfg) -> int:
    """Return the peak of the same step for 2 clips on the CPU, as PyTorch's allocator saw it."""
    model = build_model(cfg).cpu().train()
    clips = CLIPS[0]
    step(model, cfg, clips)  # oneDNN prepares its weights once
    model.zero_grad(set_to_none=True)
    kinds = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=kinds, profile_memory=True) as profile:
        step(model, cfg, clips)
    events = [
        event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"
    ]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


def configured(path: str, pairs: list[str]):
    """Read a configuration for one process, whose batch norm shares with no other."""
    cfg = get_cfg()
    cfg.merge_from_file(path)
    cfg.merge_from_list(pairs)
    cfg.NUM_GPUS = 0
    if cfg.BN.NORM_TYPE.startswith("sync_batchnorm"):
        cfg.BN.NORM_TYPE = "batchnorm"
    return cfg


def _gpus() -> list[dict[str, object]]:
    count = 0 if "FAKE_CUDA_GPUS" in os.environ else torch.cuda.device_count()
    gpus = [torch.cuda.get_device_properties(place) for place in range(count)]
    return [{"name": gpu.name, "bytes": gpu.total_memory} for gpu in gpus]


def main() -> None:
    """Print the figures of a configuration."""
    path, *words = sys.argv[1:]
    wants_real = "--real" in words
    ways = words.pop(words.index("--ways") + 1).split(",") if "--ways" in words else []
    cfg = configured(path, [word for word in words if word not in ("--real", "--ways")])
    own = (cfg.TRAIN.MIXED_PRECISION, cfg.MODEL.ACT_CHECKPOINT)
    ways = ways or [way for way, switches in WAYS.items() if switches == own]
    parameters, found = peaks(cfg, ways)
    measured = {
        "parameters": parameters,
        "peaks": found,
        "device": DEVICE,
        "gpus": _gpus(),
        "torch": torch.__version__,
    }
    print(json.dumps(measured | ({"real": real(cfg)} if wants_real else {})))


if __name__ == "__main__":
    main()
