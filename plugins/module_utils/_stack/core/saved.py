"""Read JSON files that this project has saved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from .errors import StackError, Unreadable

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


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


def read(path: Path, parse: Callable[[Any], T], hint: str) -> T | None:
    """Return what ``parse`` makes of the data in ``path``; None where there is no such file.

    Raises ``Unreadable`` with ``hint`` for a file that is damaged.
    """
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, StackError) as error:
        raise Unreadable(
            f"{path} cannot be read.", f"{error}.", hint, code="record.unreadable"
        ) from error
