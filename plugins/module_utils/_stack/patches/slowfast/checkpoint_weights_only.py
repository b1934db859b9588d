"""torch 2.6 refuses checkpoints of SlowFast that hold NumPy values or a configuration."""

from __future__ import annotations

from ..trusted_load import weights_only_patch

PATCH = weights_only_patch(
    "checkpoint-weights-only", "slowfast", "slowfast/utils/checkpoint.py", "load_checkpoint"
)
