"""Run upstream's own programs on a patched SlowFast, on CPU, with data made on the spot.

    ENV/bin/python tests/integration/programs/upstream_end_to_end.py TREE [STEP ...]
        [--path DIR ...] [--other TREE] [--work DIR]

TREE is the patched SlowFast, --path adds Detectron2 and PyTorchVideo where ENV does not have them
installed, --other is a patched fork that must train to the same loss. A table of what was run,
what came out and how long it took goes to standard output; exit code 1 where a step failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import torch

KINETICS = "configs/Kinetics/SLOWFAST_4x16_R50.yaml"
AVA = "configs/AVA/SLOWFAST_32x2_R50_SHORT.yaml"
SMALL = """NUM_GPUS 0 DATA.TRAIN_JITTER_SCALES [64,80] DATA.TRAIN_CROP_SIZE 64
DATA.TEST_CROP_SIZE 64 TRAIN.BATCH_SIZE 2 TEST.BATCH_SIZE 2 TRAIN.EVAL_PERIOD 1
TEST.NUM_ENSEMBLE_VIEWS 1 TEST.NUM_SPATIAL_CROPS 1 RESNET.WIDTH_PER_GROUP 16 SOLVER.MAX_EPOCH 1
SOLVER.WARMUP_EPOCHS 0.0 BN.NUM_BATCHES_PRECISE 2 DATA_LOADER.NUM_WORKERS 0
DATA_LOADER.PIN_MEMORY False LOG_MODEL_INFO False"""
CLIPS = """DATA.NUM_FRAMES 16 DATA.SAMPLING_RATE 2 MODEL.NUM_CLASSES 6 SOLVER.BASE_LR 0.01
DATA.DECODING_BACKEND pyav"""
# SlowFast draws clips with Python's own generator, which it does not seed.
SEEDED = (
    "import random, runpy, sys; random.seed(0); sys.argv = sys.argv[1:];"
    "sys.path[0] = 'tools'; runpy.run_path(sys.argv[0], run_name='__main__')"
)


class Failed(Exception):
    """A step did not give what it had to."""


@dataclass
class Run:
    """The trees, the folder for data and results, and how to start upstream's program."""

    tree: Path
    paths: list[Path]
    work: Path
    other: Path | None

    def net(
        self, name: str, config: str, *options: str, expect: int = 0, tree: Path | None = None
    ) -> str:
        """Run tools/run_net.py into a folder of its own; return what it wrote."""
        root, out = tree or self.tree, self.work / name
        out.mkdir()
        argv = [sys.executable, "-c", SEEDED, "tools/run_net.py", "--cfg", config, "--opts"]
        settings = " ".join((SMALL, *options)).split()
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(path) for path in (root, *self.paths)),
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [*argv, *settings, "OUTPUT_DIR", str(out)],
            cwd=root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        (out / "log.txt").write_text(done.stdout)
        if done.returncode != expect:
            raise Failed(f"exit code {done.returncode}, see {out / 'log.txt'}")
        return done.stdout

    def clips(self, count: int = 4) -> Path:
        """Make mp4 clips of two classes: a square that moves right, or left."""
        folder = self.work / f"clips{count}"
        if not folder.exists():
            folder.mkdir()
            for split, number in (("train", count), ("val", 2), ("test", 2)):
                rows = []
                for i in range(number):
                    path = folder / f"{split}_{i}.mp4"
                    clip(path, label=i % 2, row=10 + 7 * i % 50)
                    rows.append(f"{path} {i % 2}\n")
                (folder / f"{split}.csv").write_text("".join(rows))
        return folder


def clip(path: Path, *, label: int, row: int, frames: int = 72) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(frames):
            image = np.full((96, 128, 3), 40, np.uint8)
            left = (2 * i) % 100 if label == 0 else 100 - (2 * i) % 100
            image[row : row + 20, left : left + 20] = (250, 60, 60)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def kinetics(run: Run) -> str:
    """Training, evaluation and test from mp4 clips, decoded by PyAV."""
    return _kinetics(run, "kinetics", "DATA.DECODING_BACKEND pyav")


def kinetics_torchvision(run: Run) -> str:
    """The same with the backend that 28 configurations name."""
    return _kinetics(run, "kinetics_torchvision", "DATA.DECODING_BACKEND torchvision")


