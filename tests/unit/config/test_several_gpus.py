"""Rules for several GPUs, which no test of this machine can run: derived from upstream's source."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.configurations import MULTIGRID

from slowfast_stack.config import content
from slowfast_stack.config.validate import check

MOCO = """
TASK: ssl
MODEL: {ARCH: slow, MODEL_NAME: ContrastiveModel, NUM_CLASSES: 128, LOSS_FUNC: contrastive_loss}
DATA: {INPUT_CHANNEL_NUM: [3], TRAIN_CROP_NUM_TEMPORAL: 2}
CONTRASTIVE: {TYPE: moco, NUM_MLP_LAYERS: 3, KNN_ON: False, BN_MLP: True, BN_SYNC_MLP: True}
TEST: {ENABLE: False}
"""
DEMO = """
TRAIN: {ENABLE: False, DATASET: ava}
TEST: {ENABLE: False}
DETECTION: {ENABLE: True}
DEMO: {ENABLE: True, PREDS_BOXES: boxes.csv}
"""


def _found(base: str, *pairs: str) -> set[tuple[str, str]]:
    read = content.with_options(content.parse(base), pairs)
    ids = ("sync-devices", "bn-splits", "gpus", "contrastive", "unknown-name")
    return {(row.id, row.key) for row in check(read, Path()) if row.id in ids}


@pytest.mark.parametrize(
    ("gpus", "batch", "base", "found"),
    [
        (8, 64, 8, set()),
        (8, 8, 8, set()),
        (2, 2, 8, {("sync-devices", "MULTIGRID.BN_BASE_SIZE")}),
        (2, 8, 8, set()),
        (4, 4, 8, {("sync-devices", "MULTIGRID.BN_BASE_SIZE")}),
        (1, 5, 13, {("bn-splits", "MULTIGRID.BN_BASE_SIZE")}),
        (2, 10, 13, {("bn-splits", "MULTIGRID.BN_BASE_SIZE")}),
    ],
)
def test_the_long_cycle_shares_and_splits_what_divides(
    gpus: int, batch: int, base: int, found: set[tuple[str, str]]
) -> None:
    pairs = ("NUM_GPUS", gpus, "TRAIN.BATCH_SIZE", batch, "MULTIGRID.BN_BASE_SIZE", base)
    assert _found(MULTIGRID, *map(str, pairs)) == found


@pytest.mark.parametrize(("gpus", "devices", "right"), [(8, 8, True), (8, 4, True), (1, 8, False)])
def test_contrastive_layers_share_what_divides(gpus: int, devices: int, *, right: bool) -> None:
    found = _found(MOCO, "NUM_GPUS", str(gpus), "BN.NUM_SYNC_DEVICES", str(devices))
    assert (("sync-devices", "BN.NUM_SYNC_DEVICES") in found) is not right


def test_the_queue_is_a_multiple_of_the_batch_of_all_gpus() -> None:
    found = _found(MOCO, "NUM_GPUS", "3", "TRAIN.BATCH_SIZE", "48")
    assert found == {("contrastive", "CONTRASTIVE.QUEUE_LEN")}


def test_given_boxes_are_drawn_by_one_gpu() -> None:
    assert ("gpus", "NUM_GPUS") in _found(DEMO, "NUM_GPUS", "2")
    assert ("gpus", "NUM_GPUS") not in _found(DEMO, "NUM_GPUS", "1")


def test_torch_from_pypi_has_no_mpi() -> None:
    assert _found(MULTIGRID, "NUM_GPUS", "2", "TRAIN.BATCH_SIZE", "64", "DIST_BACKEND", "mpi") == {
        ("unknown-name", "DIST_BACKEND")
    }


def test_the_base_size_that_divides_is_written() -> None:
    pairs = ("NUM_GPUS", "2", "TRAIN.BATCH_SIZE", "4", "MULTIGRID.BN_BASE_SIZE", "8")
    read = content.with_options(content.parse(MULTIGRID), pairs)
    (found,) = (row for row in check(read, Path()) if row.id == "sync-devices")
    assert found.set == {"MULTIGRID.BN_BASE_SIZE": 4}


@pytest.mark.parametrize(("model", "found"), [("ResNet", True), ("MViT", False)])
def test_only_models_with_batch_norm_share_it(model: str, *, found: bool) -> None:
    norm = ("BN.NORM_TYPE", "sync_batchnorm", "BN.NUM_SYNC_DEVICES", "8", "NUM_GPUS", "2")
    rows = _found(MULTIGRID, *norm, "MODEL.MODEL_NAME", model, "MULTIGRID.LONG_CYCLE", "False")
    assert (("sync-devices", "BN.NUM_SYNC_DEVICES") in rows) is found
