"""What a user should know although nothing failed, such as a damaged record that is made again."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .errors import StackError

_LOGGER = logging.getLogger("slowfast_stack")


class _Collector(logging.Handler):
    def __init__(self, into: list[str]) -> None:
        super().__init__()
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(record.getMessage())


def say(error: StackError) -> None:
    """Say what was found; the adapter of this process decides where it is shown."""
    _LOGGER.warning("%s", f"[{error.code}] {error}")


@contextlib.contextmanager
def collected() -> Iterator[list[str]]:
    """Give a list that receives what is said during the block, and show it nowhere else."""
    said: list[str] = []
    handler, spread = _Collector(said), _LOGGER.propagate
    _LOGGER.addHandler(handler)
    _LOGGER.propagate = False
    try:
        yield said
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.propagate = spread
