"""Limit the size of plain data from outside before it is read."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import StackError

# A probed host has 20 KiB, a lock 60 KiB, a proof 30 KiB.
SIZE = 8 << 20  # bytes of text, and 8 for each value
DEPTH = 40


def require_small(value: object, where: str, *, size: int = SIZE, depth: int = DEPTH) -> None:
    """Raise ``StackError`` for data that is larger or nested deeper than any real answer."""
    left, waiting = size, [(value, 0)]
    while waiting:
        one, level = waiting.pop()
        left -= 8 + (len(one) if isinstance(one, (str, bytes)) else 0)
        if isinstance(one, Mapping):
            waiting += [(each, level + 1) for pair in one.items() for each in pair]
        elif isinstance(one, (list, tuple)):
            waiting += [(each, level + 1) for each in one]
        if left < 0 or level > depth or len(waiting) > size:
            raise StackError(
                f"{where} is too large, or nested too deep.",
                f"At most {size} bytes and {depth} levels are read.",
                "Look at the host or the file that it comes from.",
                code="data.too-large",
            )
