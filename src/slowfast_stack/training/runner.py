"""Run a program with a display and a complete log, and explain its failure."""

from __future__ import annotations

import re
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms import recognize
from slowfast_stack.exit_codes import Interrupted
from slowfast_stack.orchestration.logs import Log
from slowfast_stack.training import log_parser, subprocess
from slowfast_stack.training.run_state import Progress
from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from slowfast_stack.training.installed import Installed
    from slowfast_stack.training.subprocess import Ended

_ERROR = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt|Warning)\b.*|^AssertionError$")


class Screen(Protocol):
    """Where runs are shown."""

    def print(self, text: str) -> None:
        """Print a message beside the run."""

    def follow(
        self, progress: Progress, title: str
    ) -> AbstractContextManager[Callable[[str], None]]:
        """Show a run; yield what receives each line after the progress has been updated."""


@dataclass(frozen=True)
class Place:
    """The title of a run, where it starts, and what it writes to."""

    title: str
    start: Path
    output: Path


@dataclass(frozen=True)
class Followed:
    """A run that has ended, with or without success."""

    progress: Progress
    ended: Ended
    log: Path
    seconds: float


def follow(screen: Screen, installed: Installed, arguments: list[str], place: Place) -> Followed:
    """Run a program to its end and show its progress; all of its output is in the log."""
    progress, log, started = Progress(), Log(place.title), time.monotonic()
    log.write(f"slowfast-stack {__version__} in {place.start}: {installed.python} {arguments}")
    try:
        with screen.follow(progress, place.title) as show:

            def listen(line: str) -> None:
                log.write(line)
                show(log_parser.feed(progress, line))

            ended = subprocess.run(
                installed, arguments, place.start, listen, place=str(place.output)
            )
    finally:
        log.close()
        screen.print(f"Log: {log.path}")
    return Followed(progress, ended, log.path, time.monotonic() - started)


def raise_failure(run: Followed, resume: str) -> None:
    """Return where a program succeeded. Raises Interrupted, and StackError where it failed."""
    if run.ended.signal:
        raise Interrupted(run.ended.signal, "No process of the run is left.", resume)
    if run.ended.code:
        raise failure(run)


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _in_log(log: Path) -> recognize.Finding | None:
    """Return the most specific symptom of the complete log, None where it has none or is removed."""
    with suppress(OSError), log.open(encoding="utf-8", errors="replace", newline="\n") as stream:
        return next(iter(recognize.findings(recognize.chunks(stream))), None)
    return None


def failure(run: Followed) -> StackError:
    """Return why a program failed: its last error, and what helps against it."""
    code, tail = run.ended.code, "\n".join(run.progress.tail)
    errors = [line for line in run.progress.tail if _ERROR.match(line.strip())]
    ended = f"exit code {code}" if code >= 0 else _name_of(-code)
    cause = errors[-1].strip() if errors else "\n".join(list(run.progress.tail)[-5:])
    if code == -signal.SIGKILL:
        cause = "The system killed it, usually because memory was exhausted."
    known = recognize.explain(tail) or _in_log(run.log)
    return StackError(
        f"SlowFast ended with {ended}.",
        f"{known.cause}\n{cause}" if known else cause,
        known.hint if known else f"Read the end of the log: {run.log}",
        code="training.failed",
    )
