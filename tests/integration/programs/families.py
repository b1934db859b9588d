"""Train one configuration of each family with `slowfast-stack train`, and resume it.

    STACK/env/bin/python tests/integration/programs/families.py PREFIX
        [--command slowfast-stack] [--only TEXT] [--jobs N] [--work DIR] [--page FILE]

PREFIX holds a finished stack. Each file of upstream is started as a user does it, with tiny
settings as KEY VALUE pairs and the validation on: it has to train an epoch, evaluate, test and
save, and the same command with one more epoch has to resume. Then data that vanish after the
check, and a checkpoint of another model: the command has to end with an error that has a code.
A table goes to standard output; exit code 1 where a row is not as it has to be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import config_sweep as small
import result_page

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILIES = {
    "X3D": "Kinetics/X3D_XS",
    "SlowFast": "Kinetics/SLOWFAST_4x16_R50",
    "Slow": "Kinetics/SLOW_4x16_R50",
    "I3D": "Kinetics/I3D_8x8_R50",
    "C2D": "Kinetics/C2D_8x8_R50",
    "non-local": "Kinetics/SLOW_NLN_4x16_R50",
    "MViT": "Kinetics/MVITv2_S_16x4",
    "reversible MViT": "Kinetics/REV_MVIT_B_16x4_CONV",
    "reversible ViT": "ImageNet/REV_VIT_S",
    "ImageNet": "ImageNet/RES_R50",
    "AVA": "AVA/SLOWFAST_32x2_R50_SHORT",
    "Something-Something": "SSv2/SLOWFAST_16x8_R50",
    "Charades": "Charades/SLOWFAST_16x8_R50",
    "PyTorchVideo": "Kinetics/pytorchvideo/SLOW_8x8_R50",
    "contrastive": "contrastive_ssl/MoCo_SlowR50_8x8",
    "MaskFeat": "masked_ssl/k400_MVITv2_S_16x4_MaskFeat_PT",
}
TINY: dict[str, dict[str, Any]] = {
    "MViT": {"DATA.NUM_FRAMES": 4, "MVIT.EMBED_DIM": 24, "AUG.NUM_SAMPLE": 1},
    "reversible MViT": {"DATA.NUM_FRAMES": 4, "MVIT.EMBED_DIM": 24, "AUG.NUM_SAMPLE": 1},
    "contrastive": {"CONTRASTIVE.QUEUE_LEN": 64},
}


@dataclass
class Started:
    """The command, the prefix, the source tree, data by kind, and the folder for results."""

    command: str
    prefix: Path
    source: Path
    folders: dict[str, Path]
    work: Path

    def values(self, family: str, out: Path) -> dict[str, Any]:
        """Return the tiny settings of a family."""
        read = small.content.load(self.source / f"configs/{FAMILIES[family]}.yaml")
        return small.overrides(read, self.folders, out) | TINY.get(family, {})

    def train(self, family: str, values: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Run the command; return its exit code and what it printed as JSON."""
        config = self.source / f"configs/{FAMILIES[family]}.yaml"
        pairs = [str(word) for pair in values.items() for word in pair]
        argv = [self.command, "train", "--cfg", str(config), *pairs]
        done = subprocess.run(
            [*argv, "--prefix", str(self.prefix), "--json"],
            cwd=self.work,  # upstream writes what it detects into the current folder
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def trained_and_resumed(started: Started, family: str) -> str:
    """Train an epoch and resume for another; return what was done, or what is wrong."""
    out = started.work / family.replace(" ", "-")
    values = started.values(family, out)
    code, printed = started.train(family, values)
    if code:
        return f"**FAILED** {printed.get('error')}"[:200]
    first = printed["run"]
    wrong = [] if first["epochs_trained"] == 1 and first["checkpoint"] else ["an epoch"]
    code, printed = started.train(family, values | {"SOLVER.MAX_EPOCH": 2})
    if code:
        return f"**FAILED** to resume: {printed.get('error')}"[:200]
    second = printed["run"]
    wrong += [] if second["resumed_from"] == first["checkpoint"] else ["the resumption"]
    wrong += [] if (second["first_epoch"], second["epochs_trained"]) == (2, 1) else ["epoch 2"]
    if wrong:
        return f"**FAILED** without {', '.join(wrong)}"
    scores = {**(second["evaluated"] or {}), **(second["tested"] or {})}
    scored = ", evaluated" if second["evaluated"] else ""
    scored += ", tested" if second["tested"] else ""
    loss = f", loss {second['loss']:.3g}" if second["loss"] is not None else ""
    return f"1 epoch, resumed to 2{loss}{scored if scores else ''}"


def vanished(started: Started) -> str:
    """Take the data away when the check is over."""
    out, folder = started.work / "vanished", started.work / "vanishing"
    folder.symlink_to(started.folders["kinetics"])
    values = started.values("X3D", out) | {"DATA.PATH_TO_DATA_DIR": str(folder)}

    def take_away() -> None:
        while not list(out.glob("*lock*")):
            time.sleep(0.05)
        folder.unlink()

    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(take_away)
        code, printed = started.train("X3D", values)
        taken.result(60)
    return _refused(code, printed, "training.failed")


def another_model(started: Started) -> str:
    """Name the checkpoint of X3D for a ResNet."""
    saved = sorted((started.work / "X3D/checkpoints").glob("*.pyth"))
    if not saved:
        return "**FAILED** there is no checkpoint of X3D: run it too"
    values = started.values("Slow", started.work / "another")
    code, printed = started.train("Slow", values | {"TRAIN.CHECKPOINT_FILE_PATH": str(saved[-1])})
    return _refused(code, printed, "config.would-fail")


def _refused(code: int, printed: dict[str, Any], expected: str) -> str:
    error = printed.get("error") or {}
    given = error.get("code") if isinstance(error, dict) else None
    right = code == 1 and given == expected
    return f"exit {code}, {given}" if right else f"**FAILED** exit {code}: {printed}"[:200]


REFUSED: dict[str, Callable[[Started], str]] = {
    "data that vanish after the check": vanished,
    "a checkpoint of another model": another_model,
}


def main() -> int:
    """Run all families, some at a time, then what has to be refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prefix", type=Path)
    parser.add_argument("--command", default="slowfast-stack")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="families-"))
    work.mkdir(parents=True, exist_ok=True)
    prefix, work = given.prefix.resolve(), work.resolve()
    started = Started(
        given.command, prefix, prefix / "current/src/slowfast", small.data(work), work
    )
    failed = False
    rows = ["| family | configuration | result |", "|---|---|---|"]
    print("\n".join(rows), flush=True)
    chosen = [family for family in FAMILIES if given.only in family]
    with ThreadPoolExecutor(given.jobs) as pool:
        for family, result in zip(
            chosen, pool.map(lambda row: trained_and_resumed(started, row), chosen), strict=True
        ):
            failed |= "FAILED" in result
            rows.append(f"| {family} | `{FAMILIES[family]}` | {result} |")
            print(rows[-1], flush=True)
    for name, run in REFUSED.items() if not given.only else ():
        result = run(started)
        failed |= "FAILED" in result
        rows.append(f"| {name} | | {result} |")
        print(rows[-1], flush=True)
    result_page.put(given.page, "families", rows)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
