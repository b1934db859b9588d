"""What happens to each host of a run, as typed events, for the display and for callers of the Python API."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from slowfast_stack.orchestration import results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slowfast_stack.orchestration.run_state import Event, HostRun, Progress


class Kind(StrEnum):
    """The kinds of events; each host ends with one ``ended``."""

    STEP = "step"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    ENDED = "ended"


@dataclass(frozen=True)
class HostEvent:
    """An event of one host, ``seconds`` after the run began.

    ``step`` is the one that begins, or that failed; ``status`` is that of a host that ended, as in
    ``up --json``; ``code`` and ``message`` are those of its error.
    """

    kind: Kind
    host: str
    seconds: float
    step: str = ""
    status: str = ""
    code: str = ""
    message: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return plain data without the values that this kind has not."""
        found = {key: value for key, value in asdict(self).items() if value != ""}
        return {**found, "kind": self.kind.value}


class Watch:
    """Turns the events of ansible-runner, fed to a ``Progress`` before, into those of hosts."""

    def __init__(
        self, progress: Progress, fact: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Watch the hosts of a run, whose result is the host fact ``fact``."""
        self._progress, self._fact, self._clock = progress, fact, clock
        self._started = clock()
        self._steps: dict[str, str] = {}
        self._failed: set[str] = set()

    def __call__(self, event: Event) -> Iterator[HostEvent]:
        """Yield what an event means for hosts."""
        seconds = round(self._clock() - self._started, 3)
        name = (event.get("event_data") or {}).get("host")
        run = self._progress.hosts.get(name) if name else None
        if run is not None:
            yield from self._of_host(run, seconds)
        if event.get("event") == "playbook_on_stats":
            yield from self._ended(seconds)

    def _of_host(self, run: HostRun, seconds: float) -> Iterator[HostEvent]:
        step = run.current
        if step is not None and self._steps.get(run.name) != step.name:
            self._steps[run.name] = step.name
            yield HostEvent(Kind.STEP, run.name, seconds, step.name)
        failure = run.failure
        if failure is not None and run.name not in self._failed:
            self._failed.add(run.name)
            kind = Kind.UNREACHABLE if failure.unreachable else Kind.FAILED
            where = step.name if step else ""
            yield HostEvent(kind, run.name, seconds, where, "", failure.code, failure.message)

    def _ended(self, seconds: float) -> Iterator[HostEvent]:
        done = results.Results(list(self._progress.hosts.values()), self._fact)
        for run in done.runs:
            status = results.STATUS[done.code(run)]
            code = run.failure.code if run.failure else ""
            message = run.failure.message if run.failure else ""
            yield HostEvent(Kind.ENDED, run.name, seconds, "", status, code, message)
