"""What a check has to say about a configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ERROR, NOTE = "error", "note"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or worth knowing: the key, what, and how to fix it."""

    id: str
    key: str
    message: str
    fix: str
    level: str = ERROR
    set: dict[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    @property
    def can_be_fixed(self) -> bool:
        """Say whether --fix knows the fixed value."""
        return bool(self.set or self.remove)
