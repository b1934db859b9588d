"""Fetch what another command needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    getting,
    wishes,
)
from slowfast_stack.models import progress

if TYPE_CHECKING:
    from pathlib import Path


def one(name: str, folder: Path) -> Path:
    """Return the file of a checkpoint, from the network only when it is not there already."""
    wish = wishes.wish(name, folder, None)
    with progress.shown() as started:
        return getting.get(wish, started(wish.file)).path
