"""Progress of long work: the one type of callback in the library."""

from __future__ import annotations

from typing import Callable, Optional

# Called with the name of a file or video, how much of it is done, and how much there is if known.
Progress = Callable[[str, int, Optional[int]], None]
ALL = ""  # the name of the complete job


def silent(_name: str, _done: int, _total: int | None) -> None:
    """Ignore progress."""
