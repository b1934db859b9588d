"""Rules on augmentation, pretraining, boxes, multigrid and PyTorchVideo, on files that lack nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.configurations import MULTIGRID

from slowfast_stack.config import content
from slowfast_stack.config.findings import ERROR, WARNING
from slowfast_stack.config.validate import check

_SMALL_MVIT = """
MVIT:
  PATCH_KERNEL: [3, 7, 7]
  PATCH_STRIDE: [2, 4, 4]
  PATCH_PADDING: [1, 3, 3]
"""
AUGMENTED = """
MODEL: {ARCH: slow, MODEL_NAME: ResNet}
DATA: {INPUT_CHANNEL_NUM: [3]}
AUG: {ENABLE: True}
TEST: {ENABLE: False}
"""
MOCO = """
TASK: ssl
MODEL: {ARCH: slow, MODEL_NAME: ContrastiveModel, NUM_CLASSES: 128, LOSS_FUNC: contrastive_loss}
DATA: {INPUT_CHANNEL_NUM: [3], TRAIN_CROP_NUM_TEMPORAL: 2}
CONTRASTIVE: {TYPE: moco, NUM_MLP_LAYERS: 3, KNN_ON: False}
TEST: {ENABLE: False}
"""
MAE = f"""
TASK: ssl
MODEL: {{ARCH: maskmvit, MODEL_NAME: MaskMViT, LOSS_FUNC: multi_mse}}
DATA: {{INPUT_CHANNEL_NUM: [3], NUM_FRAMES: 16, TEST_CROP_SIZE: 224}}
MASK: {{ENABLE: True, MAE_ON: True, MAE_RND_MASK: True}}
AUG: {{MASK_RATIO: 0.9}}
LOG_MODEL_INFO: False
TEST: {{ENABLE: False}}
{_SMALL_MVIT}
"""
MASKFEAT = MAE.replace("MAE_ON: True, MAE_RND_MASK: True", "PRED_HOG: True").replace(
    "MASK_RATIO: 0.9", "ENABLE: True, GEN_MASK_LOADER: True, MASK_RATIO: 0.4"
)
REVERSIBLE = f"""
MODEL: {{ARCH: mvit, MODEL_NAME: MViT}}
DATA: {{INPUT_CHANNEL_NUM: [3], NUM_FRAMES: 16, TEST_CROP_SIZE: 224}}
TEST: {{ENABLE: False}}
{_SMALL_MVIT}
  CLS_EMBED_ON: False
  DIM_MUL: [[1, 2.0]]
  REV: {{ENABLE: True, BUFFER_LAYERS: [1]}}
