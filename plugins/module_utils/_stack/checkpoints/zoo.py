"""The checkpoints of upstream, one row each.

Read in MODEL_ZOO.md and projects/*/README.md of facebookresearch/SlowFast at 287ec00, checked
2026-11-22; corrected where upstream's tables slip (a note says so). ``kind`` is what upstream's
texts let expect; what a file is, only its bytes say (``kinds.py``): models get looks.
"""

from __future__ import annotations

from typing import NamedTuple

HOST = "https://dl.fbaipublicfiles.com"


class Model(NamedTuple):
    """A checkpoint; ``score`` is top-1 accuracy in percent, for AVA and Charades mAP.

    Models learnt by contrast are scored with a linear layer on Kinetics-400, masked ones after
    fine-tuning.
    """

    id: str
    config: str
    data: str
    clip: str
    backbone: str
    score: str
    kind: str
    url: str
    note: str = ""


# Folder, expected kind, folder of the configs, data set; then a line for each file: file, config,
# frames x stride, reported score, backbone.
_ROWS = {
    ("pyslowfast/model_zoo/kinetics400", "caffe2", "Kinetics/c2", "Kinetics-400"): """
    C2D_NOPOOL_8x8_R50.pkl C2D_NOPOOL_8x8_R50 8x8  67.2 C2D R50
    I3D_8x8_R50.pkl        I3D_8x8_R50        8x8  73.5 I3D R50
    I3D_NLN_8x8_R50.pkl    I3D_NLN_8x8_R50    8x8  74.0 I3D NLN R50
    SLOWONLY_4x16_R50.pkl  SLOW_4x16_R50      4x16 72.7 Slow R50
    SLOWONLY_8x8_R50.pkl   SLOW_8x8_R50       8x8  74.8 Slow R50
    SLOWFAST_4x16_R50.pkl  SLOWFAST_4x16_R50  4x16 75.6 SlowFast R50
    SLOWFAST_8x8_R50.pkl   SLOWFAST_8x8_R50   8x8  77.0 SlowFast R50
    """,
    ("pyslowfast/rev", "pytorch", "Kinetics", "Kinetics-400"): """
    REV_MVIT_B_16x4.pyth REV_MVIT_B_16x4_CONV 16x4 78.4 rev-MViT B-Conv
    """,
    ("pyslowfast/rev", "pytorch", "ImageNet", "ImageNet-1K"): """
    REV_VIT_S.pyth  REV_VIT_S          - 79.9 rev-VIT Small
    REV_VIT_B.pyth  REV_VIT_B          - 81.8 rev-VIT Base
    REV_MVIT_B.pyth REV_MVIT_B_16_CONV - 82.9 rev-MVIT Base
    """,
    ("pyslowfast/model_zoo/mvit", "pytorch", "Kinetics", "Kinetics-400"): """
    k400.pyth MVIT_B_32x3_CONV 32x3 80.4 MViTv1 B-Conv
    """,
    ("pyslowfast/model_zoo/mvit", "pytorch", "Kinetics", "Kinetics-600"): """
    k600.pyth MVIT_B_32x3_CONV 32x3 83.9 MViTv1 B-Conv
    """,
    ("pyslowfast/model_zoo/mvitv2/pysf_video_models", "pytorch", "Kinetics", "Kinetics-400"): """
    MViTv2_S_16x4_k400_f302660347.pyth MVITv2_S_16x4      16x4 81.0 MViTv2 S
    MViTv2_B_32x3_k400_f304025456.pyth MVITv2_B_32x3      32x3 82.9 MViTv2 B
    MViTv2_L_40x3_k400_f306903192.pyth MVITv2_L_40x3_test 40x3 86.1 MViTv2-L
    """,
    ("pyslowfast/model_zoo/mvitv2/pysf_video_models", "pytorch", "SSv2", "SSv2"): """
    MViTv2_S_16x4_ssv2_f308341823.pyth MVITv2_S_16x4 16x4 68.2 MViTv2-S
    MViTv2_B_32x3_ssv2_f305803282.pyth MVITv2_B_32x3 32x3 70.5 MViTv2-B
    MViTv2_L_40x3_ssv2_f309603968.pyth MVITv2_L_40x3 40x3 73.3 MViTv2-L
    """,
    ("pyslowfast/x3d_models", "pytorch", "Kinetics", "Kinetics-400"): """
    x3d_xs.pyth X3D_XS 4x12 69.5 X3D XS
    x3d_s.pyth  X3D_S  13x6 73.5 X3D S
    x3d_m.pyth  X3D_M  16x5 76.2 X3D M
    x3d_l.pyth  X3D_L  16x5 77.5 X3D L
    """,
    ("pyslowfast/model_zoo/ava", "pytorch", "AVA/c2", "AVA v2.2"): """
    C2D_8x8_R50.pkl              SLOW_8x8_R50             4x16 19.5 Slow R50
    SLOWFAST_32x2_R101_50_50.pkl SLOWFAST_32x2_R101_50_50 8x8  29.1 SlowFast R101
    SLOWFAST_64x2_R101_50_50.pkl SLOWFAST_64x2_R101_50_50 16x8 29.4 SlowFast R101
    """,
    ("pyslowfast/model_zoo/ava", "pytorch", "AVA/c2", "AVA v2.1"): """
    SLOWFAST_32x2_R101_50_50_v2.1.pkl SLOWFAST_32x2_R101_50_50_v2.1 8x8 28.2 SlowFast R101
    """,
    (
        "pyslowfast/pyslowfast/model_zoo/multigrid/model_zoo/Kinetics",
        "pytorch",
        "Kinetics",
        "Kinetics-400",
    ): """
    SLOWFAST_8x8_R50_stepwise.pkl SLOWFAST_8x8_R50_stepwise 8x8 76.8 SlowFast R50
   SLOWFAST_8x8_R50_stepwise_multigrid.pkl SLOWFAST_8x8_R50_stepwise_multigrid 8x8 76.6 SlowFast R50
    """,
    ("pyslowfast/pyslowfast/model_zoo/multigrid/model_zoo/SSv2", "pytorch", "SSv2", "SSv2"): """
    SLOWFAST_16x8_R50.pkl           SLOWFAST_16x8_R50           16x8 63.0 SlowFast R50
    SLOWFAST_16x8_R50_multigrid.pkl SLOWFAST_16x8_R50_multigrid 16x8 63.5 SlowFast R50
    """,
    (
        "pyslowfast/pyslowfast/model_zoo/multigrid/model_zoo/Charades",
        "pytorch",
        "Charades",
        "Charades",
    ): """
    SLOWFAST_16x8_R50.pkl           SLOWFAST_16x8_R50           16x8 38.9 SlowFast R50
    SLOWFAST_16x8_R50_multigrid.pkl SLOWFAST_16x8_R50_multigrid 16x8 38.6 SlowFast R50
    """,
    ("pyslowfast/model_zoo/kinetics400", "pytorch", "ImageNet", "ImageNet-1K"): """
    R50_IN1K.pyth RES_R50 - 76.4 ResNet R50
    """,
    ("pyslowfast/videomoco_models", "pytorch", "contrastive_ssl", "Kinetics-400"): """
    MoCo_SlowR50_8x8_T2_epoch_00200.pyth   MoCo_SlowR50_8x8   8x8  66.6 Slow R50 (MoCo, rho 2)
    BYOL_SlowR50_8x8_T2_epoch_00200.pyth   BYOL_SlowR50_8x8   8x8  67.4 Slow R50 (BYOL, rho 2)
    SimCLR_SlowR50_8x8_T2_epoch_00200.pyth SimCLR_SlowR50_8x8 8x8  61.5 Slow R50 (SimCLR, rho 2)
    SwAV_SlowR50_8x8_T2_epoch_00200.pyth   SwAV_Slow_R50_8x8  8x8  62.6 Slow R50 (SwAV, rho 2)
    MoCo_SlowR50_8x8_T4_epoch_00200.pyth   MoCo_SlowR50_8x8   8x8  71.0 Slow R50 (MoCo, rho 4)
    BYOL_SlowR50_8x8_T4_epoch_00200.pyth   BYOL_SlowR50_8x8   8x8  70.1 Slow R50 (BYOL, rho 4)
    BYOL_SlowR50_16x4_T4_epoch_00200.pyth  BYOL_SlowR50_8x8   16x4 71.1 Slow R50 (BYOL, rho 4)
    """,
    ("pyslowfast/masked_models", "pytorch", "masked_ssl", "Kinetics-400"): """
    VIT_B_16x4_MAE_PT.pyth                   k400_VIT_B_16x4_MAE_PT         16x4 81.3 ViT-B
    VIT_L_16x4_MAE_PT.pyth                   k400_VIT_L_16x4_MAE_PT         16x4 84.8 ViT-L
    VIT_H_16x4_MAE_PT_400e_85.1.pyth         k400_VIT_H_16x4_MAE_PT         16x4 85.1 ViT-H
    k400_MVIT_S_MaskFeat_PT_epoch_00300.pyth k400_MVITv2_S_16x4_MaskFeat_PT 16x4 82.2 MViT-S
    k400_MVIT_L_MaskFeat_PT_epoch_00800.pyth k400_MVITv2_L_16x4_MaskFeat_PT 16x4 84.3 MViT-L
    """,
    ("pyslowfast/masked_models", "pytorch", "masked_ssl", "ImageNet-1K"): """
    in1k_VIT_B_MaskFeat_PT_epoch_01600.pyth in1k_VIT_B_MaskFeat_PT - 84.0 ViT-B
    in1k_VIT_L_MaskFeat_PT_epoch_01600.pyth in1k_VIT_L_MaskFeat_PT - 85.7 ViT-L
    """,
    ("mvit/mvitv2_models", "pytorch", "ImageNet", "ImageNet-1K"): """
    MViTv2_T_in1k.pyth MVITv2_T - 82.3 MViTv2-T
    MViTv2_S_in1k.pyth MVITv2_S - 83.6 MViTv2-S
    MViTv2_B_in1k.pyth MVITv2_B - 84.4 MViTv2-B
    """,
    (
        "pytorchvideo/pysf_model_zoo/kinetics",
        "pytorch",
        "Kinetics/pytorchvideo",
        "Kinetics-400",
    ): """
    C2D_8x8_R50.pyth              C2D_8x8_R50              8x8  71.46 C2D R50
    I3D_8x8_R50.pyth              I3D_8x8_R50              8x8  73.27 I3D R50
    SLOW_4x16_R50.pyth            SLOW_4x16_R50            4x16 72.40 Slow R50
    SLOW_8x8_R50.pyth             SLOW_8x8_R50             8x8  74.58 Slow R50
    SLOWFAST_4x16_R50.pyth        SLOWFAST_4x16_R50        4x16 75.34 SlowFast R50
    SLOWFAST_8x8_R50.pyth         SLOWFAST_8x8_R50         8x8  76.94 SlowFast R50
    SLOWFAST_8x8_R101.pyth        SLOWFAST_8x8_R101        8x8  77.90 SlowFast R101
    SLOWFAST_16x8_R101_50_50.pyth SLOWFAST_16x8_R101_50_50 16x8 78.70 SlowFast R101
    CSN_32x2_R101.pyth            CSN_32x2_R101            32x2 77.00 CSN R101
    R2PLUS1D_16x4_R50.pyth        R2PLUS1D_16x4_R50        16x4 76.01 R(2+1)D R50
    X3D_XS.pyth                   X3D_XS                   4x12 69.12 X3D XS
    X3D_S.pyth                    X3D_S                    13x6 73.33 X3D S
    X3D_M.pyth                    X3D_M                    16x5 75.94 X3D M
    X3D_L.pyth                    X3D_L                    16x5 77.44 X3D L
    """,
    ("pytorchvideo/pysf_model_zoo/ssv2", "pytorch", "SSv2/pytorchvideo", "SSv2"): """
    SLOW_8x8_R50.pyth     SLOW_8x8_R50     8x8 60.04 Slow R50
    SLOWFAST_8x8_R50.pyth SLOWFAST_8x8_R50 8x8 61.68 SlowFast R50
    """,
    ("pyslowfast/model_zoo/ava/pretrain", "caffe2", "AVA/c2", "Kinetics-400"): """
    C2D_8x8_R50.pkl SLOW_8x8_R50 4x16 - Slow R50
    """,
    ("pyslowfast/model_zoo/ava/pretrain", "caffe2", "AVA/c2", "Kinetics-600"): """
    SLOWFAST_32x2_R101_50_50_v2.1.pkl SLOWFAST_32x2_R101_50_50_v2.1 8x8  - SlowFast R101
    SLOWFAST_32x2_R101_50_50.pkl      SLOWFAST_32x2_R101_50_50      8x8  - SlowFast R101
    SLOWFAST_64x2_R101_50_50.pkl      SLOWFAST_64x2_R101_50_50      16x8 - SlowFast R101
    """,
}
_NOTES = {
    "mvit/k600.pyth": (
        "Upstream names a config MVIT_B_32x3_CONV_K600 that it does not have: set NUM_CLASSES 600."
    ),
    "ssv2/SLOW_8x8_R50.pyth": "Upstream links this file for Charades (34.72 mAP) too.",
    "ssv2/SLOWFAST_8x8_R50.pyth": "Upstream links this file for Charades (37.24 mAP) too.",
}
# Checkpoints that are stored elsewhere.
_OTHERS = (
    Model(
        "drive/MVIT_B_16x4_CONV.pyth",
        "Kinetics/MVIT_B_16x4_CONV",
        "Kinetics-400",
        "16x4",
        "MViTv1 B-Conv",
        "78.4",
        "pytorch",
        "https://drive.google.com/file/d/194gJinVejq6A1FmySNKQ8vAN5-FOY-QL",
        note="On Google Drive: fetch it with a browser.",
    ),
    Model(
        "drive/MVIT_B_16_CONV.pyth",
        "ImageNet/MVIT_B_16_CONV",
        "ImageNet-1K",
        "",
        "MVIT B-16-Conv",
        "82.9",
        "pytorch",
        "https://drive.google.com/file/d/1dYYqUB-3DSgBVc9d6o-rW8ojtVsrFLgp",
        note="On Google Drive: fetch it with a browser.",
    ),
    Model(
        "detectron2/faster_rcnn_R_50_FPN_3x.pkl",
        "",
        "COCO",
        "",
        "Faster R-CNN R50-FPN",
        "",
        "detectron2",
        f"{HOST}/detectron2/COCODetection/faster_rcnn_R_50_FPN_3x/137849458/model_final_280758.pkl",
        note="Finds the persons in the demo.",
    ),
)


