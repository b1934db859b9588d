"""Train with one process and with 2 and 4 of torchrun, on the same global batches, and compare.

    .venv/bin/python tests/integration/programs/ranks.py PREFIX

PREFIX holds a finished stack. Its SlowFast is copied and patched; upstream's tools/run_net.py trains
a small SlowFast on CPUs (gloo), 20 steps of 4 clips. Prints a table: the largest difference of the
loss of a step, as TensorBoard's events have it in 32 bits, to that of one process. Exits with 1 where
one is above 1e-3.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from support import made_up_stack
from support.made_up_stack import MadeUpStack

BATCH, STEPS, LIMIT = 4, 20, 1e-3


def losses(stack: MadeUpStack, folder: Path, processes: int) -> list[float]:
    """Return the loss of each step, as the master process records it."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    argv = [str(stack.python), *(launcher if processes > 1 else [])]
    argv += [str(stack.source / "tools/run_net.py"), "--cfg", str(stack.config), "--opts"]
    argv += [*made_up_stack.OPTIONS, "TRAIN.BATCH_SIZE", str(BATCH // processes)]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return list(made_up_stack.losses(stack, folder).values())


def main() -> int:
    """Compare."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = made_up_stack.made(Path(sys.argv[1]), folder / "prefix")
        alone: list[float] = []
        print("| processes | steps | first loss | last loss | largest difference | seconds |")
        print("|--:|--:|--:|--:|--:|--:|")
        for processes in (1, 2, 4):
            place = folder / str(processes)
            place.mkdir()
            started = time.monotonic()
            found = losses(stack, place, processes)
            alone = alone or found
            assert len(found) == STEPS, found
            assert [path.name for path in sorted((place / "out/checkpoints").iterdir())] == [
                "checkpoint_epoch_00001.pyth"
            ]
            apart = max(abs(a - b) for a, b in zip(alone, found, strict=True))
            worst = max(worst, apart)
            spent = time.monotonic() - started
            print(
                f"| {processes} | {STEPS} | {found[0]:.8f} | {found[-1]:.8f} | {apart:.1e} | {spent:.0f} |",
                flush=True,
            )
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
