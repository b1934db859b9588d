"""Follow a playbook: show it, write its log, and turn its end into results or an error."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import shell
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Interrupted, UsageError
from slowfast_stack.orchestration import ansible, fleet
from slowfast_stack.orchestration.events import Watch
from slowfast_stack.orchestration.logs import Log
from slowfast_stack.orchestration.run_state import Progress
from slowfast_stack.version import __version__

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from slowfast_stack.orchestration.ansible import Outcome, Play
    from slowfast_stack.orchestration.events import HostEvent
    from slowfast_stack.orchestration.run_state import Event, HostRun

    # Receives each event of Ansible, and what it means, after the progress has been updated.
    Show = Callable[[Event, list[HostEvent]], None]


def _no_display(_progress: Progress, _title: str) -> AbstractContextManager[Show]:
    return nullcontext(lambda _event, _happened: None)


@dataclass(frozen=True)
class Session:
    """How runs are shown; without arguments, not at all.

    ``listen`` gets what happens to each host while a run goes on. A run ends with ``Interrupted``
    soon after ``cancel`` was set, and the same call resumes it.
    """

    display: Callable[[Progress, str], AbstractContextManager[Show]] = _no_display
    say: Callable[[str], None] = lambda _text: None
    listen: Callable[[HostEvent], None] = lambda _event: None
    cancel: threading.Event | None = None

    def follow(self, play: Play, command: str, steps: tuple[str, ...], fact: str) -> list[HostRun]:
        """Return how each host ended. Raises Interrupted, and UsageError where there was no host."""
        progress, log = Progress(steps, fact), Log(command)
        watch, records = Watch(progress, fact), fleet.Records(play, command, progress, self.say)
        said: set[tuple[str, str]] = set()
        log.write(f"{_command_line()} (version {__version__})")
        try:
            with self.display(progress, f"slowfast-stack {command}") as show:

                def listen(event: Event) -> None:
                    log.write(event.get("stdout", ""))
                    progress.feed(event, time.monotonic())
                    self._say_notices(progress, event, said)
                    happened = list(watch(event))
                    show(event, happened)
                    for each in happened:
                        records.note(each)
                        self.listen(each)

                outcome = ansible.run(play, listen, self.cancel)
        finally:
            log.close()
            self.say(f"Log: {log.path}")
        check(outcome, progress, play)
        return list(progress.hosts.values())

    def _say_notices(self, progress: Progress, event: Event, said: set[tuple[str, str]]) -> None:
        """Say at once what a host noticed, each notice once."""
        run = progress.hosts.get(str((event.get("event_data") or {}).get("host")))
        if run is None:
            return
        for notice in run.notices:
            if (run.name, notice) not in said:
                said.add((run.name, notice))
                self.say(f"{run.name}: {notice}")

    def ended(self, play: Play, command: str, run: HostRun, fact: str) -> None:
        """Report and record a host that needed no playbook."""
        progress = Progress((), fact)
        progress.hosts[run.name] = run
        records = fleet.Records(play, command, progress, self.say)
        for each in Watch(progress, fact)({"event": "playbook_on_stats"}):
            records.note(each)
            self.listen(each)


def _command_line() -> str:
    return shell.join(["slowfast-stack", *sys.argv[1:]])


def _no_host(outcome: Outcome, play: Play) -> str:
    """Return why a play had no host; nothing where Ansible failed for another reason."""
    if "as an inventory source" in outcome.tail or "parse inventory source" in outcome.tail:
        return "Ansible could not parse it."
    if outcome.code and "no hosts" not in outcome.tail:
        return ""
    return f"--limit {play.limit} matches none of its hosts." if play.limit else "It has no host."


def check(outcome: Outcome, progress: Progress, play: Play) -> None:
    """Pass if every host has a result. Raises Interrupted, StackError, and UsageError without hosts."""
    last = "\n".join(outcome.tail.replace("\r", "").strip().splitlines()[-15:])
    if outcome.signal:
        raise Interrupted(
            outcome.signal,
            "The playbook has ended; finished steps are kept, and incomplete builds are not used.",
            f"Run the same command again; it resumes: {_command_line()}",
        )
    cause = _no_host(outcome, play) if not progress.hosts else ""
    if cause:
        raise UsageError(
            f"No host of {play.inventory} matched.",
            cause,
            "See its hosts with: ansible-inventory --graph -i INVENTORY. "
            "The output of Ansible is in the log named above.",
            code="inventory.no-host",
        )
    if not progress.finished:
        raise StackError(
            f"Ansible stopped in {play.playbook}.",
            last,
            "Read the log named above.",
            code="ansible.failed",
        )
