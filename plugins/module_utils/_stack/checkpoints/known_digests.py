"""Remember what was seen of each address: size and SHA-256 of the first whole file from there.

Upstream publishes no digests. The first sight is therefore what later ones are compared with: a
file that has changed since is refused, until somebody says that the new one is meant.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypedDict

from ..core.errors import Unreadable
from ..core.files import atomic_write, locked

if TYPE_CHECKING:
    from pathlib import Path

NAME = "models.json"


class Seen(TypedDict):
    """What is known of one address."""

    file: str
    size: int
    sha256: str
    type: str


def load(folder: Path) -> dict[str, Seen]:
    """Read the record of a folder, by address."""
    path = folder / NAME
    try:
        seen: dict[str, Seen] = json.loads(path.read_text(encoding="utf-8"))["files"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(
            f"{path} cannot be read.",
            str(error),
            "Restore it, or move it away to begin anew.",
            code="record.unreadable",
        ) from error
    return seen


def note(folder: Path, url: str, seen: Seen) -> None:
    """Write one line of the record; a reader sees the old record or the new one."""
    with locked(folder / f".{NAME}.lock"):
        files = {**load(folder), url: seen}
        text = json.dumps({"schema": 1, "files": dict(sorted(files.items()))}, indent=2)
        atomic_write(folder / NAME, f"{text}\n")
