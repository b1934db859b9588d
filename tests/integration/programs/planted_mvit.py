"""Wrong values of transformers, and some that only look wrong."""

from __future__ import annotations

from typing import Any

from planted_values import IMAGENET, MVIT, MVIT2, Planted

IMAGE_RESNET = "configs/ImageNet/RES_R50"
REVERSIBLE = "configs/ImageNet/REV_VIT_S"
REVERSIBLE_MVIT = "configs/Kinetics/REV_MVIT_B_16x4_CONV"
# A transformer is slow on a CPU: small clips, once each.
TINY = {
    "DATA.NUM_FRAMES": 4,
    "DATA.TRAIN_CROP_SIZE": 32,
    "DATA.TEST_CROP_SIZE": 32,
    "AUG.NUM_SAMPLE": 1,
    "MVIT.EMBED_DIM": 24,
}


def _tiny(config: str, values: dict[str, Any]) -> Planted:
    return Planted(config, TINY | values)


ROWS = (
    _tiny(MVIT, {"DATA.TEST_CROP_SIZE": 80}),
    _tiny(MVIT, {"DATA.TRAIN_CROP_SIZE": 66, "DATA.TEST_CROP_SIZE": 66}),
    _tiny(MVIT2, {"DATA.TRAIN_CROP_SIZE": 72, "DATA.TEST_CROP_SIZE": 72}),
    _tiny(MVIT, {"DATA.NUM_FRAMES": 15}),
    _tiny(MVIT, {"DATA.NUM_FRAMES": 1}),
    _tiny(MVIT2, {"DATA.NUM_FRAMES": 15}),
    _tiny(MVIT, {"MVIT.DEPTH": 12}),
    _tiny(MVIT, {"MVIT.DEPTH": 0}),
    _tiny(MVIT2, {"MVIT.DEPTH": 12}),
    _tiny(MVIT, {"MVIT.DIM_MUL": [[1]]}),
    _tiny(MVIT, {"MVIT.DIM_MUL": [[17, 2.0]]}),
    _tiny(MVIT, {"MVIT.HEAD_MUL": [[1, 2.0], [3, 2.0], [20, 2.0]]}),
    _tiny(MVIT, {"MVIT.NUM_HEADS": 5}),
    _tiny(MVIT, {"MVIT.EMBED_DIM": 0}),
    _tiny(MVIT, {"MVIT.MLP_RATIO": -1.0}),
    _tiny(MVIT, {"MVIT.DROPPATH_RATE": 1.0}),
    _tiny(MVIT, {"MVIT.DROPPATH_RATE": 1.5}),
    _tiny(MVIT, {"MVIT.DROPOUT_RATE": 2.0}),
    _tiny(MVIT, {"MVIT.DROPOUT_RATE": -1.0}),
    _tiny(MVIT, {"MVIT.POOL_Q_STRIDE": [[1, 1, 2]]}),
    _tiny(MVIT, {"MVIT.POOL_Q_STRIDE": [[16, 1, 2, 2]]}),
    _tiny(MVIT, {"MVIT.POOL_Q_STRIDE": [[1, 0, 2, 2]]}),
    _tiny(MVIT, {"MVIT.POOL_KVQ_KERNEL": [3, 3]}),
    _tiny(MVIT, {"MVIT.POOL_KVQ_KERNEL": 3}),
    _tiny(MVIT, {"MVIT.POOL_KVQ_KERNEL": [2, 2, 2]}),
    _tiny(MVIT, {"MVIT.POOL_KV_STRIDE_ADAPTIVE": [1, 8]}),
    _tiny(MVIT, {"MVIT.POOL_KV_STRIDE_ADAPTIVE": 8}),
    _tiny(MVIT, {"MVIT.POOL_KV_STRIDE_ADAPTIVE": None, "MVIT.POOL_KV_STRIDE": [[20, 1, 2, 2]]}),
    _tiny(MVIT, {"MVIT.POOL_KV_STRIDE_ADAPTIVE": None, "MVIT.POOL_KV_STRIDE": [[1, 2, 2]]}),
    _tiny(MVIT, {"MVIT.POOL_KV_STRIDE_ADAPTIVE": [1, 0, 0]}),
    _tiny(MVIT, {"MVIT.PATCH_KERNEL": [3, 7]}),
    _tiny(MVIT, {"MVIT.PATCH_STRIDE": [2, 4]}),
    _tiny(MVIT, {"MVIT.PATCH_STRIDE": [3, 4, 4]}),
    _tiny(MVIT, {"MVIT.PATCH_PADDING": [1, 0, 0]}),
    _tiny(MVIT, {"MVIT.PATCH_PADDING": [1, 3]}),
    _tiny(MVIT, {"MVIT.PATCH_2D": True}),
    _tiny(MVIT, {"MVIT.PATCH_STRIDE": [2, 0, 4]}),
    _tiny(MVIT, {"MVIT.PATCH_KERNEL": [3, 70, 70]}),
    _tiny(MVIT, {"MVIT.MODE": "mean"}),
    _tiny(MVIT, {"MVIT.MODE": "avg"}),
    _tiny(MVIT, {"MVIT.MODE": "conv_unshared"}),
    _tiny(MVIT2, {"MVIT.MODE": "conv_unshared"}),
    _tiny(MVIT, {"MVIT.USE_FIXED_SINCOS_POS": True}),
    _tiny(MVIT, {"MVIT.USE_FIXED_SINCOS_POS": True, "MVIT.SEP_POS_EMBED": False}),
    _tiny(MVIT, {"MVIT.USE_FIXED_SINCOS_POS": True, "MVIT.USE_ABS_POS": False}),
    _tiny(
        MVIT, {"MVIT.EMBED_DIM": 98, "MVIT.SEP_POS_EMBED": False, "MVIT.USE_FIXED_SINCOS_POS": True}
    ),
    _tiny(MVIT, {"DETECTION.ENABLE": True}),
    _tiny(MVIT, {"CONTRASTIVE.NUM_MLP_LAYERS": 2}),
    _tiny(MVIT, {"MODEL.DROPOUT_RATE": 1.5}),
    _tiny(MVIT, {"MODEL.NUM_CLASSES": 0}),
    _tiny(MVIT, {"MVIT.REV.ENABLE": True}),
    Planted(REVERSIBLE, {"MVIT.REV.RESPATH_FUSE": "mean"}),
    Planted(REVERSIBLE, {"MVIT.REV.RESPATH_FUSE": "max"}),
    _tiny(REVERSIBLE_MVIT, {"MVIT.REV.PRE_Q_FUSION": "foo"}),
    _tiny(REVERSIBLE_MVIT, {"MVIT.REV.BUFFER_LAYERS": []}),
    _tiny(REVERSIBLE_MVIT, {"MVIT.REV.BUFFER_LAYERS": [1]}),
    _tiny(REVERSIBLE_MVIT, {"MVIT.REV.BUFFER_LAYERS": [1, 3, 40]}),
    _tiny(REVERSIBLE_MVIT, {"MVIT.REV.RES_PATH": "foo"}),
    _tiny(REVERSIBLE_MVIT, {"DETECTION.ENABLE": True}),
    Planted(REVERSIBLE, {"MVIT.DIM_MUL": [[1, 2.0]]}),
    Planted(REVERSIBLE, {"MVIT.PATCH_2D": False}),
    Planted(REVERSIBLE, {"MVIT.PATCH_KERNEL": [1, 16, 16]}),
    Planted(REVERSIBLE, {"AUG.ENABLE": False}),
    Planted(IMAGENET, {"AUG.ENABLE": False}),
    Planted(IMAGENET, {"AUG.ENABLE": False, "MIXUP.ENABLE": False}),
    Planted(IMAGE_RESNET, {"DATA.TRAIN_JITTER_SCALES_RELATIVE": []}),
    Planted(IMAGE_RESNET, {"DATA.NUM_FRAMES": 8}),
    Planted(IMAGE_RESNET, {"DATA.TRAIN_PCA_EIGVAL": [0.2]}),
    Planted(IMAGENET, {"DATA.IN_VAL_CROP_RATIO": -1.0}),
    Planted(IMAGE_RESNET, {"TEST.NUM_ENSEMBLE_VIEWS": 2}),
)
