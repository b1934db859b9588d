"""A stand-in for upstream's program: it says what was recorded, and leaves the files that it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import ROOT
from support.configurations import TWO_PATHWAYS

SOURCE = ROOT / "src"
COLLECTIONS = ROOT / "collections"
CHECKPOINT = ROOT / "tests/unit/models/checkpoints/torch-2.4-zip.pkl"
RECORDED = ROOT / "tests/unit/training/kinetics.log"
# The environment controls the stand-in: the log, the checkpoint, how it ends.
PROGRAM = """\
import os, pathlib, shutil, sys, time
pairs = dict(zip(sys.argv[4::2], sys.argv[5::2]))
for line in pathlib.Path(os.environ["RECORDED"]).read_text().splitlines():
    print(line, flush=True)
if os.environ.get("LEAVES"):
    folder = pathlib.Path(pairs["OUTPUT_DIR"]) / "checkpoints"
    folder.mkdir(exist_ok=True)
    shutil.copy(os.environ["LEAVES"], folder / "checkpoint_epoch_00002.pyth")
time.sleep(float(os.environ.get("SLEEPS", "0")))
print(os.environ.get("LAST", ""))
sys.exit(int(os.environ.get("CODE", "0")))
"""
CONFIG = (
    """\
TRAIN: {DATASET: kinetics, BATCH_SIZE: 2}
DATA: {PATH_TO_DATA_DIR: data, PATH_PREFIX: data, DECODING_BACKEND: pyav, NUM_FRAMES: 32}
SLOWFAST: {ALPHA: 4}
"""
    + TWO_PATHWAYS
    + """\
MODEL: {NUM_CLASSES: 5}
SOLVER: {BASE_LR: 0.01, MAX_EPOCH: 2}
OUTPUT_DIR: out
"""
)


@dataclass(frozen=True)
class Harness:
    """A folder with a configuration and data, and the command line as a process of its own."""

    here: Path

    def argv(self, *arguments: str) -> list[str]:
        prefix = ("--prefix", str(self.here / "prefix"))
        return [sys.executable, "-m", "slowfast_stack", *arguments, *prefix]

    def environment(self, **more: str) -> dict[str, str]:
        path = f"{COLLECTIONS}{os.pathsep}{SOURCE}"
        given = {"PYTHONPATH": path, "XDG_STATE_HOME": str(self.here / "state")}
        return os.environ | {"RECORDED": str(RECORDED)} | given | more

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*arguments),
            cwd=self.here,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def log(self) -> str:
        """Return what the newest run has written so far."""
        found = (self.here / "state/slowfast-stack/logs").glob("*-train.log")
        newest = max(found, default=None)
        return newest.read_text(encoding="utf-8") if newest else ""

    def train(self, *pairs: str, expect: int = 0, **more: str) -> dict[str, Any]:
        done = self.run("train", "--cfg", "my.yaml", "--json", *pairs, **more)
        assert done.returncode == expect, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result
