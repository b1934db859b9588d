"""Write a checkpoint into a configuration: its path, and the type that its bytes say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.errors import StackError
from slowfast_stack.configs import content, editing, keeping
from slowfast_stack.exits import Misuse

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.getting import (
        Got,
    )

SLOWFASTS = ("pytorch", "caffe2")


def require(path: Path) -> None:
    """Raise Misuse where a file is no configuration that could be written."""
    try:
        content.load(path)
    except StackError as error:
        raise Misuse(error.what, error.why, error.next_step) from error


def write(path: Path, got: Got) -> bool:
    """Set the two keys and return whether that changed the file; comments stay.

    Raises StackError for a checkpoint that is not SlowFast's.
    """
    if got.kind.type not in SLOWFASTS:
        raise StackError(
            f"{got.path} does not belong into {path}.",
            f"It is of the type {got.kind.type}; SlowFast loads {' and '.join(SLOWFASTS)}.",
            "Name it to Detectron2, say as DEMO.DETECTRON2_WEIGHTS.",
        )
    text = path.read_text(encoding="utf-8-sig")
    values = {
        "TRAIN.CHECKPOINT_FILE_PATH": str(got.path.absolute()),
        "TRAIN.CHECKPOINT_TYPE": got.kind.type,
    }
    new = editing.set_values(text, values)
    if new == text:
        return False
    keeping.keep(path)
    keeping.write(path, new)
    return True
