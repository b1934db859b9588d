"""Write a checkpoint into a configuration: its path, and the type that its bytes have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import (
    atomic_write,
    keep_original,
)
from slowfast_stack.config import content, yaml_edit
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.fetch import (
        Checkpoint,
    )

SLOWFASTS = ("pytorch", "caffe2")


def require(path: Path) -> None:
    """Raise UsageError where a file is no configuration."""
    try:
        content.load(path)
    except StackError as error:
        raise UsageError(error.message, error.cause, error.hint, code=error.code) from error


def write(path: Path, got: Checkpoint) -> bool:
    """Set the two keys and return whether that changed the file; comments are preserved.

    Raises StackError for a checkpoint that SlowFast cannot load.
    """
    if got.kind.type not in SLOWFASTS:
        raise StackError(
            f"{got.path} cannot be used in {path}.",
            f"It is of the type {got.kind.type}; SlowFast loads {' and '.join(SLOWFASTS)}.",
            "Detectron2 loads it, for example as DEMO.DETECTRON2_WEIGHTS.",
            code="checkpoint.other-type",
        )
    text = path.read_text(encoding="utf-8-sig")
    values = {
        "TRAIN.CHECKPOINT_FILE_PATH": str(got.path.absolute()),
        "TRAIN.CHECKPOINT_TYPE": got.kind.type,
    }
    new = yaml_edit.set_values(text, values)
    if new == text:
        return False
    keep_original(path)
    atomic_write(path, new)
    return True
