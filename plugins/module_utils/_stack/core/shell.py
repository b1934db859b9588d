"""Write text into a shell script: every word that is not ours goes through this file."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from .errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_DELETE = 0x7F
_NO_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(_DELETE, 0xA0))}


def quote(value: object) -> str:
    """Return a value as one word of a POSIX shell, whatever it contains but a NUL."""
    return shlex.quote(str(value))


def join(words: Iterable[object]) -> str:
    """Return a command of several words."""
    return " ".join(map(quote, words))


def split(text: str, where: str) -> list[str]:
    """Return the words of options that a user wrote as for a shell. Raises ``StackError``."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise StackError(
            f"{where} is not written as for a shell.",
            f"{error}.",
            "Close its quotes.",
            code="data.invalid-value",
        ) from error


def comment(value: object) -> str:
    """Return a value for a comment, which a line feed in it cannot leave."""
    return quote(value).translate(_NO_CONTROLS)


def require_plain(path: Path) -> None:
    """Raise ``StackError`` for a path that PATH, or a line of a configuration, cannot name."""
    text = str(path)
    if ":" in text or text != text.translate(_NO_CONTROLS):
        raise StackError(
            f"{text.translate(_NO_CONTROLS)} is not supported as a folder.",
            "It has a colon or a control character, which PATH and scripts cannot name.",
            "Choose another folder.",
            code="path.unsupported",
        )
