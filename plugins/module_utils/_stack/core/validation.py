"""Validate plain data from outside; each error names the value and what it should be."""

from __future__ import annotations

import json
import reprlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

from .errors import StackError

_MOST_DIGITS = 18
_MOST_BITS = 64
LONGEST_SHOWN = 80  # characters of a value in a message


class InvalidValueError(StackError):
    """A value at the path ``where`` is not what is ``wanted``."""

    code = "data.invalid-value"

    def __init__(
        self, where: str, wanted: str, value: object, hint: str = "", *, code: str = ""
    ) -> None:
        super().__init__(
            f"{where} is {shown(value)}.",
            f"It should be {wanted}.",
            hint or f"Correct {where}.",
            code=code,
        )
        self.where = where
        self.value = value


def bad(where: str, wanted: str, value: object) -> InvalidValueError:
    """Build the error for a value of the wrong shape."""
    return InvalidValueError(where, wanted, value)


class _Short(reprlib.Repr):
    """Say what a value is in at most 80 characters or so."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother = 3, LONGEST_SHOWN, LONGEST_SHOWN

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002  (of the library)
        """Return a number; Python does not write one of thousands of digits."""
        return f"a number of {x.bit_length()} bits" if x.bit_length() > _MOST_BITS else repr(x)


def shown(value: object) -> str:
    """Return a value for a message, in quotes where it is text; what is long is cut or described."""
    if isinstance(value, str):
        return repr(
            str(value) if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 3] + "..."
        )
    text = _Short().repr(value)
    if len(text) <= LONGEST_SHOWN or not isinstance(value, (Mapping, list, tuple)):
        return text
    kind = "mapping" if isinstance(value, Mapping) else "list"
    return f"a {kind} with {len(value)} entries"


def below(where: str, key: object) -> str:
    """Return the path of a value in a mapping or a list; a key that is no plain word is quoted."""
    if isinstance(key, int):
        return f"{where}[{key}]"
    plain = isinstance(key, str) and key.isprintable() and 0 < len(key) <= LONGEST_SHOWN
    return f"{where}.{key if plain else shown(key)}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(
            key for key, times in Counter(key for key, _value in pairs).items() if times > 1
        )
        raise ValueError(f"It has the key {shown(twice)} twice in one mapping")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"It has {text}, which is no number of JSON")


def parse_json(text: str | bytes, *, strict: bool = False) -> Any:  # noqa: ANN401  (JSON has all types)
    """Return what JSON text says. Raises ``ValueError``, also where it is nested too deep.

    With ``strict`` a key that occurs twice in one mapping, and NaN, are errors too.
    """
    try:
        if strict:
            return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("It is nested too deep.") from error
    except ValueError as error:
        # Python would name a setting of its own.
        if "int_max_str_digits" in str(error):
            raise ValueError("It has a number of thousands of digits") from error
        raise


def is_number(text: str) -> bool:
    """Return whether text is a whole number of at most 18 ASCII digits, which ``int`` takes."""
    return len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit()


def mapping(value: object, where: str) -> dict[str, Any]:
    """Return a mapping with text keys. Raises ``StackError``."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise bad(where, "a mapping", value)
    return dict(value)


def items(value: object, where: str) -> list[Any]:
    """Return a list; absent is empty. Raises ``StackError``."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise bad(where, "a list", value)
    return list(value)


def text(value: object, where: str) -> str:
    """Return text that is not empty. Raises ``StackError``."""
    if not isinstance(value, str) or not value:
        raise bad(where, "text", value)
    # Ansible hands over subclasses that remember their template; plain text compares faster.
    return str(value)


def path(value: object, where: str) -> Path:
    """Return a path that is not empty. Raises ``StackError``."""
    return Path(text(value, where))


def optional_path(value: object, where: str) -> Path | None:
    """Return a path, None for None and for an empty text. Raises ``StackError``."""
    return path(value, where) if value else None


def flag(value: object, where: str) -> bool:
    """Return true or false. Raises ``StackError``."""
    if not isinstance(value, bool):
        raise bad(where, "true or false", value)
    return value


def count(value: object, where: str) -> int:
    """Return an integer, zero or more. Raises ``StackError``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise bad(where, "a whole number", value)
    return value


def one_of(value: object, where: str, allowed: tuple[str, ...]) -> str:
    """Return one of a few words. Raises ``StackError``."""
    if value not in allowed:
        raise bad(where, "one of " + ", ".join(allowed), value)
    return str(value)


def choice(*allowed: str) -> Callable[[Any, str], str]:
    """Return a reader that accepts one of a few words."""
    return lambda value, where: one_of(value, where, allowed)


def only_keys(value: Mapping[str, object], where: str, known: tuple[str, ...]) -> None:
    """Raise ``StackError`` for a key that is not known: it is a spelling error."""
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise StackError(
            f"{where} has the unknown key {shown(unknown[0])}.",
            f"Known are: {', '.join(known)}.",
            "Correct the key, or omit it.",
            code="data.unknown-key",
        )