def _kinetics(run: Run, name: str, option: str) -> str:
    said = run.net(name, KINETICS, CLIPS, f"DATA.PATH_TO_DATA_DIR {run.clips()}", option)
    _require("Failed to decode" not in said, "a clip was not decoded")
    _require(bool(list((run.work / name / "checkpoints").iterdir())), "no checkpoint")
    accuracy = re.findall(r'"top1_acc": "([\d.]+)"', said)
    return f"loss {_losses(said)[-1]:.3f}, top-1 {accuracy[-1]} on 2 clips"


def short_cycle(run: Run) -> str:
    """Training with the short cycle of multigrid."""
    options = f"{CLIPS} DATA.PATH_TO_DATA_DIR {run.clips(16)} MULTIGRID.SHORT_CYCLE True"
    said = run.net("short_cycle", KINETICS, options, "TEST.ENABLE False")
    return f"loss {_losses(said)[-1]:.3f}"


def pytorchvideo(run: Run) -> str:
    """Two epochs from PyTorchVideo's data set, by the backend that its configurations leave."""
    options = f"DATA.NUM_FRAMES 8 DATA.SAMPLING_RATE 2 DATA.PATH_TO_DATA_DIR {run.clips()}"
    config = "configs/Kinetics/pytorchvideo/SLOW_8x8_R50.yaml"
    losses = _losses(run.net("pytorchvideo", config, options, "SOLVER.MAX_EPOCH 2"))
    _require(len(losses) == 2, "an epoch is missing")
    return f"2 epochs, loss {losses[-1]:.3f}"


def long_cycle(run: Run) -> str:
    """Training with both cycles of multigrid in one process."""
    options = f"""DATA.NUM_FRAMES 32 DATA.PATH_TO_DATA_DIR {run.clips(16)} TRAIN.BATCH_SIZE 1
    SOLVER.MAX_EPOCH 6 SOLVER.STEPS [0,2,4] TEST.ENABLE False"""
    config = "configs/Kinetics/SLOWFAST_8x8_R50_stepwise_multigrid.yaml"
    losses = _losses(run.net("long_cycle", config, options))
    said = run.net("long_cycle_empty", config, options, "TRAIN.BATCH_SIZE 4", expect=1)
    _require("a batch per process needs 64 (TRAIN.BATCH_SIZE 4" in said, "another message")
    return f"{len(losses)} epochs, loss {losses[-1]:.3f}; a set below the largest batch is refused"


def contrastive(run: Run) -> str:
    """MoCo with its queue of negative samples; neighbours need 200 videos."""
    options = f"""DATA.NUM_FRAMES 8 DATA.SAMPLING_RATE 2 DATA.PATH_TO_DATA_DIR {run.clips()}
    CONTRASTIVE.QUEUE_LEN 64 CONTRASTIVE.KNN_ON False TEST.ENABLE False NUM_SHARDS 1"""
    said = run.net("contrastive", "configs/contrastive_ssl/MoCo_SlowR50_8x8.yaml", options)
    return f"loss {_losses(said)[-1]:.3f}"


def empty_set(run: Run) -> str:
    """A training set that is smaller than a batch: an early error, and no checkpoint."""
    options = f"{CLIPS} DATA.PATH_TO_DATA_DIR {run.clips()} TRAIN.BATCH_SIZE 8"
    said = run.net("empty_set", KINETICS, options, expect=1)
    message = re.search(r"ValueError: (The training set is empty of batches.*)", said)
    _require(message is not None, "no message")
    _require(not list((run.work / "empty_set").rglob("*.pyth")), "a checkpoint was saved")
    return "refused, no checkpoint"


def fine_tune(run: Run) -> str:
    """Another number of classes, without resetting the epochs."""
    first = f"{CLIPS} DATA.PATH_TO_DATA_DIR {run.clips()} TEST.ENABLE False"
    run.net("base", KINETICS, first)
    checkpoint = next((run.work / "base/checkpoints").iterdir())
    options = f"{first} MODEL.NUM_CLASSES 5 SOLVER.MAX_EPOCH 2"
    said = run.net("fine_tune", KINETICS, options, f"TRAIN.CHECKPOINT_FILE_PATH {checkpoint}")
    _require(said.count("The saved optimizer is not taken over") == 1, "not said once")
    test = f"{CLIPS} DATA.PATH_TO_DATA_DIR {run.clips()} MODEL.NUM_CLASSES 5 TRAIN.ENABLE False"
    lost = run.net(
        "wrong_head", KINETICS, test, f"TEST.CHECKPOINT_FILE_PATH {checkpoint}", expect=1
    )
    _require("keep random values: head.projection.weight" in lost, "a random head was tested")
    return f"loss {_losses(said)[-1]:.3f}, optimizer fresh; a test with a random head is refused"


