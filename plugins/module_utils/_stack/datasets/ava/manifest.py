"""Remember which frames were verified, from which video, and how they were made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core.errors import Unreadable
from ...core.files import atomic_write

if TYPE_CHECKING:
    from .dataset import Layout
    from .frames import Seen


def read(tree: Layout, video: str) -> dict[str, Any] | None:
    """Return what is remembered of a video's frames; None where nothing is. Raises Unreadable."""
    path = tree.manifest_of(video)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {"frames": int(told["frames"]), **told}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Remove it; the frames are then verified again."
        raise Unreadable(
            f"{path} cannot be read.", str(error), hint, code="record.unreadable"
        ) from error


def write(tree: Layout, video: str, seen: Seen, made: dict[str, Any]) -> dict[str, Any]:
    """Remember frames that were verified; ``made`` says from what and how."""
    told = {
        "schema": 1,
        "video": video,
        "frames": seen.count,
        "bytes": seen.size,
        "sha256_of_names_and_sizes": seen.mark,
        **made,
    }
    atomic_write(tree.manifest_of(video), json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return told
