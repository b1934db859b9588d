"""Rules on TensorBoard, on files that lack nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slowfast_stack.config import content, rules_tensorboard

SLOWFAST = """
MODEL: {ARCH: slowfast, MODEL_NAME: SlowFast, NUM_CLASSES: 3}
TRAIN: {ENABLE: False}
TEST: {ENABLE: False, BATCH_SIZE: 4}
NUM_GPUS: 2
"""
NAMES = {"eat": 0, "walk": 1, "swim": 2}
WRONG = {"WRONG_PRED_VIS.ENABLE": True, "CLASS_NAMES_PATH": "names.json"}
LAYERS = {"MODEL_VIS.ENABLE": True, "CLASS_NAMES_PATH": "names.json"}
CAM = "MODEL_VIS.GRAD_CAM"
NO_CAM = LAYERS | {f"{CAM}.ENABLE": False}
TWO = {f"{CAM}.LAYER_LIST": ["a", "b"]}
TOP = {"HISTOGRAM.ENABLE": True, "HISTOGRAM.TOPK": 3}
SUBSETS = ("CATEGORIES_PATH", "CONFUSION_MATRIX.SUBSET_PATH", "WRONG_PRED_VIS.SUBSET_PATH")


def _found(here: Path, values: dict[str, object], *pairs: str) -> list[tuple[str, str]]:
    words = [*pairs, "TENSORBOARD.ENABLE", "True"]
    for key, value in values.items():
        words += [f"TENSORBOARD.{key}", str(value)]
    read = content.with_options(content.parse(SLOWFAST), words)
    return [
        (row.id, row.key.removeprefix("TENSORBOARD."))
        for rule in rules_tensorboard.RULES
        for row in rule(read, here)
    ]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "names.json").write_text(json.dumps(NAMES))
    (tmp_path / "some.txt").write_text("eat\n")
    return tmp_path


@pytest.mark.parametrize(
    ("values", "pairs"),
    [
        ({}, ()),
        (WRONG, ()),
        (LAYERS | TWO, ()),
        (LAYERS | {f"{CAM}.LAYER_LIST": ["a"]}, ("MODEL.ARCH", "slow")),
        (LAYERS | {f"{CAM}.LAYER_LIST": ["a"]}, ("MODEL.ARCH", "own")),
        (NO_CAM, ()),
        (WRONG | {"WRONG_PRED_VIS.SUBSET_PATH": "some.txt"}, ()),
        (LAYERS | TWO | {"WRONG_PRED_VIS.SUBSET_PATH": "absent"}, ()),
        ({"CLASS_NAMES_PATH": "absent"}, ()),
        ({"PREDICTIONS_PATH": "absent"}, ()),
        (WRONG | {"PREDICTIONS_PATH": "some.txt"}, ()),
        (NO_CAM, ("DETECTION.ENABLE", "True", "NUM_GPUS", "0")),
        (NO_CAM, ("DETECTION.ENABLE", "True", "NUM_GPUS", "4")),
        (TOP, ()),
        ({"HISTOGRAM.TOPK": 4}, ()),
    ],
)
def test_what_runs_has_no_findings(
    here: Path, values: dict[str, object], pairs: tuple[str, ...]
) -> None:
    assert _found(here, values, *pairs) == []


@pytest.mark.parametrize(
    ("values", "pairs", "id_", "key"),
    [
        ({"WRONG_PRED_VIS.ENABLE": True}, (), "tensorboard", "CLASS_NAMES_PATH"),
        (WRONG | {"CLASS_NAMES_PATH": "absent"}, (), "missing-file", "CLASS_NAMES_PATH"),
        (WRONG | {"CLASS_NAMES_PATH": "some.txt"}, (), "missing-file", "CLASS_NAMES_PATH"),
        (LAYERS, (), "tensorboard", f"{CAM}.ENABLE"),
        (LAYERS | TWO, ("MODEL.ARCH", "x3d"), "tensorboard", f"{CAM}.ENABLE"),
        (
            LAYERS | TWO,
            ("DETECTION.ENABLE", "True", "NUM_GPUS", "4"),
            "tensorboard",
            f"{CAM}.ENABLE",
        ),
        (NO_CAM, ("DETECTION.ENABLE", "True"), "tensorboard", "TEST.BATCH_SIZE"),
        (
            WRONG,
            ("DETECTION.ENABLE", "True", "NUM_GPUS", "4"),
            "tensorboard",
            "WRONG_PRED_VIS.ENABLE",
        ),
        (WRONG | {"PREDICTIONS_PATH": "absent"}, (), "missing-file", "PREDICTIONS_PATH"),
        (
            NO_CAM | {"PREDICTIONS_PATH": "some.txt"},
            ("DETECTION.ENABLE", "True", "NUM_GPUS", "4"),
            "tensorboard",
            "PREDICTIONS_PATH",
        ),
        *[(WRONG | {key: "absent"}, (), "missing-file", key) for key in SUBSETS],
        (
            WRONG | TOP | {"HISTOGRAM.SUBSET_PATH": "absent"},
            (),
            "missing-file",
            "HISTOGRAM.SUBSET_PATH",
        ),
        ({"HISTOGRAM.ENABLE": True, "HISTOGRAM.TOPK": 4}, (), "limit", "HISTOGRAM.TOPK"),
        (
            {"CLASS_NAMES_PATH": "absent"},
            ("TRAIN.ENABLE", "True"),
            "missing-file",
            "CLASS_NAMES_PATH",
        ),
    ],
)
def test_what_stops_is_an_error(
    here: Path, values: dict[str, object], pairs: tuple[str, ...], id_: str, key: str
) -> None:
    assert _found(here, values, *pairs) == [(id_, key)]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"a": -1}', '{"a": "0"}', '{"a": 1.5}', "[" * 10**5, "\xff"]
)
def test_names_that_are_none_are_refused(here: Path, text: str) -> None:
    (here / "names.json").write_bytes(text.encode("latin-1"))
    assert _found(here, WRONG) == [("missing-file", "CLASS_NAMES_PATH")]


def test_names_are_no_file_of_any_size(here: Path) -> None:
    with (here / "names.json").open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert _found(here, WRONG) == [("missing-file", "CLASS_NAMES_PATH")]
