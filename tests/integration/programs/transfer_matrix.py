"""Make fine-tuning configurations from every file of upstream, and check each that is written.

    .venv/bin/python tests/integration/programs/transfer_matrix.py TREE
        [--only TEXT] [--keep DIR] [--prefix DIR] [--sample N]

TREE is a patched SlowFast. Every configuration x 1, 2, 3 and 8 GPUs x classes and boxes x no known
GPU, one with 8 GiB and one with 24 GiB and bfloat16: the written file has no error, and its learning
rate suits its batch. With --prefix, N written files are also rehearsed on an RTX 3060 in that stack;
with --keep they stay in DIR, where `rehearsal_sweep.py --written DIR` rehearses all of them.
Exits with 1 where a file has an error, another learning rate, or fails in the rehearsal.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.config import content, finetune, savings
from slowfast_stack.config.source_tree import at
from slowfast_stack.config.target import Target
from slowfast_stack.training import installed, rehearsal, rehearsed_gpu
from slowfast_stack.training.fake_runtime import NotRehearsed

if TYPE_CHECKING:
    from slowfast_stack.config.savings import Fitting

CHECKPOINT = Path(__file__).parents[2] / "unit/models/checkpoints/torch-2.15-zip.pkl"
GPUS = (1, 2, 3, 8)
# Memory, compute capability, and what fits in it, in ways that are no multiples of upstream's batches.
MACHINES: dict[str, tuple[float | None, tuple[int, int] | None, Fitting | None]] = {
    "no stack": (None, None, None),
    "8 GiB": (8.0, (7, 5), {"plain": 1, "mixed": 2, "checkpoint": 3, "mixed-checkpoint": 5}),
    "24 GiB": (24.0, (8, 6), {"plain": 7, "mixed": 13, "checkpoint": 20, "mixed-checkpoint": 31}),
}
REFUSED = {
    "config.pretraining",
    "config.no-boxes",
    "config.unknown-model",
    "config.unreadable",
    "file.not-found",
}
CLIPS, CLASSES = 400, 7


def data(folder: Path) -> Path:
    """Write lists of clips that exist, and AVA's folders."""
    for name in ("train", "val", "test"):
        rows = [f"{i}.mp4 {i % CLASSES}\n" for i in range(CLIPS)]
        (folder / f"{name}.csv").write_text("".join(rows))
    for i in range(CLIPS):
        (folder / f"{i}.mp4").touch()
    return folder


def rate(base: content.Content, made: content.Content) -> bool:
    """Return whether the learning rate follows the clips of a step."""

    def clips(read: content.Content) -> int:
        return int(read.get("TRAIN.BATCH_SIZE") * read.get(savings.ACCUMULATION))

    wanted = base.get("SOLVER.BASE_LR") * clips(made) / clips(base)
    return abs(made.get("SOLVER.BASE_LR") - wanted) <= 1e-4 * wanted


def errors(made: finetune.Transfer) -> list[str]:
    """Return the errors of a file, without those of AVA's frames and boxes, which are not there."""
    found = [row for row in made.errors if not row.id.startswith("missing-")]
    return [f"{row.key}: {row.message}" for row in found]


def main() -> int:
    """Run the matrix and print how many files there are of each kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--only", default="", help="files whose path has this text")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--prefix")
    parser.add_argument("--sample", type=int, default=40)
    given = parser.parse_args()
    target = Target(at(given.tree.resolve()))
    files = sorted((*given.tree.glob("configs/**/*.yaml"), *given.tree.glob("demo/**/*.yaml")))
    files = [file for file in files if given.only in str(file.relative_to(given.tree))]
    counted: Counter[str] = Counter()
    wrong: list[str] = []
    written: list[Path] = []
    work = given.keep or Path(tempfile.mkdtemp(prefix="transfer-"))
    work.mkdir(parents=True, exist_ok=True)
    source = data(work)
    shutil.copy(CHECKPOINT, work / "k400.pkl")
    for file in files:
        for to in (finetune.CLASSES, finetune.AVA):
            for gpus in GPUS:
                for name, (memory, capability, fitting) in MACHINES.items():
                    label = f"{file.relative_to(given.tree)} {to} x{gpus} {name}"
                    path = work / f"{re.sub(r'[^A-Za-z0-9_]+', '.', label)}.yaml"
                    request = finetune.Request(
                        to,
                        work / "k400.pkl",
                        source,
                        str(work / "out"),
                        gpus=gpus,
                        gpu_memory=memory,
                    )
                    place = finetune.Place(lambda *_, found=fitting: found, target, capability)
                    try:
                        made = finetune.make(str(file), None, request, path, place)
                    except StackError as error:
                        counted[f"refused: {error.code}"] += 1
                        wrong += [f"{label}: {error.code}"] if error.code not in REFUSED else []
                        continue
                    counted["written"] += 1
                    read = content.load(path)
                    wrong += [f"{label}: {text}" for text in errors(made)]
                    if not rate(content.load(file), read):
                        wrong.append(f"{label}: another learning rate")
                    counted["accumulated"] += read.get(savings.ACCUMULATION) > 1
                    counted["recomputed"] += bool(read.get(savings.CHECKPOINT))
                    written.append(path)
    for kind, count in sorted(counted.items()):
        print(f"{kind}: {count}")
    if given.prefix:
        chosen = random.Random(14).sample(written, min(given.sample, len(written)))
        wrong += rehearsed(given.prefix, chosen)
    print(*wrong[:100], sep="\n")
    print(f"{len(wrong)} wrong")
    if not (wrong or given.keep):
        shutil.rmtree(work)
    return int(bool(wrong))


def rehearsed(prefix: str, files: list[Path]) -> list[str]:
    """Rehearse files and return what failed; what cannot be rehearsed is printed."""
    stack, gpu = installed.find(prefix), rehearsed_gpu.find("RTX 3060")
    failed = []
    for path in files:
        count = int(content.load(path).get("NUM_GPUS"))
        try:
            done = rehearsal.run(stack, path, [], rehearsal.Machine(gpu, count))
        except NotRehearsed as error:
            print(f"{path}: not rehearsed: {error.cause}", flush=True)
            continue
        word = "ok" if done.passed else f"FAILED {done.failure}"
        print(f"{path.name}: {word} ({done.seconds:.0f} s)", flush=True)
        failed += [] if done.passed else [f"{path}: {done.failure}"]
    return failed


if __name__ == "__main__":
    sys.exit(main())
