"""Compare the estimate of memory with the peak that a rehearsal counts, for each way to train.

    .venv/bin/python tests/integration/programs/memory_estimates.py PREFIX [CONFIG ...]

PREFIX has a finished stack with the patches. Both run on the fake CUDA runtime; the estimate comes from
2 and 4 clips, the rehearsal trains with 8. Prints a table in MiB; exits with 1 where they differ by more
than 10 %.
"""

from __future__ import annotations

import sys

from slowfast_stack.config import content, savings
from slowfast_stack.training import installed, memory, rehearsal, rehearsed_gpu

FAMILIES = (
    "Kinetics/SLOWFAST_4x16_R50",
    "Kinetics/SLOW_8x8_R50",
    "Kinetics/X3D_S",
    "Kinetics/MVITv2_S_16x4",
    "AVA/SLOWFAST_32x2_R50_SHORT",
    "Kinetics/REV_MVIT_B_16x4_CONV",
    "ImageNet/REV_VIT_S",
)
WAYS = ("plain", "mixed", "checkpoint", "mixed-checkpoint")
CLIPS, LIMIT, MIB = 8, 0.1, 1 << 20
# Only training, and one batch at a time.
TRAINING = """TEST.ENABLE False TRAIN.EVAL_PERIOD 1000 BN.USE_PRECISE_STATS False
TRAIN.MIXED_PRECISION_DTYPE bfloat16"""


def main(prefix: str, *configs: str) -> int:
    """Print a row for each configuration and way."""
    stack, gpu = installed.find(prefix), rehearsed_gpu.find(rehearsed_gpu.DEFAULT)
    print("| configuration | way | estimated | rehearsed | difference |\n|---|---|--:|--:|--:|")
    worst = 0.0
    for name in configs or FAMILIES:
        path = stack.source / f"configs/{name}.yaml"
        read = content.load(path)
        ways = [way for way in WAYS if savings.obeys_checkpoint(read) or "checkpoint" not in way]
        found = memory.estimate(stack, path, read, ways)
        if isinstance(found, memory.Unknown):
            print(f"{name}: {found.cause}")
            return 1
        for way in ways:
            switches = {savings.MIXED: "mixed" in way, savings.CHECKPOINT: "checkpoint" in way}
            pairs = [str(word) for pair in switches.items() for word in pair]
            options = [*TRAINING.split(), "TRAIN.BATCH_SIZE", str(CLIPS), *pairs]
            done = rehearsal.run(stack, path, options, rehearsal.Machine(gpu, 1))
            peak = done.report["peak_bytes"] or 0
            estimated = found[way].fixed + CLIPS * found[way].clip
            apart = estimated / peak - 1 if peak else 1.0
            worst = max(worst, abs(apart))
            row = f"{estimated / MIB:.0f} | {peak / MIB:.0f} | {apart:+.1%}"
            print(f"| {name} | {way} | {row} |", flush=True)
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
