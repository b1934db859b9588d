"""Every configuration file of upstream: facebookresearch/SlowFast at 287ec00, 2026-11-22."""

from __future__ import annotations

_NAMES = {
    "configs/AVA": "SLOWFAST_32x2_R50_SHORT SLOW_8x8_R50_SHORT",
    "configs/AVA/c2": (
        "SLOWFAST_32x2_R101_50_50 SLOWFAST_32x2_R101_50_50_v2.1 SLOWFAST_32x2_R50 "
        "SLOWFAST_64x2_R101_50_50 SLOW_8x8_R50"
    ),
    "configs/Charades": "SLOWFAST_16x8_R50 SLOWFAST_16x8_R50_multigrid",
    "configs/Charades/pytorchvideo": "SLOWFAST_8x8_R50 SLOW_8x8_R50",
    "configs/ImageNet": (
        "MVIT_B_16_CONV MVITv2_B MVITv2_S MVITv2_T RES_R50 REV_MVIT_B_16_CONV REV_VIT_B REV_VIT_S"
    ),
    "configs/Kinetics": (
        "C2D_8x8_R50 C2D_8x8_R50_IN1K C2D_NLN_8x8_R50 C2D_NLN_8x8_R50_IN1K I3D_8x8_R101 "
        "I3D_8x8_R50 I3D_8x8_R50_IN1K I3D_NLN_8x8_R101 I3D_NLN_8x8_R50 I3D_NLN_8x8_R50_IN1K "
        "MVIT_B_16x4_CONV MVIT_B_32x3_CONV MVITv2_B_32x3 MVITv2_L_40x3_test MVITv2_S_16x4 "
        "REV_MVIT_B_16x4_CONV SLOWFAST_4x16_R50 SLOWFAST_8x8_R50 SLOWFAST_8x8_R50_stepwise "
        "SLOWFAST_8x8_R50_stepwise_multigrid SLOWFAST_NLN_4x16_R50 SLOWFAST_NLN_8x8_R50 "
        "SLOW_4x16_R50 SLOW_8x8_R50 SLOW_NLN_4x16_R50 SLOW_NLN_8x8_R50 X3D_L X3D_M X3D_S X3D_XS"
    ),
    "configs/Kinetics/c2": (
        "C2D_NOPOOL_8x8_R50 I3D_8x8_R50 I3D_NLN_8x8_R50 SLOWFAST_16x8_R101_50_50 "
        "SLOWFAST_4x16_R50 SLOWFAST_8x8_R101_101_101 SLOWFAST_8x8_R101_50_101 "
        "SLOWFAST_8x8_R101_50_50 SLOWFAST_8x8_R50 SLOWFAST_NLN_16x8_R101_50_50 SLOW_4x16_R50 "
        "SLOW_8x8_R50"
    ),
    "configs/Kinetics/pytorchvideo": (
        "C2D_8x8_R50 CSN_32x2_R101 I3D_8x8_R50 MVIT_B_16x4_CONV R2PLUS1D_16x4_R50 "
        "SLOWFAST_16x8_R101_50_50 SLOWFAST_4x16_R50 SLOWFAST_8x8_R101 SLOWFAST_8x8_R50 "
        "SLOW_4x16_R50 SLOW_8x8_R50 X3D_L X3D_M X3D_S X3D_XS"
    ),
    "configs/SSv2": (
        "MVITv2_B_32x3 MVITv2_L_40x3 MVITv2_S_16x4 SLOWFAST_16x8_R50 SLOWFAST_16x8_R50_multigrid"
    ),
    "configs/SSv2/pytorchvideo": "SLOWFAST_8x8_R50 SLOW_8x8_R50",
    "configs/contrastive_ssl": (
        "BYOL_SlowR50_8x8 MoCo_SlowR50_8x8 SimCLR_SlowR50_8x8 SwAV_Slow_R50_8x8 "
        "finetune_SSv2_Slow_R50_syn0 finetune_SSv2_Slow_R50_syn8 finetune_ava_Slow_R50_syn0 "
        "finetune_ava_Slow_R50_syn8 finetune_ucf_Slow_R50_syn0 finetune_ucf_Slow_R50_syn8 "
        "linear_k400_Slow_8x8_R50_syn0 linear_k400_Slow_8x8_R50_syn8"
    ),
    "configs/masked_ssl": (
        "in1k_VIT_B_MaskFeat_FT in1k_VIT_B_MaskFeat_PT in1k_VIT_L_MaskFeat_FT "
        "in1k_VIT_L_MaskFeat_PT k400_MVITv2_L_16x4_FT k400_MVITv2_L_16x4_MaskFeat_PT "
        "k400_MVITv2_S_16x4_FT k400_MVITv2_S_16x4_MaskFeat_PT k400_VIT_B_16x4_FT "
        "k400_VIT_B_16x4_MAE_PT k400_VIT_H_16x4_FT k400_VIT_H_16x4_MAE_PT k400_VIT_L_16x4_FT "
        "k400_VIT_L_16x4_MAE_PT"
    ),
    "demo/AVA": "SLOWFAST_32x2_R101_50_50",
    "demo/Kinetics": "SLOWFAST_8x8_R50",
}

PATHS = tuple(f"{folder}/{name}.yaml" for folder, names in _NAMES.items() for name in names.split())


def places(name: str) -> tuple[str, ...]:
    """List where upstream has a file of this name, or of the end of a path."""
    ending = name.removesuffix(".yaml").lower()
    found = tuple(
        path for path in PATHS if f"/{path.removesuffix('.yaml')}".lower().endswith(f"/{ending}")
    )
    exact = f"configs/{ending}.yaml"  # what is below configs, not also in a folder below that
    return tuple(path for path in found if path.lower() == exact) or found
