"""The findings of a validation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# An error fails, or trains or tests nothing; a warning runs, with bad results; a note does neither.
LEVELS = ERROR, WARNING, NOTE = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """An error, a warning or a note: the key, what is wrong with it, and how to fix it."""

    id: str
    key: str
    message: str
    fix: str
    level: str = ERROR
    set: dict[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    @property
    def can_be_fixed(self) -> bool:
        """Return whether --fix writes the right value; a note changes nothing."""
        return self.level != NOTE and bool(self.set or self.remove)


def errors(found: list[Finding]) -> list[Finding]:
    """Return the findings that make training fail."""
    return [row for row in found if row.level == ERROR]
