"""Find the peak memory of a training step without computing it.

    ENV/bin/python peak.py FILE [--real] [KEY VALUE ...]

The model of a configuration runs forward and backward on tensors that have a shape and no numbers
(FakeTensorMode), for one clip and for two; the bytes of all tensors alive are added up at every
operation. Prints JSON: ``parameters``, ``one`` and ``two`` in bytes (inputs, activations,
gradients, what operations need in passing; not the parameters themselves), ``gpus``, ``torch``.
With --real the step runs on the CPU as well, and ``real`` is what PyTorch's own profiler counted
for one clip.
"""

from __future__ import annotations

import json
import sys
import weakref

import torch
from slowfast.config.defaults import get_cfg
from slowfast.datasets.utils import pack_pathway_output
from slowfast.models import build_model
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

BOXES = 3  # persons of a moment; AVA has 1.6 labelled ones on the average
BOX = (0.0, 0.0, 10.0, 10.0)


class Alive(TorchDispatchMode):
    """Add up the bytes of all tensors alive, and keep the most there ever were."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.now = self.most = 0
        self._seen = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Run an operation and count what it made."""
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage) -> None:
        key, size = storage._cdata, storage.nbytes()  # noqa: SLF001  (the identity of a storage)
        if key in self._seen:
            return

        def freed(_, key=key, size=size) -> None:
            self.now -= size
            self._seen.pop(key, None)

        self._seen[key] = weakref.ref(storage, freed)
        self.now += size
        self.most = max(self.most, self.now)


def step(model, cfg, clips: int) -> None:
    """Train on ``clips`` empty clips: forward, a loss that needs every output, backward."""
    side = cfg.DATA.TRAIN_CROP_SIZE
    frames = torch.zeros(3, cfg.DATA.NUM_FRAMES, side, side)
    shapes = [part.shape for part in pack_pathway_output(cfg, frames)]
    del frames
    inputs = [torch.zeros(clips, *shape) for shape in shapes]
    made = model(inputs, _boxes(clips)) if cfg.DETECTION.ENABLE else model(inputs)
    outputs = [part for part in tree_leaves(made) if isinstance(part, torch.Tensor)]
    sum(part.sum() for part in outputs if part.requires_grad).backward()


def _boxes(clips: int):
    owner = torch.arange(clips).repeat_interleave(BOXES)[:, None].float()
    return torch.cat([owner, torch.tensor(BOX).repeat(clips * BOXES, 1)], dim=1)


def estimated(model, cfg, clips: int) -> int:
    """Return the peak of a step on tensors without numbers, in bytes."""
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    with mode:
        state = {name: mode.from_tensor(part) for name, part in model.named_buffers()}
        for name, part in model.named_parameters():
            state[name] = mode.from_tensor(part).detach().requires_grad_(part.requires_grad)
        with Alive() as alive:
            step(lambda *given: torch.func.functional_call(model, state, given), cfg, clips)
    return alive.most


def real(model, cfg) -> int:
    """Return the peak of the same step for one clip on the CPU, as PyTorch's allocator saw it."""
    step(model, cfg, 1)  # oneDNN prepares its weights once
    model.zero_grad(set_to_none=True)
    kinds = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=kinds, profile_memory=True) as profile:
        step(model, cfg, 1)
    events = [
        event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"
    ]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


def main() -> None:
    """Print the figures of a configuration."""
    path, *pairs = sys.argv[1:]
    wants_real = "--real" in pairs
    cfg = get_cfg()
    cfg.merge_from_file(path)
    cfg.merge_from_list([word for word in pairs if word != "--real"])
    gpus = [torch.cuda.get_device_properties(place) for place in range(torch.cuda.device_count())]
    cfg.NUM_GPUS = 0
    model = build_model(cfg)
    model.cpu().train()
    measured = {
        "parameters": sum(part.nbytes for part in model.parameters()),
        "one": estimated(model, cfg, 1),
        "two": estimated(model, cfg, 2),
        "gpus": [{"name": gpu.name, "bytes": gpu.total_memory} for gpu in gpus],
        "torch": torch.__version__,
    }
    print(json.dumps(measured | ({"real": real(model, cfg)} if wants_real else {})))


if __name__ == "__main__":
    main()
