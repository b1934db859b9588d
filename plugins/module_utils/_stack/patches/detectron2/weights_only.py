"""Detectron2 unpickles checkpoints and proposals."""

from __future__ import annotations

from ..model import Patch
from ..trusted_load import REASON, checkpoint_site, pickle_site, with_loaders

_PACKAGE = "detectron2.utils"

PATCH = Patch(
    id="detectron2-weights-only",
    component="detectron2",
    title="Load files without running code of theirs; others only if their SHA-256 is trusted",
    symptom="_pickle.UnpicklingError: Weights only load failed",
    reason=REASON,
    issues=("D2#5456", "fvcore#154"),
    sites=with_loaders(
        _PACKAGE,
        checkpoint_site(
            "detectron2/checkpoint/detection_checkpoint.py",
            _PACKAGE,
            "DetectionCheckpointer._load_file",
        ),
        pickle_site("detectron2/data/build.py", _PACKAGE),
    ),
)
