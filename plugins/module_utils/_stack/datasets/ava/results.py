"""The result of each file or video of a long job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.construct import read
from .lists import Written  # noqa: TC001  (plain looks it up)

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


@dataclass(frozen=True)
class Summary:
    """A job: whether it is complete and changed anything, its results, the lists of own clips."""

    ok: bool
    changed: bool
    results: tuple[Result, ...]
    lists: Written | None = read(default=None, omit=True)  # noqa: RUF009  (a field)

    @property
    def failures(self) -> list[Result]:
        """Return what failed."""
        return [result for result in self.results if result.state == FAILED]


def summary(results: list[Result]) -> Summary:
    """Return how a job ended."""
    states = [result.state for result in results]
    return Summary(bool(results) and FAILED not in states, NEW in states, tuple(results))


def planned(absent: list[str]) -> Summary:
    """Return what a job would add."""
    return Summary(ok=True, changed=bool(absent), results=tuple(Result(n, NEW) for n in absent))


def failed(name: str, error: StackError) -> Result:
    """Return the result of a file or video for which an error was raised."""
    return Result(name, FAILED, error.message, error.cause, error.hint, error.code)