def ava(run: Run) -> str:
    """Training, evaluation and test on AVA frames, boxes and lists."""
    data = ava_data(run)
    said = run.net("ava", AVA, _ava_options(data))
    scores = [
        float(number) for number in re.findall(r"mAP@0.5IOU': (?:np.float64\()?([\d.]+)", said)
    ]
    final = re.findall(r'"map": ([\d.]+)', said)
    _require(len(re.findall(r'"_type": "val_epoch"|"mode": "val"', said)) > 0, "no evaluation")
    _require('"mode": "test"' in said, "no test")
    return f"mAP {(final or scores or ['?'])[-1]} on {len(list(data.glob('frames/*')))} videos"


def _ava_options(data: Path) -> str:
    return f"""DATA.NUM_FRAMES 8 DATA.SAMPLING_RATE 2 TRAIN.CHECKPOINT_TYPE pytorch
    AVA.FRAME_DIR {data}/frames AVA.FRAME_LIST_DIR {data} AVA.ANNOTATION_DIR {data}
    AVA.TRAIN_PREDICT_BOX_LISTS [] AVA.TEST_PREDICT_BOX_LISTS ['ava_val_predicted_boxes.csv']
    SOLVER.BASE_LR 0.01"""


def ava_data(run: Run) -> Path:
    """Four videos as frames; odd ones are for validation."""
    data = run.work / "ava_data"
    if data.exists():
        return data
    (data / "frames").mkdir(parents=True)
    rows: dict[str, list[str]] = {"train": [], "val": []}
    boxes: dict[str, list[str]] = {"train": [], "val": []}
    for video in range(4):
        name, split = f"video{video}", "val" if video % 2 else "train"
        (data / "frames" / name).mkdir()
        for frame in range(1, 191):
            image = np.full((90, 120, 3), 40 + 20 * video, np.uint8)
            image[20:70, frame % 80 : frame % 80 + 30] = (60, 60, 250)
            path = f"{name}/{name}_{frame:06d}.jpg"
            cv2.imwrite(str(data / "frames" / path), image)
            rows[split].append(f'{name} {video} {frame - 1} {path} ""\n')
        for second in (902, 903, 904):
            for label in (1, 12):
                boxes[split].append(f"{name},{second:04d},0.1,0.2,0.6,0.8,{label},{video}\n")
    for split, lines in rows.items():
        header = "original_vido_id video_id frame_id path labels\n"
        (data / f"{split}.csv").write_text(header + "".join(lines))
        (data / f"ava_{split}_v2.2.csv").write_text("".join(boxes[split]))
    predicted = {re.sub(r"[^,]*,[^,]*$", ",0.97\n", line) for line in boxes["val"]}
    (data / "ava_val_predicted_boxes.csv").write_text("".join(sorted(predicted)))
    (data / "ava_val_excluded_timestamps_v2.2.csv").write_text("")
    labels = "".join(f'item {{\n  name: "class {i}"\n  id: {i}\n}}\n' for i in range(1, 61))
    (data / "ava_action_list_v2.2_for_activitynet_2019.pbtxt").write_text(labels)
    return data


