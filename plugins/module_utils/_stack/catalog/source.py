"""The source of a fact, the date it was checked, and whether it is certain."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """The place of a fact; ``confidence`` is measured, documented or uncertain."""

    name: str
    checked: str
    confidence: str = "documented"

    def __str__(self) -> str:
        """Return the source with its date, marked where it is uncertain."""
        mark = ", uncertain" if self.confidence == "uncertain" else ""
        return f"{self.name} (checked {self.checked}{mark})"
