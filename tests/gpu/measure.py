"""Time operators and training steps in the finished environment.

Prints one JSON list of ``what`` and ``figure`` as the last line. On a CPU the sizes are small, so
the figures are not meaningful.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from detectron2.layers import ROIAlign, nms_rotated
from slowfast.config.defaults import get_cfg
from slowfast.models import build_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = "slowfast/configs/Kinetics/SLOWFAST_8x8_R50.yaml"
WARM_UP = 2


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--device", choices=("cuda", "cpu"), required=True)
    options = parser.parse_args()
    rows = [*products(options.device), *operators(options.device), *training(options)]
    print(json.dumps([{"what": message, "figure": figure} for message, figure in rows]))


def seconds(act: Callable[[], Any], device: str, times: int) -> float:
    """Return the mean seconds of ``act`` after a warm-up, with the GPU synchronized."""
    for _ in range(WARM_UP):
        act()
    _synchronize(device)
    started = time.perf_counter()
    for _ in range(times):
        act()
    _synchronize(device)
    return (time.perf_counter() - started) / times


def _synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def products(device: str) -> Iterator[tuple[str, str]]:
    """Yield the rate of a square bf16 matrix product."""
    size = 8192 if device == "cuda" else 256
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    took = seconds(lambda: left @ right, device, 10)
    yield f"bf16 matrix product, {size} squared", f"{2 * size**3 / took / 1e12:.2f} TFLOP/s"


def operators(device: str) -> Iterator[tuple[str, str]]:
    """Yield the times of Detectron2's compiled operators on the device and on the CPU."""
    torch.manual_seed(0)
    count = 1000 if device == "cuda" else 50
    features = torch.randn(2, 256, 100, 152)
    corner, size = torch.rand(count, 2) * 1000, torch.rand(count, 2) * 300 + 10
    image = torch.randint(0, 2, (count, 1)).float()
    boxes = torch.cat([image, corner, corner + size], 1)
    align = ROIAlign((7, 7), 1 / 8, 0, aligned=True)
    tilted = torch.cat([corner + size / 2, size, torch.rand(count, 1) * 180], 1)
    scores = torch.rand(count)
    tries = {
        "ROIAlign": lambda where: align(features.to(where), boxes.to(where)),
        "rotated NMS": lambda where: nms_rotated(tilted.to(where), scores.to(where), 0.5),
    }
    for name, run in tries.items():
        here, there = (run(where) for where in (device, "cpu"))
        if not torch.allclose(here.cpu().double(), there.double(), atol=1e-4):
            raise SystemExit(f"{name} on {device} differs from the CPU's result")
        figures = [seconds(lambda: run(where), where, 5) for where in (device, "cpu")]  # noqa: B023
        fast, slow = (1000 * took for took in figures)
        yield f"{name}, {count} boxes", f"{fast:.2f} ms on {device}, {slow:.2f} ms on the CPU"


def training(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Yield the rate of complete training steps of SlowFast 8x8 R50 on random clips, per precision."""
    device = options.device
    batch, crop, steps = (16, 224, 10) if device == "cuda" else (1, 64, 1)
    cfg = get_cfg()
    cfg.merge_from_file(str(options.src / CONFIG))
    cfg.NUM_GPUS, cfg.DATA.TRAIN_CROP_SIZE = int(device == "cuda"), crop
    cfg.DATA.TEST_CROP_SIZE = crop
    model = build_model(cfg).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    frames = cfg.DATA.NUM_FRAMES
    clips = [
        torch.randn(batch, 3, count, crop, crop, device=device)
        for count in (frames // cfg.SLOWFAST.ALPHA, frames)
    ]
    labels = torch.randint(0, cfg.MODEL.NUM_CLASSES, (batch,), device=device)
    for name, precision in (("float32", None), ("bfloat16", torch.bfloat16)):
        context = torch.autocast(device, dtype=precision) if precision else nullcontext()

        def step(context: Any = context) -> None:  # noqa: ANN401  (autocast or nothing)
            with context:
                loss = torch.nn.functional.cross_entropy(model(list(clips)), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

        took = seconds(step, device, steps)
        memory = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else 0
        peak = f", {memory:.1f} GiB at the peak" if memory else ""
        sizes = f"{batch} clips of {frames} frames at {crop}"
        yield f"SlowFast 8x8 R50, {name}, {sizes}", f"{batch / took:.2f} clips/s{peak}"


if __name__ == "__main__":
    main()
