"""``slowfast-stack config check``: what would fail is printed before training, with its fix."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.configurations import TWO_PATHWAYS

from slowfast_stack.cli.app import run
from slowfast_stack.config import content
from slowfast_stack.config.validate import check, fixed

CHECKPOINTS = Path(__file__).parents[1] / "models/checkpoints"
NO_STACK = ("--prefix", "nowhere")
GOOD = (
    """\
TRAIN:
  DATASET: kinetics
  BATCH_SIZE: 4
DATA:
  PATH_TO_DATA_DIR: data
  PATH_PREFIX: data
  DECODING_BACKEND: pyav
  NUM_FRAMES: 32
SLOWFAST:
  ALPHA: 4
"""
    + TWO_PATHWAYS
    + """\
MODEL:
  NUM_CLASSES: 5
SOLVER:
  BASE_LR: 0.01
  MAX_EPOCH: 6
"""
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a small data set and checkpoints."""
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "val", "test"):
        rows = [f"{name}{i}.mp4 {i % 5}" for i in range(8)]
        (data / f"{name}.csv").write_text("\n".join(rows) + "\n")
        for i in range(8):
            (data / f"{name}{i}.mp4").touch()
    shutil.copytree(CHECKPOINTS, tmp_path / "checkpoints")
    return tmp_path


def _found(text: str, here: Path) -> dict[str, str]:
    return {row.id: row.key for row in reversed(check(content.parse(text), here))}


def test_a_good_configuration_has_no_findings(here: Path) -> None:
    assert _found(GOOD, here) == {}


PYTORCH = "TRAIN: {CHECKPOINT_FILE_PATH: checkpoints/torch-2.4-zip.pkl}"
CAFFE2 = "TRAIN: {CHECKPOINT_FILE_PATH: checkpoints/caffe2-protocol-2.pyth}"


@pytest.mark.parametrize(
    ("change", "finding", "key", "value"),
    [
        (
            "DATA: {TRAIN_CROP_NUM_TEMPORAL: 2}",
            "one-clip-decoder",
            "DATA.DECODING_BACKEND",
            "torchvision",
        ),
        ("TRAIN: {BATCH_SIZE: 64}", "empty-loader", "TRAIN.BATCH_SIZE", 8),
        ("MULTIGRID: {SHORT_CYCLE: True}", "empty-loader", "TRAIN.BATCH_SIZE", 2),
        ("NUM_GPUS: 3", "batch-per-gpu", "TRAIN.BATCH_SIZE", 3),
        ("MODEL: {NUM_CLASSES: 4}", "class-count", "MODEL.NUM_CLASSES", 5),
        ("MODEL: {NUM_CLASSES: 2}", "few-classes", "MODEL.NUM_CLASSES", 5),
        (PYTORCH, "epoch-reset", "TRAIN.CHECKPOINT_EPOCH_RESET", True),
        (CAFFE2, "checkpoint-type", "TRAIN.CHECKPOINT_TYPE", "caffe2"),
        ("MODEL: {ARCH: slow}", "pathways", "MODEL.ARCH", "slowfast"),
        ("DATA: {INPUT_CHANNEL_NUM: [3]}", "pathways", "DATA.INPUT_CHANNEL_NUM", [3, 3]),
        ("MODEL: {LOSS_FUNC: bce}", "loss", "MODEL.LOSS_FUNC", "cross_entropy"),
        ("MODEL: {LOSS_FUNC: bce_logit}", "loss", "MODEL.LOSS_FUNC", "cross_entropy"),
        ("DATA: {MULTI_LABEL: True}", "labels", "DATA.MULTI_LABEL", False),
        (
            "{MIXUP: {ENABLE: True}, MODEL: {LOSS_FUNC: bce}}",
            "mixup",
            "MODEL.LOSS_FUNC",
            "soft_cross_entropy",
        ),
        (
            "{MIXUP: {ENABLE: True}, TRAIN: {BATCH_SIZE: 1}}",
            "mixup-one-clip",
            "MIXUP.ENABLE",
            False,
        ),
        (
            "BN: {NORM_TYPE: sync_batchnorm, NUM_SYNC_DEVICES: 8}",
            "sync-devices",
            "BN.NUM_SYNC_DEVICES",
            1,
        ),
        ("DETECTION: {ENABLE: True}", "detection", "DETECTION.ENABLE", False),
        ("SOLVER: {COSINE_END_LR: 0.1}", "cosine", "SOLVER.COSINE_END_LR", 0.0001),
        (
            "SOLVER: {WARMUP_EPOCHS: 6.0, COSINE_AFTER_WARMUP: True}",
            "warm-up",
            "SOLVER.WARMUP_EPOCHS",
            0.6,
        ),
        (
            "{TASK: ssl, MODEL: {MODEL_NAME: ContrastiveModel}}",
            "neighbours",
            "CONTRASTIVE.KNN_ON",
            False,
        ),
        ("DATA: {CROP_SIZE: 112}", "unknown-key", "DATA.CROP_SIZE", None),
        ("BN: {EPSILON: 0.001}", "unknown-key", "BN.EPSILON", None),
        ("SOLVER: {WARMUP_EPOCHS: 1}", "type", "SOLVER.WARMUP_EPOCHS", 1.0),
        ("TRAIN: {ENABLE: 1}", "type", "TRAIN.ENABLE", True),
        ("MODEL: {NUM_CLASES: 7}", "unknown-key", "MODEL.NUM_CLASES", None),
        ("PREFETCH: {NUM_LOADERS: 3}", "unknown-key", "PREFETCH.NUM_LOADERS", None),
        (
            "DEMO: {ENABLE: True, LABEL_FILE_PATH: data/val.csv, BUFFER_SIZE: 200}",
            "demo-buffer",
            "DEMO.BUFFER_SIZE",
            128,
        ),
        (
            "DEMO: {ENABLE: True, LABEL_FILE_PATH: data/val.csv, INPUT_VIDEO: a.mp4, WEBCAM: 0}",
            "demo-camera",
            "DEMO.WEBCAM",
            -1,
        ),
    ],
)
def test_one_wrong_key_is_found_and_patched(
    here: Path, change: str, finding: str, key: str, value: object
) -> None:
    text = _changed(GOOD, change)
    assert _found(text, here)[finding] == key
    new, _ = fixed(text, here)
    after = content.parse(new)
    assert after.values.get(key) == value
    assert [row for row in check(after, here) if row.level == "error"] == []


