"""Write files so that a reader sees the old one or the new one, also after a power cut."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_whole(path: Path, text: str | Iterable[str]) -> None:
    """Write a text, in pieces where it is long; the file appears whole. Raises StackError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
        fresh = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                os.fchmod(file.fileno(), 0o644)
                file.writelines([text] if isinstance(text, str) else text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink()
            raise
    except OSError as error:
        raise StackError(
            f"{path} cannot be written.", f"{error.strerror}.", "Free the place."
        ) from error
