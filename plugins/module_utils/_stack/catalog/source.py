"""Where a fact comes from, when somebody looked, and how sure it is."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """The place of a fact; ``confidence`` is measured, documented or uncertain."""

    name: str
    checked: str
    confidence: str = "documented"

    def __str__(self) -> str:
        """Return the place with its date, and a word of doubt where there is doubt."""
        doubt = ", uncertain" if self.confidence == "uncertain" else ""
        return f"{self.name} (checked {self.checked}{doubt})"
