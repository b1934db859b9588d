"""Write configurations so that each is whole, and the original of a changed one stays beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def keep(path: Path) -> None:
    """Leave a copy of a file beside it, as ``NAME.before``."""
    path.with_name(f"{path.name}.before").write_bytes(path.read_bytes())


def write(path: Path, text: str) -> None:
    """Put a text at ``path``; a reader sees the old file or the new one."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
