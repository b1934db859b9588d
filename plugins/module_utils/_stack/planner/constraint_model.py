"""What a constraint is: something given, with checks that say why it rejects an option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# A check returns why an option violates the constraint, or None.
Check = Callable[[Any], "str | None"]
# The actions that leave a driver as it is.
STAYS = ("keep", "none")
# Those that install nothing: a start may still be needed.
RUNNING = (*STAYS, "restart")


class Constraint(NamedTuple):
    """A constraint: its statement, its source, its remedy, and checks by dimension."""

    id: str
    text: str
    source: str
    remedy: str
    checks: Mapping[str, Check]