def _changed(text: str, change: str) -> str:
    """Set what a one-line YAML says, also what upstream would refuse."""
    import yaml  # noqa: PLC0415

    tree = yaml.safe_load(text)
    for section, keys in yaml.safe_load(change).items():
        if isinstance(keys, dict):
            tree.setdefault(section, {}).update(keys)
        else:
            tree[section] = keys
    return yaml.safe_dump(tree)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("TRAIN: {CHECKPOINT_FILE_PATH: nowhere.pkl}", "missing-checkpoint"),
        ("TRAIN: {CHECKPOINT_FILE_PATH: checkpoints/detectron2.pkl}", "no-checkpoint"),
        ("DATA: {PATH_TO_DATA_DIR: nowhere}", "missing-list"),
        ("DATA: {PATH_PREFIX: nowhere}", "missing-videos"),
        ("SLOWFAST: {ALPHA: 5}", "alpha"),
        ("SOLVER: {LR_POLICY: steps_with_relative_lrs, STEPS: [1], LRS: [1]}", "steps"),
        ("SOLVER: {LR_POLICY: steps_with_relative_lrs, STEPS: [0, 2], LRS: [1]}", "steps"),
        ("DEMO: {ENABLE: True}", "missing-file"),
        ("TRAIN: {DATASET: ava}", "missing-folder"),
    ],
)
def test_what_has_no_one_right_value_is_reported(here: Path, change: str, finding: str) -> None:
    assert finding in _found(_changed(GOOD, change), here)


def test_a_head_of_another_size_is_right_for_training_and_wrong_for_testing(here: Path) -> None:
    text = _changed(GOOD, PYTORCH)
    text = _changed(text, "MODEL: {NUM_CLASSES: 6}")
    levels = {row.id: row.level for row in check(content.parse(text), here)}
    assert levels["new-head"] == "note"
    testing = _changed(text, "TRAIN: {ENABLE: False}")
    levels = {row.id: row.level for row in check(content.parse(testing), here)}
    assert levels["head-not-loaded"] == "error"


def test_a_comma_between_path_and_label_is_found_and_patched(here: Path) -> None:
    for path in (here / "data").glob("*.csv"):
        path.write_text(path.read_text().replace(" ", ","))
    new, _ = fixed(GOOD, here)
    assert content.parse(new).values["DATA.PATH_LABEL_SEPARATOR"] == ","
    assert _found(new, here) == {}


