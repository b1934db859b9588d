"""The result of each file or video of a long job."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...core.errors import StackError

NEW, PRESENT, FAILED = "new", "present", "failed"


@dataclass(frozen=True)
class Result:
    """A video or a file: its name, whether it is ``new``, was ``present`` or ``failed``, and why."""

    name: str
    state: str
    message: str = ""
    cause: str = ""
    hint: str = ""
    code: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        data = asdict(self)
        return {**data.pop("facts"), **data}


def summary(results: list[Result]) -> dict[str, Any]:
    """Return plain data of a job: whether it is complete, whether it changed anything, results."""
    states = [result.state for result in results]
    return {
        "ok": bool(results) and FAILED not in states,
        "changed": NEW in states,
        "results": [result.to_dict() for result in results],
    }


def planned(absent: list[str]) -> dict[str, Any]:
    """Return plain data of a job in check mode: what it would add."""
    rows = [Result(name, NEW).to_dict() for name in absent]
    return {"ok": True, "changed": bool(absent), "results": rows}


def failed(name: str, error: StackError) -> Result:
    """Return the result of a file or video for which an error was raised."""
    return Result(name, FAILED, error.message, error.cause, error.hint, error.code)
