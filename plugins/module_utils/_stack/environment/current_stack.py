"""Which stack of a prefix is current, and which were before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..core import notices, saved
from ..core.errors import StackError

CURRENT = "current"
HISTORY, SCHEMA = "history.json", 1
ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class History:
    """The stacks in the order in which they were last made current."""

    switches: tuple[str, ...]
    schema: int = SCHEMA


def current_id(prefix: Path) -> str | None:
    """Return the id that the link names; None where there is no link to a stack of this prefix."""
    link = prefix / CURRENT
    target = link.readlink() if link.is_symlink() else None
    if target is None:
        return None
    inside = target.parent in (Path("stacks"), prefix / "stacks")
    if inside and ID.fullmatch(target.name):
        return target.name
    error = StackError(
        f"{link} does not name a stack of this prefix.",
        f"It is a link to {target}.",
        "It counts as absent; `slowfast-stack up` or `rollback ID` makes it again.",
        code="record.unreadable",
    )
    notices.say(error)
    return None


def current(prefix: Path) -> Path | None:
    """Return the real folder of the current stack; None where no stack of this prefix is current."""
    name = current_id(prefix)
    stack = prefix / "stacks" / name if name else None
    return stack.resolve() if stack and is_folder(stack) else None


def is_last(prefix: Path, name: str) -> bool:
    """Return whether the history of a prefix ends with this stack."""
    return history(prefix)[-1:] == [name]


def is_folder(path: Path) -> bool:
    """Return whether this is a folder and no link to one."""
    return path.is_dir() and not path.is_symlink()


def history(prefix: Path) -> list[str]:
    """Return the ids of the stacks in the order in which they were made current."""
    found = saved.load(History, prefix / HISTORY, SCHEMA)
    return list(found.switches) if found else []
