"""The result of each file or video of a long job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.construct import plain, read

if TYPE_CHECKING:
    from ...core.errors import StackError

NEW, PRESENT, FAILED = "new", "present", "failed"


@dataclass(frozen=True)
class Result:
    """A video or a file: its name, whether it is ``new``, was ``present`` or ``failed``, and why.

    Of a video: how many ``frames`` it has and how many warnings FFmpeg printed; of a download:
    whether it is only a ``part`` of the video.
    """

    name: str
    state: str
    message: str = ""
    cause: str = ""
    hint: str = ""
    code: str = ""
    bytes: int | None = read(default=None, omit=True)
    frames: int | None = read(default=None, omit=True)
    complaints: int | None = read(default=None, omit=True)
    sha256: str | None = read(default=None, omit=True)
    part: bool | None = read(default=None, omit=True)


def summary(results: list[Result]) -> dict[str, Any]:
    """Return plain data of a job: whether it is complete, whether it changed anything, results."""
    states = [result.state for result in results]
    return {
        "ok": bool(results) and FAILED not in states,
        "changed": NEW in states,
        "results": plain(results),
    }


def planned(absent: list[str]) -> dict[str, Any]:
    """Return plain data of a job in check mode: what it would add."""
    results = [Result(name, NEW) for name in absent]
    return {**summary(results), "ok": True}


def failed(name: str, error: StackError) -> Result:
    """Return the result of a file or video for which an error was raised."""
    return Result(name, FAILED, error.message, error.cause, error.hint, error.code)
