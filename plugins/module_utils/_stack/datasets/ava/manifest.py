"""Record which frames were verified, from which video, and how they were made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core.errors import Unreadable
from ...core.files import atomic_write

if TYPE_CHECKING:
    from .dataset import Layout
    from .frames import Observed


def read(tree: Layout, video: str) -> dict[str, Any] | None:
    """Return the record of the frames of a video; None if there is none. Raises Unreadable."""
    path = tree.manifest_of(video)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {"frames": int(data["frames"]), **data}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Remove it; the frames are then verified again."
        raise Unreadable(
            f"{path} cannot be read.", str(error), hint, code="record.unreadable"
        ) from error


def write(tree: Layout, video: str, observed: Observed, made: dict[str, Any]) -> dict[str, Any]:
    """Record frames that were verified; ``made`` says from what and how."""
    data = {
        "schema": 1,
        "video": video,
        "frames": observed.count,
        "bytes": observed.size,
        "sha256_of_names_and_sizes": observed.mark,
        **made,
    }
    atomic_write(tree.manifest_of(video), json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    return data
