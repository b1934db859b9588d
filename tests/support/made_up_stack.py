"""A finished stack whose SlowFast has every patch of today and a data set without files."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.stack_under_test import COMMAND, PROGRAMS

VALUES = {
    "NUM_GPUS": "0",
    "OUTPUT_DIR": "out",
    "LOG_PERIOD": "1",
    "RESNET.WIDTH_PER_GROUP": "8",
    "SLOWFAST.ALPHA": "4",
    "BN.USE_PRECISE_STATS": "False",
    "DATA.TRAIN_CROP_SIZE": "32",
    "DATA.TEST_CROP_SIZE": "32",
    "DATA.NUM_FRAMES": "8",
    "MODEL.NUM_CLASSES": "6",
    "MODEL.DROPOUT_RATE": "0.0",
    "MODEL.FROZEN_BN": "True",
    "SOLVER.BASE_LR": "0.05",
    "SOLVER.WARMUP_EPOCHS": "0.0",
    "SOLVER.MAX_EPOCH": "1",
    "DATA_LOADER.NUM_WORKERS": "0",
    "DATA_LOADER.PIN_MEMORY": "False",
    "TRAIN.DATASET": "made_up",
    "TRAIN.EVAL_PERIOD": "100",
    "TEST.ENABLE": "False",
    "TEST.DATASET": "made_up",
    "TEST.BATCH_SIZE": "1",
    "TENSORBOARD.ENABLE": "True",
}
OPTIONS = [word for pair in VALUES.items() for word in pair]
MODEL = "configs/Kinetics/SLOWFAST_4x16_R50.yaml"


# The log rounds a loss to five digits; the events have it as the 32 bits that were computed.
_EVENTS = """
import glob, json, sys
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
found = []
for folder in sys.argv[1:]:
    for path in glob.glob(folder + "/**/events.out.tfevents.*", recursive=True):
        for event in EventFileLoader(path).Load():
            for value in event.summary.value:
                if value.tag == "Train/loss":
                    loss = value.tensor.float_val[0] if value.tensor.float_val else value.simple_value
                    found.append((event.wall_time, event.step, loss))
print(json.dumps(sorted(found)))
"""


@dataclass(frozen=True)
class MadeUpStack:
    """A prefix with the environment of another one and a source tree of its own."""

    prefix: Path

    @property
    def python(self) -> Path:
        return self.prefix / "current/env/bin/python"

    @property
    def source(self) -> Path:
        return self.prefix / "current/src/slowfast"

    @property
    def config(self) -> Path:
        return self.source / MODEL


def made(of: Path, prefix: Path, clips: int = 80) -> MadeUpStack:
    """Copy the source tree of a finished stack, patch it, and add a data set of so many clips."""
    here = prefix / "stacks/made-up"
    source = here / "src/slowfast"
    shutil.copytree(of / "current/src/slowfast", source, symlinks=True)
    (prefix / "current").symlink_to(here)
    (here / "stack.lock.json").write_bytes((of / "current/stack.lock.json").read_bytes())
    argv = [str(COMMAND), "patch", str(source)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shutil.copy(PROGRAMS / "made_up_dataset.py", source / "slowfast/datasets/made_up.py")
    with (source / "slowfast/datasets/__init__.py").open("a") as package:
        package.write("from .made_up import Made_up  # noqa\n")
    (here / "env/bin").mkdir(parents=True)
    # The environment's own SlowFast is the tree of the other stack.
    python = (of / "current/env/bin/python").absolute()
    (here / "env/bin/python").write_text(
        f'#!/bin/sh\nexport PYTHONPATH="{source}" OMP_NUM_THREADS=1 MADE_UP_CLIPS={clips}\n'
        f'exec "{python}" "$@"\n'
    )
    (here / "env/bin/python").chmod(0o755)
    return MadeUpStack(prefix)


def losses(stack: MadeUpStack, *outputs: Path) -> dict[int, float]:
    """Return the loss of each step; of a step that was repeated, the last one."""
    argv = [str(stack.python), "-c", _EVENTS, *map(str, outputs)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return {step: loss for _, step, loss in json.loads(done.stdout)}
