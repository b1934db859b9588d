"""Modules that packages on PyPI lack, written by `scripts/upload_modules.py`."""

from __future__ import annotations

from .source import Source

FILES = Source(
    "files of slowfast-1.0.tar.gz on PyPI against those of commit 287ec0076846",
    "2026-11-30",
    "measured",
)
# Modules of the package at the pinned commit.
OF_SLOWFAST = 69
SLOWFAST_LACKS = (
    "slowfast/config/custom_config.py",
    "slowfast/datasets/charades.py",
    "slowfast/datasets/imagenet.py",
    "slowfast/datasets/mixup.py",
    "slowfast/datasets/multigrid_helper.py",
    "slowfast/datasets/ptv_datasets.py",
    "slowfast/datasets/rand_augment.py",
    "slowfast/datasets/random_erasing.py",
    "slowfast/datasets/ssv2.py",
    "slowfast/models/attention.py",
    "slowfast/models/batchnorm_helper.py",
    "slowfast/models/build.py",
    "slowfast/models/common.py",
    "slowfast/models/contrastive.py",
    "slowfast/models/custom_video_model_builder.py",
    "slowfast/models/masked.py",
    "slowfast/models/operators.py",
    "slowfast/models/ptv_model_builder.py",
    "slowfast/models/reversible_mvit.py",
    "slowfast/models/utils.py",
    "slowfast/utils/benchmark.py",
    "slowfast/utils/multigrid.py",
    "slowfast/utils/parser.py",
    "slowfast/visualization/__init__.py",
    "slowfast/visualization/async_predictor.py",
    "slowfast/visualization/ava_demo_precomputed_boxes.py",
    "slowfast/visualization/demo_loader.py",
    "slowfast/visualization/gradcam_utils.py",
    "slowfast/visualization/prediction_vis.py",
    "slowfast/visualization/predictor.py",
    "slowfast/visualization/tensorboard_vis.py",
    "slowfast/visualization/utils.py",
    "slowfast/visualization/video_visualizer.py",
)
