"""Rehearse configurations on several GPUs, beside the word of `config check`.

    .venv/bin/python tests/integration/programs/several_gpus.py PREFIX [--only TEXT] [--page FILE]

PREFIX holds a finished stack with a PyTorch for CUDA. Each row is upstream's own train() on the fake
CUDA runtime with PyTorch's fake process group, as one of so many processes. The check is asked for
the same keys; what it says of data that are not there does not count. Exits 1 where they disagree.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from slowfast_stack.config import content, validate
from slowfast_stack.training import installed, rehearsal, rehearsed_gpu

import result_page

SLOW = "Kinetics/SLOW_8x8_R50"
SLOWFAST = "Kinetics/SLOWFAST_4x16_R50"
MULTIGRID = "Kinetics/SLOWFAST_8x8_R50_stepwise_multigrid"
MOCO = "contrastive_ssl/MoCo_SlowR50_8x8"
AVA = "AVA/SLOWFAST_32x2_R50_SHORT"
PICTURES = "ImageNet/MVITv2_T"
SYNC, SPLIT = {"BN.NORM_TYPE": "sync_batchnorm"}, {"BN.NORM_TYPE": "sub_batchnorm"}
# Small crops: only shapes and processes count here.
SMALL = {
    "DATA.TRAIN_CROP_SIZE": 64,
    "DATA.TEST_CROP_SIZE": 64,
    "DATA.TRAIN_JITTER_SCALES": [64, 80],
    "NUM_SHARDS": 1,
    "TEST.ENABLE": False,
    "CONTRASTIVE.KNN_ON": False,
}
FULL_SIZE = {"DATA.TRAIN_CROP_SIZE": 224, "DATA.TEST_CROP_SIZE": 224}


class Case(NamedTuple):
    """A configuration on so many GPUs."""

    config: str
    gpus: int
    values: dict[str, Any]


def _batch(clips: int, more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"TRAIN.BATCH_SIZE": clips, "TEST.BATCH_SIZE": clips} | (more or {})


CASES = (
    Case(SLOW, 2, _batch(8)),
    Case(SLOW, 8, _batch(16)),
    Case(SLOW, 2, _batch(7)),
    Case(SLOW, 3, _batch(8)),
    Case(SLOW, 8, {"TRAIN.BATCH_SIZE": 16, "TEST.BATCH_SIZE": 12}),
    Case(SLOW, 8, _batch(16, SYNC | {"BN.NUM_SYNC_DEVICES": 8})),
    Case(SLOW, 8, _batch(16, SYNC | {"BN.NUM_SYNC_DEVICES": 4})),
    Case(SLOW, 8, _batch(16, SYNC | {"BN.NUM_SYNC_DEVICES": 3})),
    Case(SLOW, 2, _batch(8, SYNC | {"BN.NUM_SYNC_DEVICES": 8})),
    Case(SLOW, 2, _batch(8, SYNC | {"BN.NUM_SYNC_DEVICES": 1})),
    Case(SLOW, 2, _batch(8, SYNC | {"BN.GLOBAL_SYNC": True, "BN.NUM_SYNC_DEVICES": 2})),
    Case(SLOW, 2, _batch(8, SPLIT | {"BN.NUM_SPLITS": 3})),
    Case(SLOW, 2, _batch(8, SPLIT | {"BN.NUM_SPLITS": 2})),
    Case(SLOWFAST, 2, _batch(4, {"MULTIGRID.SHORT_CYCLE": True})),
    Case(MULTIGRID, 8, _batch(8, {"MULTIGRID.BN_BASE_SIZE": 8})),
    Case(MULTIGRID, 2, _batch(2, {"MULTIGRID.BN_BASE_SIZE": 32})),
    Case(MULTIGRID, 2, _batch(10, {"MULTIGRID.BN_BASE_SIZE": 13})),
    Case(MOCO, 2, _batch(8, {"CONTRASTIVE.QUEUE_LEN": 64, "BN.NUM_SYNC_DEVICES": 2})),
    Case(MOCO, 3, _batch(12, {"CONTRASTIVE.QUEUE_LEN": 64, "BN.NUM_SYNC_DEVICES": 3})),
    Case(MOCO, 8, _batch(16, {"CONTRASTIVE.QUEUE_LEN": 64, "BN.NUM_SYNC_DEVICES": 8})),
    Case(
        MOCO,
        2,
        _batch(
            8,
            {
                "CONTRASTIVE.QUEUE_LEN": 64,
                "BN.NUM_SYNC_DEVICES": 8,
                "CONTRASTIVE.BN_SYNC_MLP": True,
                "CONTRASTIVE.BN_MLP": True,
            },
        ),
    ),
    Case(AVA, 2, {"TRAIN.BATCH_SIZE": 4, "TEST.BATCH_SIZE": 2, "TEST.ENABLE": True}),
    Case(AVA, 2, {"TRAIN.BATCH_SIZE": 4, "TEST.BATCH_SIZE": 4, "TEST.ENABLE": True}),
    Case(PICTURES, 2, _batch(2, FULL_SIZE | {"AUG.NUM_SAMPLE": 1})),
    Case(PICTURES, 2, _batch(4, FULL_SIZE)),
    Case(PICTURES, 2, _batch(6, FULL_SIZE)),
)


def main() -> int:
    """Rehearse all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prefix")
    parser.add_argument("--only", default="")
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    stack, gpu = installed.find(given.prefix), rehearsed_gpu.find(rehearsed_gpu.DEFAULT)
    place = installed.target_of(stack).elsewhere()
    wrong, rows = 0, ["| configuration | GPUs | keys | check | happened |", "|---|--:|---|---|---|"]
    print(*rows, sep="\n", flush=True)
    for case in CASES:
        if given.only not in case.config:
            continue
        path, started = stack.source / f"configs/{case.config}.yaml", time.monotonic()
        pairs = [str(word) for pair in (SMALL | case.values).items() for word in pair]
        done = rehearsal.run(stack, path, pairs, rehearsal.Machine(gpu, case.gpus))
        with tempfile.TemporaryDirectory() as folder:
            read = content.with_options(
                content.load(path), [*pairs, "NUM_GPUS", str(case.gpus), "OUTPUT_DIR", folder]
            )
            found = validate.check(read, Path(folder), place)
        ids = sorted({row.id for row in validate.errors(found) if not row.id.startswith("missing")})
        agree = bool(ids) is not done.passed
        wrong += not agree
        failure = done.failure
        what = "ran" if done.passed else f"{failure['type']}: {failure['message']}"
        what = what.splitlines()[0][:110].replace("|", "/")
        planted = " ".join(f"{key} {value}" for key, value in case.values.items())
        mark = "" if agree else "**WRONG** "
        rows.append(
            f"| `{case.config}` | {case.gpus} | `{planted}` | {', '.join(ids)} | {mark}{what} |"
        )
        print(f"{rows[-1]} {time.monotonic() - started:.0f} s", flush=True)
    print(f"\n{len(rows) - 2} rehearsed; the check was wrong on {wrong}.")
    result_page.put(given.page, "several GPUs", rows)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
