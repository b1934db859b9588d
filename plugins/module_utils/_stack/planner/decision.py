"""A decision of the planner: the chosen value, why, and the source of the fact behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)

REQUEST = "the request"
ASSUMPTION = "assumed"


@dataclass(frozen=True)
class Decision:
    """Why something was chosen: ``choice`` is a path into the plan, ``source`` that of the fact."""

    choice: str
    because: str
    source: str


@dataclass(frozen=True)
class Decided(Generic[T_co]):
    """A value of the plan with the decisions that led to it."""

    value: T_co
    decisions: tuple[Decision, ...]


def decision(choice: str, because: str, source: object) -> Decision:
    """Return a decision whose source is a ``Source`` of the catalog or a text."""
    return Decision(choice, because, str(source))
