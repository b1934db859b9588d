"""Let upstream's loader and evaluation read prepared lists, and train one epoch on CPU.

    ENV/bin/python tests/integration/programs/ava_end_to_end.py TREE LISTS [--path DIR ...]
        [--work DIR]

TREE is the patched SlowFast, LISTS a folder that `slowfast-stack ava lists` (or `own`) has
written. One JSON object with what the loader saw and how training ended goes to standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from upstream_end_to_end import AVA, Run, _require

# What the loader makes of the lists: videos, frames, key frames, and the first clip of each half.
LOADER = """
import json, sys
from slowfast.config.defaults import get_cfg
from slowfast.datasets.build import build_dataset
cfg = get_cfg()
cfg.merge_from_file(sys.argv[1])
cfg.merge_from_list(sys.argv[2:])
result = {}
for split in ("train", "val", "test"):
    data = build_dataset("ava", cfg, split)
    frames, labels, _, _, extra = data[0]
    result[split] = {
        "videos": dict(zip(data._video_idx_to_name, map(len, data._image_paths))),
        "key_frames": [
            [data._video_idx_to_name[video], second, data._image_paths[video][row]]
            for video, _, second, row in data._keyframe_indices
        ],
        "boxes": data._num_boxes_used,
        "clip": [list(pathway.shape) for pathway in frames],
        "labels": int(labels.sum()),
    }
print(json.dumps(result))
"""


def main() -> int:
    """Print what was seen; an exception is the failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("lists", type=Path)
    parser.add_argument("--path", type=Path, action="append", default=[])
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="ava-end-to-end-"))
    work.mkdir(parents=True, exist_ok=True)
    run = Run(given.tree.resolve(), [p.resolve() for p in given.path], work.resolve(), None)
    options = settings(given.lists)
    said = run.net("ava", AVA, *options)
    losses = re.findall(r'"_type": "train_iter".*?"loss": ([\d.]+)', said)
    _require(bool(losses), "nothing was trained")
    _require('"_type": "val_epoch"' in said, "no evaluation")
    _require('"mode": "test"' in said, "no test")
    scores = re.findall(r"mAP@0.5IOU': (?:np.float64\()?([\d.]+|nan)", said)
    _require(bool(scores), "the evaluation of AVA gave no figure")
    checkpoints = [path.name for path in (work / "ava/checkpoints").iterdir()]
    result = {
        "loader": loader(run, options),
        "loss": float(losses[-1]),
        "evaluations": len(scores),
        "mAP": scores[-1],
        "checkpoints": checkpoints,
    }
    print(json.dumps(result, indent=1))
    return 0


def settings(lists: Path) -> list[str]:
    """Return the keys of the written configuration as options, and a clip of eight frames."""
    keys = yaml.safe_load((lists / "ava.yaml").read_text(encoding="utf-8"))
    options = [
        f"{part}.{key} {json.dumps(value).replace(' ', '')}"
        for part, values in keys.items()
        for key, value in values.items()
    ]
    # Texts without quotation marks, lists of texts with single ones.
    quoted = [text.replace('"', "'" if "[" in text else "") for text in options]
    return [
        *quoted,
        "DATA.NUM_FRAMES 8 DATA.SAMPLING_RATE 2 TRAIN.CHECKPOINT_TYPE pytorch",
        "SOLVER.BASE_LR 0.01 LOG_PERIOD 1",
    ]


def loader(run: Run, options: list[str]) -> dict[str, object]:
    """Return what upstream's dataset class sees."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (run.tree, *run.paths)))}
    argv = [sys.executable, "-c", LOADER, AVA, *" ".join(options).split()]
    done = subprocess.run(argv, cwd=run.tree, env=env, capture_output=True, text=True, check=False)
    _require(done.returncode == 0, done.stderr[-2000:])
    result: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


if __name__ == "__main__":
    raise SystemExit(main())
