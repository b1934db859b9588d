"""Read and write JSON files that this project saves: the one place that does.

A file is written by one rename, with a schema and with the same mode whatever the umask. A damaged
one that can be made again counts as absent, and that is said; any other is an error with a hint.
One of a newer schema is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from . import names, notices
from .construct import construct, plain
from .errors import StackError, Unreadable, reason
from .files import atomic_write
from .validation import count, mapping, parse_json

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


# Everyone may read what a stack is, and only its owner changes it.
MODE = 0o644


def save(path: Path, value: object) -> None:
    """Write a dataclass with a field ``schema``. Raises ``StackError``."""
    write(path, plain(value))


def write(path: Path, data: object, *, indent: int | None = 1, sort: bool = False) -> None:
    """Write plain data. Raises ``StackError``."""
    text = json.dumps(data, indent=indent, sort_keys=sort)
    atomic_write(path, text + "\n", mode=MODE)


def load(cls: type[T], path: Path, schema: int) -> T | None:
    """Return the dataclass in ``path``, whose key ``schema`` is the number given.

    None where the file is missing, damaged or of an older schema: it is written again then.
    Raises ``StackError`` for a newer one.
    """
    try:
        found = mapping(parse_json(names.read_regular(path)), path.name)
        number = count(found.get("schema", 0), "schema")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, StackError) as error:
        notices.say(unreadable(path, error, AGAIN))
        return None
    require_known(path, number, schema)
    if number < schema:
        return None
    try:
        return construct(cls, found, path.name, ignore_unknown=True)
    except StackError as error:
        notices.say(unreadable(path, error, AGAIN))
        return None


AGAIN = "It counts as absent and is made again by the next command that writes it."


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
        return mapping(parse_json(names.read_regular(path)), path.name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, StackError) as error:
        raise unreadable(path, error, hint) from error


def unreadable(path: Path, error: Exception, hint: str) -> Unreadable:
    """Return the error for a saved file that is damaged."""
    return Unreadable(f"{path} cannot be read.", reason(error), hint, code="record.unreadable")
