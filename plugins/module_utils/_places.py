"""Where this project keeps files of the user who runs it, after the XDG convention."""

from __future__ import annotations

import os
from pathlib import Path

_NAME = "slowfast-stack"
SYSTEM_CONFIG = Path("/etc") / _NAME


def state_folder() -> Path:
    """Return the folder of logs and of what was seen before."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / _NAME


def config_folder() -> Path:
    """Return the folder of what the user decides, such as whom to trust."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / _NAME
