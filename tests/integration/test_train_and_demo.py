"""`train` and `demo` on the environment that `up` has proven, with data made on the spot."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from stack_under_test import COMMAND, PROGRAMS, Stack

SMALL = """NUM_GPUS 0 DATA.NUM_FRAMES 8 DATA.TRAIN_JITTER_SCALES [64,80] DATA.TRAIN_CROP_SIZE 64
DATA.TEST_CROP_SIZE 64 RESNET.DEPTH 50 RESNET.WIDTH_PER_GROUP 16
NONLOCAL.LOCATION [[[],[]],[[],[]],[[],[]],[[],[]]]"""
TRAINING = """TRAIN.BATCH_SIZE 2 TEST.BATCH_SIZE 2 TRAIN.EVAL_PERIOD 1 TEST.NUM_ENSEMBLE_VIEWS 1
TEST.NUM_SPATIAL_CROPS 1 SOLVER.WARMUP_EPOCHS 0.0 BN.NUM_BATCHES_PRECISE 2 LOG_PERIOD 1
DATA_LOADER.NUM_WORKERS 0 LOG_MODEL_INFO False MODEL.NUM_CLASSES 6 SOLVER.BASE_LR 0.01
DATA.DECODING_BACKEND pyav DATA.SAMPLING_RATE 2
DATA.PATH_TO_DATA_DIR made/clips4 OUTPUT_DIR run"""
DRAWN = "DEMO.DETECTRON2_THRESH 0.5 DEMO.COMMON_CLASS_THRES 0.5 DEMO.UNCOMMON_CLASS_THRES 0.5"


def _run(stack: Stack, folder: Path, *arguments: str, expect: int = 0) -> dict[str, Any]:
    argv = [str(COMMAND), *arguments, "--json", "--prefix", str(stack.prefix)]
    one = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(argv, cwd=folder, env=one, capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _program(stack: Stack, name: str, *arguments: str, here: Path) -> str:
    argv = [str(stack.prefix / "current/env/bin/python"), str(PROGRAMS / name), *arguments]
    return subprocess.run(argv, cwd=here, capture_output=True, text=True, check=True).stdout


def test_a_set_of_videos_is_trained_resumed_and_a_video_annotated(
    stack: Stack, tmp_path: Path
) -> None:
    source = stack.prefix / "current/src/slowfast"
    demo = ("demo", "--video", "made/in.mp4", "--out", "out.mp4")
    if not (source / "tools/run_net.py").is_file():
        error = _run(stack, tmp_path, *demo, expect=2)["error"]
        assert "reduced stack" in error["what"]
        assert "--source slowfast=" in error["next"]
        return
    _program(stack, "demo_material.py", str(source), "made", *SMALL.split(), here=tmp_path)
    train = ("train", "--cfg", str(source / "configs/Kinetics/SLOWFAST_4x16_R50.yaml"))
    pairs = f"{SMALL} {TRAINING}".split()
    first = _run(stack, tmp_path, *train, *pairs, "SOLVER.MAX_EPOCH", "1")["run"]
    assert (first["epochs_trained"], first["resumed_from"]) == (1, None)
    assert first["tested"]["top5"] == 100.0
    again = _run(stack, tmp_path, *train, *pairs, "SOLVER.MAX_EPOCH", "2", "TEST.ENABLE", "False")
    assert (again["run"]["first_epoch"], again["run"]["epochs_trained"]) == (2, 1)
    weights = ("--checkpoint", "made/action.pyth", "--detector", "made/detector.pth")
    made = _run(stack, tmp_path, *demo, *weights, *f"{SMALL} {DRAWN}".split())["demo"]
    assert made["frames"] == 28
    assert made["persons"] >= made["clips"] > 1
    said = _program(stack, "drawn_frames.py", "made/in.mp4", "out.mp4", here=tmp_path)
    assert json.loads(said) == {"codec": "h264", "frames": 28, "given": 28, "drawn": 28}
