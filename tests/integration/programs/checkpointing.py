"""Train real models with and without MODEL.ACT_CHECKPOINT, and compare gradients and memory.

    ENV/bin/python tests/integration/programs/checkpointing.py TREE

TREE is a patched SlowFast. Prints a table: the largest difference of the loss and the gradients, of
the running statistics of batch norm after the step, and the share of the bytes that autograd keeps
for the backward pass. Exits with 1 where gradients differ by more than 1e-5, where statistics
differ at all, or where memory is not saved.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

import small_models

KINETICS = "configs/Kinetics"
LIVE = "MODEL.FROZEN_BN False"
CASES = {
    "SlowFast": (f"{KINETICS}/SLOWFAST_4x16_R50.yaml", LIVE),
    "SlowFast, frozen batch norm": (f"{KINETICS}/SLOWFAST_4x16_R50.yaml", ""),
    "SlowFast, batch norm in parts": (
        f"{KINETICS}/SLOWFAST_4x16_R50.yaml",
        f"{LIVE} BN.NORM_TYPE sub_batchnorm BN.NUM_SPLITS 2",
    ),
    "Slow": (f"{KINETICS}/SLOW_8x8_R50.yaml", LIVE),
    "I3D with non-local blocks": (f"{KINETICS}/I3D_NLN_8x8_R50.yaml", LIVE),
    "C2D": (f"{KINETICS}/C2D_8x8_R50.yaml", LIVE),
    "X3D, blocks dropped at random": (
        f"{KINETICS}/X3D_XS.yaml",
        f"{LIVE} MODEL.DROPCONNECT_RATE 0.5",
    ),
    "AVA": ("configs/AVA/SLOWFAST_32x2_R50_SHORT.yaml", f"{LIVE} {small_models.BOXES}"),
}
LIMIT, SAVES = 1e-5, 0.7


def step(config: str, options: str) -> tuple[list[float], list[float], int]:
    """Return loss and gradients, running statistics, and the bytes that autograd keeps."""
    cfg, model = small_models.made(config, options)
    if cfg.MODEL.FROZEN_BN:
        from slowfast.utils import misc

        model.train()
        misc.frozen_bn_stats(model)
    inputs, _, _, _, meta = small_models.batch(cfg, 4, 1)
    kept: dict[int, int] = {}

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    torch.manual_seed(2)  # of the blocks that are dropped
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        preds = model(inputs, meta["boxes"]) if meta else model(inputs)
        loss = (preds.float() * torch.linspace(0, 1, preds.numel()).view_as(preds)).sum()
    loss.backward()
    for parameter in model.parameters():
        kept.pop(parameter.untyped_storage().data_ptr(), None)
    gradients = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    statistics = torch.cat([buffer.flatten().float() for buffer in model.buffers()])
    return [loss.item(), *gradients.tolist()], statistics.tolist(), sum(kept.values())


def main(tree: Path) -> int:
    """Run all cases and print the table."""
    small_models.use(tree)
    print("| trained | gradients | statistics | kept |\n|---|--:|--:|--:|")
    failed = False
    for name, (config, options) in CASES.items():
        plain, mean, kept = step(config, options)
        again, same, less = step(config, f"{options} MODEL.ACT_CHECKPOINT True")
        apart = max(abs(a - b) for a, b in zip(plain, again, strict=True))
        moved = max(abs(a - b) for a, b in zip(mean, same, strict=True))
        failed |= apart > LIMIT or moved > 0 or less > SAVES * kept
        print(f"| {name} | {apart:.1e} | {moved:.1e} | {less / kept:.0%} |", flush=True)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]).resolve()))
