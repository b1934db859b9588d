"""What became of each thing of a long job: one line for each, and nothing is left unsaid."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from ...core.errors import StackError

NEW, THERE, FAILED = "new", "there", "failed"
ALL = ""
# Called with the name of a thing, how much of it is done, and how much there is if that is known;
# ALL is the whole job.
Tell = Callable[[str, int, Optional[int]], None]


def silent(_name: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Item:
    """A video or a file: its name, whether it is ``new``, was ``there`` or ``failed``, and why."""

    name: str
    state: str
    message: str = ""
    cause: str = ""
    hint: str = ""
    code: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        told = asdict(self)
        return {**told.pop("facts"), **told}


def told(items: list[Item]) -> dict[str, Any]:
    """Return plain data of a job: whether all is there, whether anything is new, each line."""
    states = [item.state for item in items]
    return {
        "ok": bool(items) and FAILED not in states,
        "changed": NEW in states,
        "things": [item.to_dict() for item in items],
    }


def expected(absent: list[str]) -> dict[str, Any]:
    """Return plain data of a job that was not done: what it would bring."""
    lines = [Item(name, NEW).to_dict() for name in absent]
    return {"ok": True, "changed": bool(absent), "things": lines}


def failed(name: str, error: StackError) -> Item:
    """Return the line of a thing that an error kept from being done."""
    return Item(name, FAILED, error.message, error.cause, error.hint, error.code)