def test_a_saved_checkpoint_wins_and_that_is_reported(here: Path) -> None:
    text = _changed(_changed(GOOD, PYTORCH), "TRAIN: {CHECKPOINT_EPOCH_RESET: True}")
    (here / "checkpoints/checkpoint_epoch_00003.pyth").touch()
    assert _found(text, here) == {"resume-wins": "OUTPUT_DIR"}


def test_more_processes_than_data_are_found(here: Path) -> None:
    text = _changed(GOOD, "NUM_GPUS: 4")
    assert _found(_changed(text, "NUM_SHARDS: 4"), here) == {"shards": "NUM_SHARDS"}
    assert _found(_changed(text, "TRAIN: {BATCH_SIZE: 16}"), here) == {
        "empty-loader": "TRAIN.BATCH_SIZE"
    }


AVA = """\
TRAIN: {DATASET: ava, BATCH_SIZE: 2}
TEST: {DATASET: ava, BATCH_SIZE: 1}
DETECTION: {ENABLE: True}
MODEL: {NUM_CLASSES: 80, LOSS_FUNC: bce, HEAD_ACT: sigmoid, ARCH: slow, MODEL_NAME: ResNet}
DATA: {NUM_FRAMES: 32, INPUT_CHANNEL_NUM: [3]}
AVA: {FRAME_DIR: ava/frames, FRAME_LIST_DIR: ava/frame_lists, ANNOTATION_DIR: ava/annotations}
"""


def test_ava_is_checked_file_by_file(here: Path) -> None:
    for folder in ("frames", "frame_lists", "annotations"):
        (here / "ava" / folder).mkdir(parents=True)
    assert set(_found(AVA, here)) == {"missing-file"}
    boxes = "v,0904,0.1,0.1,0.9,0.9,80,1\nv,0904,0.1,0.1,0.9,0.9,79,1\nv,0908,0,0,1,1,1,1\n"
    files = {
        "ava_action_list_v2.2_for_activitynet_2019.pbtxt": 'item {\n  name: "run"\n  id: 1\n}\n',
        "ava_val_excluded_timestamps_v2.2.csv": "v,0910\n",
        "ava_val_v2.2.csv": boxes,
        "ava_train_v2.2.csv": boxes,
        "ava_val_predicted_boxes.csv": boxes,
    }
    for name, text in files.items():
        (here / "ava/annotations" / name).write_text(text)
    for name in ("train.csv", "val.csv"):
        frames = "original_vido_id video_id frame_id path labels\nv 0 0 v/1.jpg ''\n"
        (here / "ava/frame_lists" / name).write_text(frames)
    assert _found(AVA, here) == {}
    assert set(_found(_changed(AVA, "TRAIN: {BATCH_SIZE: 3}"), here)) == {"empty-loader"}
    assert set(_found(_changed(AVA, "MODEL: {NUM_CLASSES: 60}"), here)) == {"class-count"}
    for name, wrong in (
        ("ava_action_list_v2.2_for_activitynet_2019.pbtxt", "1: run"),
        ("ava_val_excluded_timestamps_v2.2.csv", boxes),
        ("ava_val_v2.2.csv", "v,0904,0.1,0.1,0.9,0.9,,0.97"),
    ):
        (here / "ava/annotations" / name).write_text(wrong)
        assert set(_found(AVA, here)) == {"boxes"}
        (here / "ava/annotations" / name).write_text(files[name])


def test_the_command_fixes_in_place_keeps_the_original_and_says_what_is_left(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here)
    text = GOOD.replace("ALPHA: 4", "ALPHA: 4\nNUM_GPUS: 3  # of ours", 1)
    text = text.replace("data\n", "nowhere\n", 1)
    Path("my.yaml").write_text(text)
    assert run([*["config", "check", "my.yaml"], *NO_STACK]) == 1
    assert "--fix fixes 2" in capsys.readouterr().out
    assert run([*["config", "check", "my.yaml", "--fix", "--json"], *NO_STACK]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in printed["fixed"]] == ["batch-per-gpu", "batch-per-gpu"]
    levels = {row["id"]: row["level"] for row in printed["findings"]}
    assert levels.pop("gpus", "note") == "note"
    assert levels == {"missing-list": "error"}
    assert "+  BATCH_SIZE: 3" in printed["diff"]
    assert Path("my.yaml.before").read_text() == text
    assert run([*["config", "check", "my.yaml", "--fix", "--output", "other.yaml"], *NO_STACK]) == 1
    assert Path("other.yaml").exists()


def test_a_file_that_is_not_there_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "check", "nowhere.yaml"]) == 2
    assert "error[file.not-found]" in capsys.readouterr().err
