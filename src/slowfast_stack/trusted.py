"""Decide whether a checkpoint may be loaded: by what it holds, or by a SHA-256 that the user trusts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.formats import (
        Kind,
    )

# The loaders of a patched source tree read the same variable.
VARIABLE = "SLOWFAST_TRUSTED_SHA256"


def refusal(path: Path, kind: Kind) -> str:
    """Return why a checkpoint is refused; empty where it may be loaded."""
    if not kind.refusal or not kind.suspicious:
        return kind.refusal
    allowed = os.environ.get(VARIABLE, "")
    return "" if allowed and sha256_of(path) in allowed.split(",") else kind.refusal
