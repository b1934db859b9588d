"""Read and write JSON files that this project saves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from .construct import construct, plain
from .errors import StackError, Unreadable, reason
from .files import atomic_write
from .validation import count, mapping, parse_json

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def save(path: Path, value: object) -> None:
    """Write a dataclass with a field ``schema``. Raises ``StackError``."""
    atomic_write(path, json.dumps(plain(value), indent=1) + "\n")


def load(cls: type[T], path: Path, schema: int) -> T | None:
    """Return the dataclass in ``path``, whose key ``schema`` is the number given.

    None where the file is missing, damaged or of an older schema: it is written again then.
    Raises ``StackError`` for a newer one.
    """
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
        number = count(mapping(found, path.name).get("schema"), "schema")
    except (OSError, ValueError, StackError):
        return None
    require_known(path, number, schema)
    try:
        return construct(cls, found, path.name, ignore_unknown=True) if number == schema else None
    except StackError:
        return None


def require_known(path: Path, number: int, schema: int) -> None:
    """Raise ``StackError`` for a file of a newer schema than this release reads."""
    if number > schema:
        raise StackError(
            f"{path} was written by a newer release.",
            f"Its schema is {number}; this release reads up to {schema}.",
            "Upgrade slowfast.stack, or use the release that wrote it.",
            code="record.unsupported-schema",
        )


def read(
    path: Path, parse: Callable[[dict[str, Any]], T], hint: str, *, schema: int = 1
) -> T | None:
    """Return what ``parse`` makes of the mapping in ``path``; None where there is no such file.

    A file without the key ``schema`` has schema 1. Raises ``StackError`` for a newer one, and
    ``Unreadable`` with ``hint`` for a file that is damaged.
    """
    data = read_mapping(path, hint)
    if data is None:
        return None
    try:
        number = count(data.pop("schema", 1), "schema")
        if number <= schema:
            return parse(data)
    except (ValueError, KeyError, TypeError, StackError) as error:
        raise unreadable(path, error, hint) from error
    require_known(path, number, schema)
    return None


def read_mapping(path: Path, hint: str) -> dict[str, Any] | None:
    """Return the mapping in a JSON file; None where there is no such file.

    Raises ``Unreadable`` with ``hint`` for a file that is damaged.
    """
    try:
        return mapping(parse_json(path.read_text(encoding="utf-8")), path.name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, StackError) as error:
        raise unreadable(path, error, hint) from error


def unreadable(path: Path, error: Exception, hint: str) -> Unreadable:
    """Return the error for a saved file that is damaged."""
    return Unreadable(f"{path} cannot be read.", reason(error), hint, code="record.unreadable")
