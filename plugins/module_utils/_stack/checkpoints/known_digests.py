"""Record size and SHA-256 of the first download from each address.

Upstream publishes no digests, so later downloads are compared with the first: a file that has
changed since is refused until the user accepts the change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypedDict

from ..core.errors import Unreadable
from ..core.files import atomic_write, locked

if TYPE_CHECKING:
    from pathlib import Path

NAME = "models.json"


class Recorded(TypedDict):
    """The first download from one address."""

    file: str
    size: int
    sha256: str
    type: str


def load(folder: Path) -> dict[str, Recorded]:
    """Read the record of a folder, by address."""
    path = folder / NAME
    try:
        seen: dict[str, Recorded] = json.loads(path.read_text(encoding="utf-8"))["files"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(
            f"{path} cannot be read.",
            str(error),
            "Restore it, or move it away to start again.",
            code="record.unreadable",
        ) from error
    return seen


def record(folder: Path, url: str, row: Recorded) -> None:
    """Add one address to the record, atomically."""
    with locked(folder / f".{NAME}.lock"):
        files = {**load(folder), url: row}
        text = json.dumps({"schema": 1, "files": dict(sorted(files.items()))}, indent=2)
        atomic_write(folder / NAME, f"{text}\n")