def demo(run: Run) -> str:
    """A video in, an annotated video out: persons from Detectron2, actions from SlowFast."""
    checkpoint = run.work / "ava/checkpoints/checkpoint_epoch_00001.pyth"
    if not checkpoint.exists():
        ava(run)
    classes = run.work / "classes.json"
    classes.write_text(json.dumps({f"class {i}": i for i in range(80)}))
    video, out = run.work / "in.mp4", run.work / "out.mp4"
    clip(video, label=0, row=30, frames=48)
    options = f"""TRAIN.ENABLE False TEST.ENABLE False DEMO.ENABLE True
    DEMO.INPUT_VIDEO {video} DEMO.OUTPUT_FILE {out} DEMO.LABEL_FILE_PATH {classes}
    DEMO.DETECTRON2_WEIGHTS {person_everywhere(run)} DEMO.DETECTRON2_THRESH 0.5
    TEST.CHECKPOINT_FILE_PATH {checkpoint} TEST.CHECKPOINT_TYPE pytorch
    DEMO.COMMON_CLASS_THRES 0.0 DEMO.UNCOMMON_CLASS_THRES 0.0"""
    run.net("demo", AVA, _ava_options(run.work / "ava_data"), options)
    with av.open(str(out)) as written, av.open(str(video)) as given:
        frames = [f.to_ndarray(format="rgb24") for f in written.decode(video=0)]
        plain = [f.to_ndarray(format="rgb24") for f in given.decode(video=0)]
    drawn = sum(
        float(np.abs(a.astype(int) - b).mean()) > 2 for a, b in zip(frames, plain, strict=False)
    )
    _require(len(frames) > 0, "an empty video")
    _require(drawn > 0, "nothing is drawn")
    return f"{len(plain)} frames in, {len(frames)} out, {drawn} annotated"


def person_everywhere(run: Run) -> Path:
    """Save a detector that calls everything a person: no download, and boxes to work on."""
    path = run.work / "detector.pth"
    program = f"""
import torch
from detectron2 import model_zoo
from detectron2.modeling import build_model
cfg = model_zoo.get_config("COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml")
cfg.MODEL.DEVICE, cfg.MODEL.WEIGHTS = "cpu", ""
torch.manual_seed(0)
state = build_model(cfg).state_dict()
head = "roi_heads.box_predictor."
for name in ("cls_score.weight", "bbox_pred.weight"):
    state[head + name].zero_()
state[head + "cls_score.bias"].zero_()[0] = 6
torch.save({{"model": state}}, {str(path)!r})
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (run.tree, *run.paths)))}
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    _require(done.returncode == 0, done.stderr[-400:])
    return path


def same_loss(run: Run) -> str:
    """The patched fork trains as patched upstream does."""
    if run.other is None:
        return "skipped: no --other tree"
    options = f"""{CLIPS} DATA.PATH_TO_DATA_DIR {run.clips()} TEST.ENABLE False
    SOLVER.MAX_EPOCH 10 TRAIN.EVAL_PERIOD 100"""
    ours = _losses(run.net("upstream", KINETICS, options))
    theirs = _losses(run.net("fork", KINETICS, options, tree=run.other))
    _require(len(ours) == len(theirs) == 10, "epochs are missing")
    worst = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    _require(worst < 1e-3, f"losses differ by {worst}: {ours} against {theirs}")
    _require(ours[-1] < 0.6 * ours[0], f"the loss does not fall: {ours}")
    return f"10 epochs, loss {ours[0]:.3f} to {ours[-1]:.3f} in both"


STEPS = (
    kinetics,
    kinetics_torchvision,
    pytorchvideo,
    short_cycle,
    long_cycle,
    contrastive,
    empty_set,
    fine_tune,
    ava,
    demo,
    same_loss,
)


def _losses(said: str) -> list[float]:
    epochs = re.findall(r'"_type": "train_epoch(?:_ssl)?".*?"loss": ([\d.]+)', said)
    _require(bool(epochs), "no epoch was trained")
    return [float(loss) for loss in epochs]


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Failed(otherwise)


def main() -> int:
    """Run the steps, all or the named ones, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("steps", nargs="*", default=[step.__name__ for step in STEPS])
    parser.add_argument("--path", type=Path, action="append", default=[])
    parser.add_argument("--other", type=Path)
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="end-to-end-"))
    work.mkdir(parents=True, exist_ok=True)
    other = given.other.resolve() if given.other else None
    run = Run(given.tree.resolve(), [p.resolve() for p in given.path], work.resolve(), other)
    versions = f"torch {torch.__version__}, numpy {np.__version__}, av {av.__version__}"
    print(
        f"{versions}, Python {sys.version.split()[0]}\n\n| step | result | seconds |\n|---|---|--:|"
    )
    failed = False
    for step in (step for step in STEPS if step.__name__ in given.steps):
        started = time.perf_counter()
        try:
            result = step(run)
        except Failed as wrong:
            result, failed = f"FAILED: {wrong}", True
        print(f"| {step.__name__} | {result} | {time.perf_counter() - started:.0f} |", flush=True)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
