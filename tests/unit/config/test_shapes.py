"""Numbers, lists and sizes that upstream cannot take: each is found, and named by its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.configurations import TWO_PATHWAYS

from slowfast_stack.config import content
from slowfast_stack.config.findings import ERROR, NOTE, WARNING
from slowfast_stack.config.validate import check, fixed

SLOW = """
MODEL: {ARCH: slow, MODEL_NAME: ResNet}
DATA: {INPUT_CHANNEL_NUM: [3], TEST_CROP_SIZE: 256}
TEST: {NUM_SPATIAL_CROPS: 3}
"""
SLOWFAST = (
    """
MODEL: {ARCH: slowfast, MODEL_NAME: SlowFast}
SLOWFAST: {ALPHA: 4, BETA_INV: 8}
DATA: {NUM_FRAMES: 32, TEST_CROP_SIZE: 256}
"""
    + TWO_PATHWAYS
)
X3D = """
MODEL: {ARCH: x3d, MODEL_NAME: X3D}
DATA: {INPUT_CHANNEL_NUM: [3], TEST_CROP_SIZE: 224}
"""
MVIT = """
MODEL: {ARCH: mvit, MODEL_NAME: MViT}
DATA: {INPUT_CHANNEL_NUM: [3], NUM_FRAMES: 16, TEST_CROP_SIZE: 224}
MVIT:
  PATCH_KERNEL: [3, 7, 7]
  PATCH_STRIDE: [2, 4, 4]
  PATCH_PADDING: [1, 3, 3]
  DIM_MUL: [[1, 2.0], [3, 2.0], [14, 2.0]]
  HEAD_MUL: [[1, 2.0], [3, 2.0], [14, 2.0]]
  POOL_Q_STRIDE: [[1, 1, 2, 2], [3, 1, 2, 2], [14, 1, 2, 2]]
  POOL_KV_STRIDE_ADAPTIVE: [1, 8, 8]
  POOL_KVQ_KERNEL: [3, 3, 3]
