"""Read JSON files that a release of this project has saved, by their schema number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .errors import StackError

if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path, schema: int) -> dict[str, Any] | None:
    """Return the object in ``path``, whose key ``schema`` is the number given.

    None where the file is missing, damaged or of an older schema: it is written again then.
    Raises ``StackError`` for a newer one.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        number = int(found["schema"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if number > schema:
        raise StackError(
            f"{path} was written by a newer release.",
            f"Its schema is {number}; this release reads up to {schema}.",
            "Upgrade slowfast.stack, or use the release that wrote it.",
            code="record.unsupported-schema",
        )
    return found if number == schema else None
