"""Wrong values to plant into configurations that run: the check has to find each."""

from __future__ import annotations

from typing import Any, NamedTuple

KINETICS = "configs/Kinetics/SLOWFAST_4x16_R50"
SLOW = "configs/Kinetics/SLOW_8x8_R50"
X3D = "configs/Kinetics/X3D_XS"
MVIT = "configs/Kinetics/MVIT_B_16x4_CONV"
MVIT2 = "configs/Kinetics/MVITv2_S_16x4"
AVA = "configs/AVA/SLOWFAST_32x2_R50_SHORT"
SSV2 = "configs/contrastive_ssl/finetune_SSv2_Slow_R50_syn0"
CHARADES = "configs/Charades/SLOWFAST_16x8_R50"
IMAGENET = "configs/ImageNet/MVITv2_T"
MASKED = "configs/masked_ssl/k400_VIT_B_16x4_MAE_PT"
NON_LOCAL = "configs/Kinetics/SLOW_NLN_8x8_R50"


class Planted(NamedTuple):
    """A configuration and what is planted into it."""

    config: str
    values: dict[str, Any]


ROWS = (
    Planted(KINETICS, {"MODEL.MODEL_NAME": "SlowFastt"}),
    Planted(KINETICS, {"MODEL.ARCH": "slowonly"}),
    Planted(KINETICS, {"MODEL.ARCH": "slow"}),
    Planted(KINETICS, {"TRAIN.DATASET": "kinetics400"}),
    Planted(KINETICS, {"TEST.DATASET": "kinetic"}),
    Planted(KINETICS, {"DATA.DECODING_BACKEND": "decord"}),
    Planted(KINETICS, {"MODEL.LOSS_FUNC": "crossentropy"}),
    Planted(KINETICS, {"SOLVER.OPTIMIZING_METHOD": "lamb"}),
    Planted(KINETICS, {"SOLVER.LR_POLICY": "linear"}),
    Planted(KINETICS, {"BN.NORM_TYPE": "groupnorm"}),
    Planted(KINETICS, {"BN.NORM_TYPE": "sync_batchnorm_apex"}),
    Planted(KINETICS, {"BN.NORM_TYPE": "sync_batchnorm", "BN.NUM_SYNC_DEVICES": 8}),
    Planted(KINETICS, {"BN.NORM_TYPE": "sync_batchnorm", "BN.GLOBAL_SYNC": True}),
    Planted(KINETICS, {"BN.NORM_TYPE": "sub_batchnorm", "BN.NUM_SPLITS": 3}),
    Planted(KINETICS, {"BN.NORM_TYPE": "sub_batchnorm", "BN.NUM_SPLITS": 2}),
    Planted(KINETICS, {"MODEL.HEAD_ACT": "relu"}),
    Planted(X3D, {"MODEL.HEAD_ACT": "none"}),
    Planted(KINETICS, {"MODEL.HEAD_ACT": "none"}),
    Planted(KINETICS, {"RESNET.TRANS_FUNC": "bottleneck"}),
    Planted(KINETICS, {"RESNET.DEPTH": 34}),
    Planted(KINETICS, {"RESNET.DEPTH": 152}),
    Planted(KINETICS, {"RESNET.NUM_GROUPS": 5}),
    Planted(KINETICS, {"MODEL.LOSS_FUNC": "bce"}),
    Planted(KINETICS, {"MODEL.LOSS_FUNC": "bce_logit"}),
    Planted(KINETICS, {"MODEL.LOSS_FUNC": "mse"}),
    Planted(KINETICS, {"MODEL.LOSS_FUNC": "multi_mse"}),
    Planted(KINETICS, {"MODEL.LOSS_FUNC": "contrastive_loss"}),
    Planted(KINETICS, {"MODEL.LOSS_FUNC": "soft_cross_entropy"}),
    Planted(KINETICS, {"DATA.MULTI_LABEL": True}),
    Planted(KINETICS, {"MODEL.NUM_CLASSES": 3}),
    Planted(KINETICS, {"MODEL.NUM_CLASSES": 1}),
    Planted(KINETICS, {"DETECTION.ENABLE": True}),
    Planted(KINETICS, {"SLOWFAST.ALPHA": 5}),
    Planted(KINETICS, {"DATA.INPUT_CHANNEL_NUM": [3]}),
    Planted(SLOW, {"DATA.INPUT_CHANNEL_NUM": [3, 3]}),
    Planted(KINETICS, {"DATA.TRAIN_CROP_NUM_TEMPORAL": 2, "DATA.DECODING_BACKEND": "pyav"}),
    Planted(KINETICS, {"SOLVER.COSINE_END_LR": 1.0}),
    Planted(KINETICS, {"SOLVER.WARMUP_EPOCHS": 5.0}),
    Planted(KINETICS, {"SOLVER.WARMUP_EPOCHS": 1.0, "SOLVER.COSINE_AFTER_WARMUP": True}),
    Planted(KINETICS, {"SOLVER.LR_POLICY": "steps_with_relative_lrs"}),
    Planted(
        KINETICS,
        {"SOLVER.LR_POLICY": "steps_with_relative_lrs", "SOLVER.STEPS": [0], "SOLVER.LRS": []},
    ),
    Planted(KINETICS, {"SOLVER.LAYER_DECAY": 0.5}),
    Planted(KINETICS, {"SOLVER.LAYER_DECAY": 0.0}),
    Planted(KINETICS, {"SOLVER.OPTIMIZING_METHOD": "mt_adamw"}),
    Planted(KINETICS, {"TRAIN.BATCH_SIZE": 64}),
    Planted(KINETICS, {"MULTIGRID.SHORT_CYCLE": True, "TRAIN.BATCH_SIZE": 8}),
    Planted(KINETICS, {"MULTIGRID.SHORT_CYCLE": True, "TRAIN.BATCH_SIZE": 1}),
    Planted(KINETICS, {"MULTIGRID.LONG_CYCLE": True}),
    Planted(KINETICS, {"NUM_GPUS": 8, "TRAIN.BATCH_SIZE": 8, "TEST.BATCH_SIZE": 8}),
    Planted(KINETICS, {"TRAIN.CHECKPOINT_TYPE": "caffe"}),
    Planted(KINETICS, {"TEST.CHECKPOINT_FILE_PATH": "nowhere.pyth"}),
    Planted(KINETICS, {"DATA.PATH_TO_DATA_DIR": "/nowhere"}),
    Planted(KINETICS, {"DATA.PATH_PREFIX": "nowhere"}),
    Planted(KINETICS, {"DATA.PATH_LABEL_SEPARATOR": ","}),
    Planted(KINETICS, {"DATA.ENSEMBLE_METHOD": "mean"}),
    Planted(KINETICS, {"TRAIN.ENABLE": False}),
    Planted(KINETICS, {"NONLOCAL.INSTANTIATION": "gaussian"}),
    Planted(
        KINETICS,
        {
            "NONLOCAL.LOCATION": [[[], []], [[1], []], [[], []], [[], []]],
            "NONLOCAL.INSTANTIATION": "gaussian",
        },
    ),
    Planted(KINETICS, {"AUG.ENABLE": True, "AUG.AA_TYPE": "augmix"}),
    Planted(KINETICS, {"MIXUP.ENABLE": True}),
    Planted(MVIT, {"MIXUP.ENABLE": True, "TRAIN.BATCH_SIZE": 1, "AUG.NUM_SAMPLE": 1}),
    Planted(MVIT, {"MODEL.LOSS_FUNC": "bce"}),
    Planted(MVIT, {"MODEL.LOSS_FUNC": "bce_logit"}),
    Planted(MVIT2, {"MVIT.NORM": "batchnorm"}),
    Planted(MVIT2, {"MODEL.HEAD_ACT": "gelu"}),
    Planted(MVIT2, {"MODEL.MODEL_NAME": "MVIT"}),
    Planted(AVA, {"DETECTION.ENABLE": False}),
    Planted(AVA, {"MODEL.LOSS_FUNC": "cross_entropy"}),
    Planted(AVA, {"MODEL.HEAD_ACT": "softmax"}),
    Planted(AVA, {"MODEL.HEAD_ACT": "none"}),
    Planted(AVA, {"MODEL.LOSS_FUNC": "bce_logit"}),
    Planted(AVA, {"MODEL.NUM_CLASSES": 5}),
    Planted(AVA, {"AVA.FRAME_DIR": "/nowhere"}),
    Planted(CHARADES, {"DATA.MULTI_LABEL": False}),
    Planted(CHARADES, {"MODEL.LOSS_FUNC": "cross_entropy"}),
    Planted(CHARADES, {"MODEL.LOSS_FUNC": "bce"}),
    Planted(CHARADES, {"MODEL.NUM_CLASSES": 4}),
    Planted(CHARADES, {"TEST.NUM_ENSEMBLE_VIEWS": 1}),
    Planted(CHARADES, {"DATA.PATH_TO_DATA_DIR": "/nowhere"}),
    Planted(CHARADES, {"DATA.PATH_PREFIX": "/nowhere"}),
    Planted("configs/contrastive_ssl/MoCo_SlowR50_8x8", {"CONTRASTIVE.KNN_ON": True}),
    Planted(SSV2, {"DATA.PATH_TO_DATA_DIR": "/nowhere"}),
    Planted(SSV2, {"DATA.PATH_PREFIX": "/nowhere"}),
    Planted(IMAGENET, {"DATA.PATH_TO_DATA_DIR": "/nowhere"}),
    Planted(IMAGENET, {"MODEL.NUM_CLASSES": 5}),
    Planted(MASKED, {"MODEL.LOSS_FUNC": "cross_entropy"}),
)
