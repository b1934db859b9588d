"""Make what the demo needs and no one has here: a video, and random weights of the right kinds.

    ENV/bin/python demo_material.py TREE WORK [KEY VALUE ...]

Writes WORK/in.mp4 (28 frames, a square that moves), WORK/clips4 (videos to train on),
WORK/action.pyth (upstream's demo model for AVA with the pairs over it) and WORK/detector.pth (a
detector that calls everything a person).
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import yaml
from slowfast.config.defaults import get_cfg
from slowfast.models import build_model

from upstream_end_to_end import Run, clip, person_everywhere

CONFIG = "demo/AVA/SLOWFAST_32x2_R101_50_50.yaml"


def main() -> None:
    tree, work, options = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    tree, work = tree.resolve(), work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    clip(work / "in.mp4", label=0, row=30, frames=28)
    run = Run(tree, [], work, None)
    run.clips()
    person_everywhere(run)
    written = yaml.safe_load((tree / CONFIG).read_text())
    del written["TENSORBOARD"]  # upstream refuses a key in it
    (work / "model.yaml").write_text(yaml.safe_dump(written))
    cfg = get_cfg()
    cfg.merge_from_file(str(work / "model.yaml"))
    cfg.merge_from_list(["NUM_GPUS", "0", *options])
    torch.manual_seed(0)
    state = {"epoch": 0, "model_state": build_model(cfg).state_dict(), "cfg": cfg.dump()}
    torch.save(state, work / "action.pyth")


if __name__ == "__main__":
    main()
