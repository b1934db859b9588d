"""Run a playbook in front of a person: with a view, a log, and a clean end in every case."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack import __version__
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import ansible
from slowfast_stack.orchestration.logs import Log
from slowfast_stack.orchestration.run_state import Progress

if TYPE_CHECKING:
    from rich.console import Console

    from slowfast_stack.orchestration.ansible import Outcome, Play
    from slowfast_stack.orchestration.run_state import Event, HostRun


class Interrupted(StackError):
    """A person or the system stopped the run."""

    code = "run.stopped"

    def __init__(self, signum: int) -> None:
        """Say how to go on."""
        super().__init__(
            f"Stopped by {signal.Signals(signum).name}; the playbook has ended.",
            "What was finished is kept, and nothing half-built is taken for built.",
            f"Run the same command again; it resumes: {_spoken()}",
        )
        self.exit_code = 128 + signum


@dataclass(frozen=True)
class Session:
    """How runs are shown: on which console, and whether with all that Ansible says."""

    console: Console
    verbose: int = 0

    def follow(self, play: Play, command: str, steps: tuple[str, ...]) -> list[HostRun]:
        """Return how each host ended. Raises Interrupted, and UsageError where there was no host."""
        progress, log = Progress(steps), Log(command)
        log.write(f"{_spoken()} (version {__version__})")
        try:
            outcome = self._run(play, progress, log, f"slowfast-stack {command}")
        finally:
            log.close()
            self.console.print(f"Log: {log.path}", highlight=False, soft_wrap=True, style="dim")
        check(outcome, progress, play)
        return list(progress.hosts.values())

    def _run(self, play: Play, progress: Progress, log: Log, title: str) -> Outcome:
        from slowfast_stack.ui import live_display  # noqa: PLC0415  (it brings rich: 100 ms)

        with live_display.choose(self.console, progress, title, verbose=self.verbose > 0) as screen:

            def listen(event: Event) -> None:
                log.write(event.get("stdout", ""))
                progress.feed(event, time.monotonic())
                screen.show(event)

            return ansible.run(play, listen)


def _spoken() -> str:
    return shlex.join(["slowfast-stack", *sys.argv[1:]])


def check(outcome: Outcome, progress: Progress, play: Play) -> None:
    """Pass if every host has a result. Raises Interrupted, StackError, and UsageError without hosts."""
    last = "\n".join(outcome.tail.replace("\r", "").strip().splitlines()[-15:])
    if outcome.signal:
        raise Interrupted(outcome.signal)
    if not progress.hosts:
        raise UsageError(
            f"No host of {play.inventory} was touched.",
            last or "No host matched.",
            "See the hosts with: ansible-inventory --graph -i INVENTORY",
            code="inventory.no-host",
        )
    if not progress.finished:
        raise StackError(
            f"Ansible gave up on {play.playbook}.",
            last,
            "Read the log named above.",
            code="ansible.failed",
        )