"""
# Findings on files and batches, which these bases have not.
_APART = {"missing-list", "missing-videos", "shared-memory", "gpus"}


def _found(base: str, *pairs: str) -> set[tuple[str, str, str]]:
    read = content.with_options(content.parse(base), pairs)
    return {(r.level, r.id, r.key) for r in check(read, Path()) if r.id not in _APART}


@pytest.mark.parametrize("base", [SLOW, SLOWFAST, X3D, MVIT])
def test_what_fits_together_has_no_findings(base: str) -> None:
    assert _found(base) == set()


@pytest.mark.parametrize(
    ("key", "value", "level"),
    [
        ("RNG_SEED", -1, ERROR),
        ("LOG_PERIOD", 0, ERROR),
        ("TRAIN.EVAL_PERIOD", 0, ERROR),
        ("TRAIN.CHECKPOINT_PERIOD", 0, ERROR),
        ("TRAIN.BATCH_SIZE", 0, ERROR),
        ("SOLVER.MAX_EPOCH", 0, ERROR),
        ("SOLVER.BASE_LR", -0.1, ERROR),
        ("SOLVER.WEIGHT_DECAY", -1.0, ERROR),
        ("BN.WEIGHT_DECAY", -1.0, WARNING),
        ("SOLVER.COSINE_END_LR", -0.1, WARNING),
        ("DATA.NUM_FRAMES", 0, ERROR),
        ("DATA.SAMPLING_RATE", 0, WARNING),
        ("DATA.TARGET_FPS", 0, ERROR),
        ("DATA_LOADER.NUM_WORKERS", -1, ERROR),
        ("MODEL.DROPOUT_RATE", 1.5, ERROR),
        ("MODEL.FC_INIT_STD", -0.1, ERROR),
    ],
)
def test_a_number_beyond_its_limits_is_found(key: str, value: float, level: str) -> None:
    assert (level, "limit", key) in _found(SLOW, key, str(value))


def test_a_limit_counts_only_where_something_reads_the_key() -> None:
    assert ("error", "limit", "TRAIN.EVAL_PERIOD") not in _found(
        SLOW, "TRAIN.EVAL_PERIOD", "0", "SOLVER.MAX_EPOCH", "1"
    )
    assert _found(SLOW, "X3D.DIM_C5", "0") == set()
    assert (ERROR, "limit", "X3D.DIM_C5") in _found(X3D, "X3D.DIM_C5", "0")


@pytest.mark.parametrize(
    ("base", "key", "value", "id_"),
    [
        (SLOW, "DATA.MEAN", "[0.4, 0.4]", "form"),
        (SLOW, "DATA.STD", "[0, 0, 0]", "form"),
        (SLOW, "DATA.TRAIN_JITTER_SCALES", "[256]", "form"),
        (SLOW, "DATA.INPUT_CHANNEL_NUM", "[1]", "form"),
        (SLOW, "RESNET.SPATIAL_STRIDES", "[[1], [2], [2]]", "form"),
        (SLOW, "RESNET.SPATIAL_STRIDES", "[1, 2, 2, 2]", "form"),
        (SLOW, "RESNET.NUM_BLOCK_TEMP_KERNEL", "[[3], [4], [6], [4]]", "blocks"),
        (SLOW, "NONLOCAL.GROUP", "[[1], [1], [1]]", "form"),
        (SLOW, "DATA.TRAIN_CROP_SIZE", "300", "crop-size"),
        (SLOW, "DATA.TEST_CROP_SIZE", "96", "crop-size"),
        (SLOW, "SOLVER.CLIP_GRAD_VAL", "1.0", "clip-gradients"),
        (SLOW, "SOLVER.NESTEROV", "True", ""),
        (SLOW, "SOLVER.MOMENTUM", "0.0", "nesterov"),
        (SLOW, "TEST.NUM_SPATIAL_CROPS", "4", "views"),
        (SLOW, "TEST.NUM_ENSEMBLE_VIEWS", "0", "views"),
        (SLOW, "DATA.TRAIN_JITTER_SCALES_RELATIVE", "[0.08, 1.0]", "form"),
        (SLOWFAST, "SLOWFAST.BETA_INV", "3", "channels"),
        (SLOWFAST, "SLOWFAST.BETA_INV", "128", "channels"),
        (SLOWFAST, "SLOWFAST.FUSION_CONV_CHANNEL_RATIO", "16", "channels"),
        (SLOWFAST, "SLOWFAST.FUSION_KERNEL_SZ", "4", "fusion-kernel"),
        (SLOWFAST, "RESNET.SPATIAL_STRIDES", "[[1, 1], [2, 1], [2, 2], [2, 2]]", "strides"),
        (X3D, "DATA.TEST_CROP_SIZE", "160", "crop-size"),
        (MVIT, "DATA.TEST_CROP_SIZE", "256", "crop-size"),
        (MVIT, "DATA.NUM_FRAMES", "15", "patches"),
        (MVIT, "MVIT.DEPTH", "12", "blocks"),
        (MVIT, "MVIT.DIM_MUL", "[[1]]", "blocks"),
        (MVIT, "MVIT.NUM_HEADS", "5", "heads"),
        (MVIT, "MVIT.PATCH_KERNEL", "[3, 7]", "patches"),
        (MVIT, "MVIT.MODE", "mean", "unknown-name"),
        (MVIT, "MVIT.MODE", "conv_unshared", "pooling"),
        (MVIT, "MVIT.POOL_KVQ_KERNEL", "[2, 2, 2]", "pooling"),
        (MVIT, "MVIT.USE_FIXED_SINCOS_POS", "True", ""),
    ],
)
def test_lists_and_sizes_that_do_not_fit_are_found(
    base: str, key: str, value: str, id_: str
) -> None:
    found = {(level, name) for level, name, _ in _found(base, key, value)}
    assert ((ERROR, id_) in found) if id_ else (found == set())


def test_a_crop_that_the_head_does_not_divide_is_trained_and_warned_of() -> None:
    found = _found(SLOW, "DATA.TRAIN_CROP_SIZE", "232")
    assert (WARNING, "crop-size", "DATA.TRAIN_CROP_SIZE") in found


def test_non_local_blocks_fit_the_frames_and_sides_that_they_see() -> None:
    places = ("NONLOCAL.LOCATION", "[[[]], [[1]], [[]], [[]]]")
    assert _found(SLOW, *places) == set()
    groups, pools = "[[1], [3], [1], [1]]", "[[[1, 2, 2]], [[1, 40, 40]], [[1, 2, 2]], [[1, 2, 2]]]"
    assert (ERROR, "non-local", "NONLOCAL.GROUP") in _found(SLOW, *places, "NONLOCAL.GROUP", groups)
    assert (ERROR, "non-local", "NONLOCAL.POOL") in _found(SLOW, *places, "NONLOCAL.POOL", pools)
    late = _found(SLOW, "NONLOCAL.LOCATION", "[[[]], [[7]], [[]], [[]]]")
    assert late == {(WARNING, "blocks", "NONLOCAL.LOCATION")}


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("TRAIN: {CHECKPOINT_FILE_PATH: }", ERROR),
        ("DATA: {NUM_FRAMES: }", ERROR),
        ("TRAIN: {ENABLE: }", WARNING),
        ("MIXUP: {ALPHA: }", NOTE),
        ("MVIT: {POOL_KVQ_KERNEL: }", ""),
        ("AUG: {COLOR_JITTER: }", ""),
    ],
)
def test_a_key_without_a_value_is_none_for_upstream(text: str, level: str) -> None:
    found = [row for row in check(content.parse(text), Path()) if row.id == "no-value"]
    assert [row.level for row in found] == ([level] if level else [])


def test_lists_for_one_pathway_are_written_for_two() -> None:
    text = "MODEL: {ARCH: slowfast, MODEL_NAME: SlowFast}\nDATA: {NUM_FRAMES: 32}\n"
    new, done = fixed(text, Path())
    assert content.parse(new).get("RESNET.SPATIAL_STRIDES") == [[1, 1], [2, 2], [2, 2], [2, 2]]
    assert content.parse(new).get("NONLOCAL.LOCATION") == [[[], []]] * 4
    assert {row.id for row in done} == {"form"}
