"""Run a program in front of a person: with a view, a complete log, and an error that says why."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import failure_hints
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack import __version__
from slowfast_stack.orchestration.logs import Log
from slowfast_stack.training import log_parser, subprocess
from slowfast_stack.training.run_state import Course

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from slowfast_stack.training.installed import Installed
    from slowfast_stack.training.subprocess import Ended

_ERROR = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt|Warning)\b.*|^AssertionError$")


class Stopped(StackError):
    """A person or the system stopped the run."""

    code = "run.stopped"

    def __init__(self, signum: int, again: str) -> None:
        """Say how to go on."""
        super().__init__(
            f"Stopped by {signal.Signals(signum).name}; no process of it is left.", hint=again
        )
        self.exit_code = 128 + signum


@dataclass(frozen=True)
class Place:
    """The title of a run, where it starts, and what it writes to."""

    title: str
    start: Path
    output: Path


@dataclass(frozen=True)
class Followed:
    """A run that has ended, whichever way."""

    course: Course
    ended: Ended
    log: Path
    seconds: float


def follow(console: Console, installed: Installed, arguments: list[str], place: Place) -> Followed:
    """Run a program to its end and show its course; everything it writes is in the log."""
    from slowfast_stack.ui import training_display  # noqa: PLC0415  (it brings rich: 100 ms)

    course, log, started = Course(), Log(place.title), time.monotonic()
    log.write(f"slowfast-stack {__version__} in {place.start}: {installed.python} {arguments}")
    try:
        with training_display.choose(console, course, place.title) as screen:

            def listen(line: str) -> None:
                log.write(line)
                screen.show(log_parser.feed(course, line))

            ended = subprocess.run(
                installed, arguments, place.start, listen, place=str(place.output)
            )
    finally:
        log.close()
        console.print(f"Log: {log.path}", highlight=False, soft_wrap=True, style="dim")
    return Followed(course, ended, log.path, time.monotonic() - started)


def failure(run: Followed) -> StackError:
    """Say why a program failed: its last error, and what helps against it."""
    code, tail = run.ended.code, "\n".join(run.course.tail)
    told = [line for line in run.course.tail if _ERROR.match(line.strip())]
    ended = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
    cause = told[-1].strip() if told else "\n".join(list(run.course.tail)[-5:])
    if code == -signal.SIGKILL:
        cause = "The system killed it, as a rule because the machine's memory was full."
    known = failure_hints.explain(tail, failure_hints.TRAINING)
    return StackError(
        f"SlowFast ended with {ended}.",
        f"{known.cause}\n{cause}" if known else cause,
        known.hint if known else f"Read the end of the log: {run.log}",
        code="training.failed",
    )
