"""Resolve the argument of ``-i`` to an inventory that exists."""

from __future__ import annotations

import difflib
from pathlib import Path

from slowfast_stack.exit_codes import UsageError

LOCAL = Path(__file__).parents[1] / "local_inventory"


def resolve(text: str | None) -> Path:
    """Return the absolute path of an inventory; without one, of this machine.

    ansible-runner takes a text that is no path for the content of an inventory, so a typing error
    would become a host of that name. Raises UsageError when there is no such file or folder.
    """
    if text is None:
        return LOCAL.resolve()
    path = Path(text).expanduser().absolute()
    if path.exists():
        return path
    raise UsageError(
        f"There is no inventory {text}.",
        f"There is neither a file nor a folder at {path}.",
        _suggestion(path),
        code="inventory.not-found",
    )


def _suggestion(path: Path) -> str:
    neighbours = [entry.name for entry in path.parent.glob("*")] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, neighbours, n=1)
    if close:
        return f"Did you mean -i {path.parent / close[0]}?"
    return "Give the path of an inventory, or omit -i to use this machine."