def _models() -> tuple[Model, ...]:
    listed = [
        _model(f"{HOST}/{folder}", kind, configs, data, line.split(maxsplit=4))
        for (folder, kind, configs, data), rows in _ROWS.items()
        for line in rows.strip().splitlines()
    ]
    return (*listed, *_OTHERS)


def _model(folder: str, kind: str, configs: str, data: str, row: list[str]) -> Model:
    file, config, clip, score, backbone = ("" if cell == "-" else cell for cell in row)
    name = f"{folder.rpartition('/')[2]}/{file}"
    return Model(
        id=name,
        config=f"{configs}/{config}",
        data=data,
        clip=clip,
        backbone=backbone,
        score=score,
        kind=kind,
        url=f"{folder}/{file}",
        note=_NOTES.get(name, ""),
    )


MODELS = _models()


def find(text: str) -> tuple[Model, ...]:
    """List the models that a text names: an id, a URL, a config, a file name or its stem."""
    wanted = text.removesuffix(".yaml").removeprefix("configs/").lower()
    exact = [model for model in MODELS if wanted in (model.id.lower(), model.url.lower())]
    return tuple(exact or [model for model in MODELS if wanted in _names(model)])


def _names(model: Model) -> set[str]:
    file = model.id.rpartition("/")[2].lower()
    config = model.config.lower()
    stem = model.id.lower().rpartition(".")[0]
    return {file, file.rpartition(".")[0], stem, config, config.rpartition("/")[2]} - {""}
