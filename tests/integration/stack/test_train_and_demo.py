"""`train` and `demo` on the environment that `up` has proven, with data made on the spot."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml
from support.stack_under_test import COMMAND, PROGRAMS, Stack

SMALL = """NUM_GPUS 0 DATA.NUM_FRAMES 8 DATA.TRAIN_JITTER_SCALES [64,80] DATA.TRAIN_CROP_SIZE 64
DATA.TEST_CROP_SIZE 64 RESNET.DEPTH 50 RESNET.WIDTH_PER_GROUP 16
NONLOCAL.LOCATION [[[],[]],[[],[]],[[],[]],[[],[]]]"""
BASE = """
_BASE_: {source}/configs/Kinetics/SLOWFAST_4x16_R50.yaml
NUM_GPUS: 0
LOG_PERIOD: 1
LOG_MODEL_INFO: False
OUTPUT_DIR: run
DATA: {{NUM_FRAMES: 8, SAMPLING_RATE: 2, TRAIN_JITTER_SCALES: [64, 80], TRAIN_CROP_SIZE: 64,
  TEST_CROP_SIZE: 64, DECODING_BACKEND: pyav, PATH_TO_DATA_DIR: made/clips4}}
DATA_LOADER: {{NUM_WORKERS: 0}}
RESNET: {{WIDTH_PER_GROUP: 16}}
MODEL: {{NUM_CLASSES: 6}}
TRAIN: {{BATCH_SIZE: 2, EVAL_PERIOD: 1}}
TEST: {{BATCH_SIZE: 2, NUM_ENSEMBLE_VIEWS: 1, NUM_SPATIAL_CROPS: 1}}
BN: {{NUM_BATCHES_PRECISE: 2}}
SOLVER: {{BASE_LR: 0.01, MAX_EPOCH: 1, WARMUP_EPOCHS: 0.0}}
"""
# What the guide's c3.yaml asks for: upstream's demo for AVA, with files beside it.
GUIDE = """
TRAIN: {ENABLE: False, CHECKPOINT_FILE_PATH: ./made/action.pyth, CHECKPOINT_TYPE: pytorch}
TEST: {ENABLE: False}
OUTPUT_DIR: guide
DEMO: {ENABLE: True, BUFFER_SIZE: 4, CLIP_VIS_SIZE: 8, LABEL_FILE_PATH: ./classes.json,
  WEBCAM: -1, INPUT_VIDEO: ./made/in.mp4, OUTPUT_FILE: guide.mp4,
  DETECTRON2_WEIGHTS: ./made/detector.pth}
"""
DRAWN = "DEMO.DETECTRON2_THRESH 0.5 DEMO.COMMON_CLASS_THRES 0.5 DEMO.UNCOMMON_CLASS_THRES 0.5"


def _run(stack: Stack, folder: Path, *arguments: str, expect: int = 0) -> dict[str, Any]:
    argv = [str(COMMAND), *arguments, "--json", "--prefix", str(stack.prefix)]
    one = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(argv, cwd=folder, env=one, capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _program(stack: Stack, name: str, *arguments: str, here: Path) -> str:
    argv = [str(stack.prefix / "current/env/bin/python"), str(PROGRAMS / name), *arguments]
    return subprocess.run(argv, cwd=here, capture_output=True, text=True, check=True).stdout


def test_a_set_of_videos_is_trained_resumed_and_a_video_annotated(
    stack: Stack, tmp_path: Path
) -> None:
    source = stack.prefix / "current/src/slowfast"
    demo = ("demo", "--video", "made/in.mp4", "-o", "out.mp4")
    if not (source / "tools/run_net.py").is_file():
        (tmp_path / "made").mkdir()
        (tmp_path / "made/in.mp4").touch()
        error = _run(stack, tmp_path, *demo, expect=2)["error"]
        assert "reduced stack" in error["message"]
        assert "--source slowfast=" in error["hint"]
        return
    _program(stack, "demo_material.py", str(source), "made", *SMALL.split(), here=tmp_path)
    (tmp_path / "base.yaml").write_text(BASE.format(source=source))
    train = ("train", "--cfg", "base.yaml")
    first = _run(stack, tmp_path, *train)["run"]
    assert (first["epochs_trained"], first["resumed_from"]) == (1, None)
    assert first["tested"]["top5"] == 100.0
    again = _run(stack, tmp_path, *train, "SOLVER.MAX_EPOCH", "2", "TEST.ENABLE", "False")["run"]
    assert (again["first_epoch"], again["epochs_trained"]) == (2, 1)
    _fine_tune(stack, tmp_path, again["checkpoint"])
    weights = ("--checkpoint", "made/action.pyth", "--detector", "made/detector.pth")
    _guide(stack, tmp_path)
    made = _run(stack, tmp_path, *demo, *weights, *f"{SMALL} {DRAWN}".split())["demo"]
    assert made["frames"] == 28
    assert made["persons"] >= made["clips"] > 1
    said = _program(stack, "drawn_frames.py", "made/in.mp4", "out.mp4", here=tmp_path)
    assert json.loads(said) == {"codec": "h264", "frames": 28, "given": 28, "drawn": 28}


def _guide(stack: Stack, here: Path) -> None:
    """A configuration that is in a folder with what it names is run from elsewhere."""
    model = yaml.safe_load((here / "made/model.yaml").read_text())
    for section, keys in yaml.safe_load(GUIDE).items():
        model.setdefault(section, {})
        model[section] = {**model[section], **keys} if isinstance(keys, dict) else keys
    (here / "c3.yaml").write_text(yaml.safe_dump(model))
    names = {f"action {number}": number for number in range(80)}
    (here / "classes.json").write_text(json.dumps(names))
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    argv = ("train", "--cfg", "../c3.yaml", "--from", str(here))
    assert _run(stack, elsewhere, *argv, *SMALL.split())["run"]["finished"]
    said = _program(stack, "drawn_frames.py", "made/in.mp4", "guide.mp4", here=here)
    assert json.loads(said)["frames"] > 0
    assert not list(elsewhere.iterdir())


def _fine_tune(stack: Stack, here: Path, checkpoint: str) -> None:
    """Another number of classes alone trains nothing; what config transfer writes, trains."""
    naive = ("MODEL.NUM_CLASSES", "5", "TRAIN.CHECKPOINT_FILE_PATH", checkpoint)
    rest = ("OUTPUT_DIR", "naive", "TEST.ENABLE", "False", "--skip-validation")
    error = _run(stack, here, "train", "--cfg", "base.yaml", *naive, *rest, expect=1)["error"]
    assert error["message"] == "Nothing was trained."
    assert "CHECKPOINT_EPOCH_RESET" in error["hint"]
    made = (
        "config",
        "transfer",
        "base.yaml",
        "--checkpoint",
        checkpoint,
        "--data-dir",
        "made/clips4",
    )
    result = _run(stack, here, *made, "--gpus", "0", "--epochs", "1", "-o", "mine.yaml")
    assert result["errors"] == []
    mine = _run(stack, here, "train", "--cfg", "mine.yaml", "TEST.ENABLE", "False")["run"]
    assert (mine["first_epoch"], mine["epochs_trained"]) == (1, 1)
    assert 0 < mine["loss"] < 10
