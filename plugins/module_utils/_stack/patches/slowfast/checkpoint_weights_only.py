"""SlowFast unpickles checkpoints, results of a test, and what other ranks send."""

from __future__ import annotations

from ..model import Patch
from ..trusted_load import REASON, checkpoint_site, pickle_site, with_loaders

_PACKAGE = "slowfast.utils"

PATCH = Patch(
    id="checkpoint-weights-only",
    component="slowfast",
    title="Load files without running code of theirs; others only if their SHA-256 is trusted",
    symptom="_pickle.UnpicklingError: Weights only load failed",
    reason=REASON,
    issues=("fvcore#154",),
    sites=with_loaders(
        _PACKAGE,
        checkpoint_site("slowfast/utils/checkpoint.py", _PACKAGE, "load_checkpoint"),
        pickle_site("slowfast/utils/distributed.py", _PACKAGE),
        pickle_site("tools/visualization.py", _PACKAGE),
    ),
)