"""
PYTORCHVIDEO = """
TRAIN: {DATASET: ptvkinetics}
MODEL: {ARCH: slow, MODEL_NAME: PTVResNet}
DATA: {INPUT_CHANNEL_NUM: [3], DECODING_BACKEND: pyav}
TEST: {ENABLE: False}
"""
BASES = {
    "augmented": AUGMENTED,
    "moco": MOCO,
    "mae": MAE,
    "maskfeat": MASKFEAT,
    "reversible": REVERSIBLE,
    "multigrid": MULTIGRID,
    "pytorchvideo": PYTORCHVIDEO,
}
_APART = {"missing-list", "missing-videos", "shared-memory", "gpus", "data-sets"}


def _found(base: str, *pairs: str) -> set[tuple[str, str]]:
    read = content.with_options(content.parse(BASES[base]), pairs)
    return {(r.level, r.id) for r in check(read, Path()) if r.id not in _APART}


@pytest.mark.parametrize("base", list(BASES))
def test_what_fits_together_has_no_findings(base: str) -> None:
    assert _found(base) == set()


@pytest.mark.parametrize(
    ("base", "key", "value", "id_"),
    [
        ("augmented", "AUG.AA_TYPE", "augmix", "augmentation"),
        ("augmented", "AUG.AA_TYPE", "rand-m7.5", "augmentation"),
        ("augmented", "AUG.AA_TYPE", "rand-m7-n4-w1", "augmentation"),
        ("augmented", "AUG.AA_TYPE", "rand-m7-n40-w0", "augmentation"),
        ("augmented", "AUG.RE_MODE", "noise", "augmentation"),
        ("augmented", "AUG.RE_COUNT", "-1", "augmentation"),
        ("augmented", "AUG.GEN_MASK_LOADER", "True", "masked"),
        ("augmented", "CONTRASTIVE.NUM_MLP_LAYERS", "3", "contrastive"),
        ("augmented", "MODEL.MODEL_NAME", "MaskMViT", "masked"),
        ("moco", "MODEL.LOSS_FUNC", "cross_entropy", "loss"),
        ("moco", "CONTRASTIVE.QUEUE_LEN", "65537", "contrastive"),
        ("moco", "CONTRASTIVE.DIM", "64", "contrastive"),
        ("moco", "CONTRASTIVE.TYPE", "self", "contrastive"),
        ("moco", "CONTRASTIVE.TYPE", "byol", "contrastive"),
        ("moco", "CONTRASTIVE.T", "0.0", "limit"),
        ("moco", "DATA.TRAIN_CROP_NUM_TEMPORAL", "1", "contrastive"),
        ("moco", "TASK", "", "contrastive"),
        ("moco", "MIXUP.ENABLE", "True", "mixup"),
        ("moco", "MODEL.ARCH", "2d", "unknown-name"),
        ("mae", "MASK.PRETRAIN_DEPTH", "[30]", "masked"),
        ("mae", "MASK.PRETRAIN_DEPTH", "[]", "masked"),
        ("mae", "MASK.HEAD_TYPE", "joint", "unknown-name"),
        ("mae", "MASK.HEAD_TYPE", "separate_xformer", "masked"),
        ("mae", "AUG.MASK_RATIO", "1.0", "masked"),
        ("mae", "MVIT.USE_ABS_POS", "False", "masked"),
        ("mae", "MVIT.POOL_Q_STRIDE", "[[1, 1, 2, 2]]", "masked"),
        ("mae", "LOG_MODEL_INFO", "True", "masked"),
        ("mae", "MVIT.REV.ENABLE", "True", "reversible"),
        ("mae", "TEST.ENABLE", "True", "masked"),
        ("maskfeat", "AUG.MASK_WINDOW_SIZE", "[16, 7, 7]", "masked"),
        ("maskfeat", "AUG.MASK_RATIO", "0.0001", "masked"),
        ("maskfeat", "AUG.GEN_MASK_LOADER", "False", "masked"),
        ("maskfeat", "AUG.MASK_TUBE", "True", "masked"),
        ("reversible", "MVIT.REV.BUFFER_LAYERS", "[]", "reversible"),
        ("reversible", "MODEL.ACT_CHECKPOINT", "True", "reversible"),
        ("reversible", "MVIT.REV.RESPATH_FUSE", "max", "reversible"),
        ("reversible", "MVIT.REV.RESPATH_FUSE", "mean", "unknown-name"),
        ("reversible", "MVIT.REV.PRE_Q_FUSION", "mean", "unknown-name"),
        ("reversible", "MVIT.REV.RES_PATH", "avg", "unknown-name"),
        ("multigrid", "MULTIGRID.LONG_CYCLE_FACTORS", "[]", "form"),
        ("multigrid", "MULTIGRID.LONG_CYCLE_FACTORS", "[0.5, 1]", "form"),
        ("multigrid", "MULTIGRID.SHORT_CYCLE_FACTORS", "[2.0, 3.0]", "form"),
        ("multigrid", "MULTIGRID.SHORT_CYCLE_FACTORS", "[0, 0.7]", "form"),
        ("multigrid", "MULTIGRID.BN_BASE_SIZE", "0", "limit"),
        ("multigrid", "MULTIGRID.EVAL_FREQ", "0", "limit"),
        ("multigrid", "MULTIGRID.EPOCH_FACTOR", "0.001", "limit"),
        ("multigrid", "SOLVER.STEPS", "[0]", "long-cycle"),
        ("pytorchvideo", "RESNET.STRIDE_1X1", "True", "strides"),
        ("pytorchvideo", "RESNET.TRANS_FUNC", "basic_transform", "unknown-name"),
        ("pytorchvideo", "RESNET.DEPTH", "18", "unknown-name"),
        ("pytorchvideo", "MODEL.ARCH", "2d", "unknown-name"),
        ("pytorchvideo", "DATA.DECODING_BACKEND", "decord", "unknown-name"),
    ],
)
def test_what_does_not_fit_is_an_error(base: str, key: str, value: str, id_: str) -> None:
    assert (ERROR, id_) in _found(base, key, value)


@pytest.mark.parametrize(
    ("data_set", "augmented", "samples", "found"),
    [
        ("imagenet", True, 2, True),
        ("imagenet", True, 1, False),
        ("imagenet", False, 2, False),
        ("ssv2", True, 2, False),
        ("ssv2", False, 2, True),
        ("charades", True, 2, True),
        ("charades", True, 1, False),
        ("kinetics", True, 2, False),
    ],
)
def test_several_samples_need_a_data_set_that_gives_them(
    data_set: str, samples: int, *, augmented: bool, found: bool
) -> None:
    pairs = ("TRAIN.DATASET", data_set, "AUG.ENABLE", augmented, "AUG.NUM_SAMPLE", samples)
    assert ((ERROR, "repeats") in _found("augmented", *map(str, pairs))) is found


def test_masks_of_the_data_set_are_never_full() -> None:
    assert _found("maskfeat", "AUG.MASK_RATIO", "1.0") == {(WARNING, "masked")}


@pytest.mark.parametrize(("images", "level"), [(12, WARNING), (7, ERROR)])
def test_views_of_pictures_are_counted(tmp_path: Path, images: int, level: str) -> None:
    folder = tmp_path / "test/n01440764"
    folder.mkdir(parents=True)
    for number in range(images):
        (folder / f"{number}.JPEG").touch()
    text = "TRAIN: {ENABLE: False}\nTEST: {DATASET: imagenet, NUM_ENSEMBLE_VIEWS: 2, NUM_SPATIAL_CROPS: 1}"
    found = check(content.parse(f"{text}\nDATA: {{PATH_TO_DATA_DIR: {tmp_path}}}"), tmp_path)
    assert [row.level for row in found if row.id == "views"] == [level]


@pytest.mark.parametrize(
    ("boxes", "found"),
    [
        ("v1,0904,0.1,0.2,0.6,0.8,,0.97\n", False),
        ("v1,0904,0.1,0.2,0.6,0.8,,0.2\n", True),
        ("v1,0903,0.1,0.2,0.6,0.8,,0.97\n", True),
        ("v2,0904,0.1,0.2,0.6,0.8,,0.97\n", True),
        ("v1,0904,0.1,0.2,0.6,0.8,12\n", True),
    ],
)
def test_lists_of_frames_and_boxes_name_the_same_videos(
    tmp_path: Path, boxes: str, *, found: bool
) -> None:
    (tmp_path / "val.csv").write_text(
        "original_vido_id video_id frame_id path labels\nv1 0 0 a ''\n"
    )
    (tmp_path / "train.csv").write_text((tmp_path / "val.csv").read_text())
    (tmp_path / "ava_val_predicted_boxes.csv").write_text(boxes)
    (tmp_path / "ava_train_v2.2.csv").write_text("v1,0902,0.1,0.2,0.6,0.8,12,0\n")
    folders = ", ".join(f"{name}: {tmp_path}" for name in ("FRAME_LIST_DIR", "ANNOTATION_DIR"))
    text = f"AVA: {{{folders}}}\nTRAIN: {{DATASET: ava}}\nTEST: {{DATASET: ava}}"
    rows = [row.key for row in check(content.parse(text), tmp_path) if row.id == "boxes"]
    assert rows == (["AVA.TEST_PREDICT_BOX_LISTS"] if found else [])
