"""Train real models with accumulated batches, and with one batch of the same clips, and compare.

    ENV/bin/python tests/integration/programs/accumulation.py TREE

TREE is a patched SlowFast. Its own train_epoch makes two steps of the optimizer, each with 6 clips
and with three batches of them. Prints a table: the largest difference of the losses and of the
weights. Exits with 1 where one is above 1e-5, or where two processes reduce their gradients for
each batch. Batch norm is frozen, apart from the last row, which shows what it changes. All use SGD:
Adam makes a full step of a gradient that is only rounding, as that of the bias of keys.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook

import small_models

SLOWFAST, X3D = "configs/Kinetics/SLOWFAST_4x16_R50.yaml", "configs/Kinetics/X3D_XS.yaml"
MVIT, AVA = "configs/Kinetics/MVITv2_S_16x4.yaml", "configs/AVA/SLOWFAST_32x2_R50_SHORT.yaml"
TRANSFORMER = """MVIT.DEPTH 2 MVIT.EMBED_DIM 8 MVIT.DIM_MUL [] MVIT.HEAD_MUL [] MVIT.POOL_Q_STRIDE []
MVIT.DROPPATH_RATE 0.0 MVIT.POOL_KV_STRIDE_ADAPTIVE [1,2,2] MIXUP.PROB 0.0 AUG.NUM_SAMPLE 1"""
LIMIT = 1e-5
# What is trained, with what options, and in which batches; labels are smoothed by MIXUP.
CASES = {
    "SlowFast": (SLOWFAST, "", [2, 2, 2]),
    "SlowFast, batches that differ": (SLOWFAST, "", [3, 2, 1]),
    "SlowFast, gradients clipped": (SLOWFAST, "SOLVER.CLIP_GRAD_L2NORM 0.1", [2, 2, 2]),
    "X3D": (X3D, "", [2, 2, 2]),
    "MViT, soft labels": (MVIT, TRANSFORMER, [2, 2, 2]),
    "AVA, boxes that differ": (AVA, small_models.BOXES, [1, 2, 3]),
}
Result = tuple[float, float]


def compared(config: str, options: str, sizes: list[int]) -> Result:
    """Return the largest difference of the losses and of the weights after two steps."""
    cfg, model = small_models.made(config, options)
    complete = [small_models.batch(cfg, sum(sizes), seed) for seed in (1, 2)]
    parts = [part for one in complete for part in small_models.split(one, sizes)]
    rows = [len(part[1]) for part in parts]
    once = small_models.train(cfg, model, complete)
    cfg, other = small_models.made(config, f"{options} TRAIN.ACCUMULATION_STEPS {len(sizes)}")
    many = small_models.train(cfg, other, parts)
    means = []
    for start in (0, len(sizes)):
        group = range(start, start + len(sizes))
        means.append(sum(rows[i] * many[i] for i in group) / sum(rows[i] for i in group))
    return _apart(once, means), _apart(_weights(model), _weights(other))


def _weights(model: Any) -> list[float]:
    return torch.cat([p.detach().flatten() for p in model.parameters()]).tolist()  # type: ignore[no-any-return]


def _apart(one: list[float], other: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def on_two_processes(tree: Path) -> tuple[float, list[int]]:
    """Compare AVA on two processes; return how often they reduced their gradients, too."""
    context = torch.multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        both = [context.Process(target=_process, args=(tree, rank, folder)) for rank in (0, 1)]
        for process in both:
            process.start()
        for process in both:
            process.join()
        if [process.exitcode for process in both] != [0, 0]:
            raise SystemExit("a process failed")
        one, many = (torch.load(f"{folder}/{steps}.pt") for steps in (1, 3))
    weights = _apart(one["weights"], many["weights"])
    return weights, [one["reduced"], many["reduced"]]


def _process(tree: Path, rank: int, folder: str) -> None:
    small_models.use(tree)
    place = f"file://{folder}/store"
    torch.distributed.init_process_group("gloo", init_method=place, rank=rank, world_size=2)
    sizes = [1, 2, 3]
    for steps in (1, 3):
        cfg, model = small_models.made(
            AVA, f"{small_models.BOXES} TRAIN.ACCUMULATION_STEPS {steps}"
        )
        complete = [small_models.batch(cfg, 6, seed + 10 * rank) for seed in (1, 2)]
        given = (
            complete if steps == 1 else [p for b in complete for p in small_models.split(b, sizes)]
        )
        # Frozen statistics are not parameters to be reduced, and need no broadcast.
        shared = torch.nn.parallel.DistributedDataParallel(
            model, bucket_cap_mb=1000, broadcast_buffers=False
        )
        reduced = []

        def reduce(group, bucket, reduced=reduced):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            reduced.append(bucket.is_last())
            return allreduce_hook(group, bucket)

        shared.register_comm_hook(None, reduce)
        small_models.train(cfg, shared, given)
        if rank == 0:
            state = {"weights": _weights(model), "reduced": sum(reduced)}
            torch.save(state, f"{folder}/{steps}.pt")
    torch.distributed.destroy_process_group()


def main(tree: Path) -> int:
    """Run all cases and print the table."""
    small_models.use(tree)
    print("| trained | loss | weights |\n|---|--:|--:|")
    worst = 0.0
    for name, (config, options, sizes) in CASES.items():
        loss, weights = compared(config, options, sizes)
        worst = max(worst, loss, weights)
        print(f"| {name} | {loss:.1e} | {weights:.1e} |", flush=True)
    weights, reduced = on_two_processes(tree)
    worst = max(worst, weights)
    print(f"| AVA on two processes, {reduced} reductions | | {weights:.1e} |")
    loss, weights = compared(SLOWFAST, "MODEL.FROZEN_BN False", [2, 2, 2])
    print(f"| SlowFast, batch norm not frozen | {loss:.1e} | {weights:.1e} |")
    return 0 if worst <= LIMIT and reduced == [2, 2] else 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]).resolve()))
