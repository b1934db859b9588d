"""Fetch what another command needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    fetch,
    requests,
)
from slowfast_stack.ui import download_progress

if TYPE_CHECKING:
    from pathlib import Path


def one(name: str, folder: Path) -> Path:
    """Return the file of a checkpoint, from the network only when it is not there already."""
    wish = requests.wish(name, folder, None)
    with download_progress.shown() as started:
        return fetch.get(wish, started(wish.file)).path
