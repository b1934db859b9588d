"""torch 2.6 refuses checkpoints of Detectron2 that hold NumPy values or a configuration."""

from __future__ import annotations

from ..trusted_load import weights_only_patch

PATCH = weights_only_patch(
    "detectron2-weights-only",
    "detectron2",
    "detectron2/checkpoint/detection_checkpoint.py",
    "DetectionCheckpointer._load_file",
)
