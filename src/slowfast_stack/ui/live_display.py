"""Show a playbook run: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from slowfast_stack.orchestration.run_state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from rich.console import Console

    from slowfast_stack.orchestration.run_state import Event, HostRun, Progress, Step

_SIGNS = {
    State.PENDING: ("·", "dim"),
    State.RUNNING: ("▸", "bold cyan"),
    State.DONE: ("✔", "green"),
    State.FAILED: ("✘", "bold red"),
}
_DETAILED_HOSTS = 2  # more hosts than these get one row each


class View(Protocol):
    """Shows a run; receives every event after the progress has been updated."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state on the screen."""

    def show(self, event: Event) -> None:
        """Show what an event changed."""


def choose(console: Console, progress: Progress, title: str, *, verbose: bool) -> View:
    """Return the view that suits the console."""
    if verbose:
        return Plain(console, lambda event: event.get("stdout", ""))
    if console.is_terminal:
        return LiveView(console, progress, title)
    return Plain(console, Steps(progress))


class Plain:
    """Print a line for each event that has one."""

    def __init__(self, console: Console, line_of: Callable[[Event], str]) -> None:
        """Print to a console the line that ``line_of`` returns for an event."""
        self._console = console
        self._line_of = line_of

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def show(self, event: Event) -> None:
        """Print the line of an event."""
        if line := self._line_of(event):
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Steps:
    """Report when a host begins a step."""

    def __init__(self, progress: Progress) -> None:
        """Watch the hosts of a run."""
        self._progress = progress
        self._started = time.monotonic()
        self._reported: dict[str, str] = {}

    def __call__(self, event: Event) -> str:
        """Return the line for an event, or nothing."""
        name = (event.get("event_data") or {}).get("host")
        run = self._progress.hosts.get(name) if name else None
        step = run.current if run else None
        if run is None or step is None or self._reported.get(run.name) == step.name:
            return ""
        self._reported[run.name] = step.name
        return f"{clock(time.monotonic() - self._started)}  {run.name}: {step.name}"


class LiveView:
    """Redraw steps, current task and times several times a second."""

    def __init__(self, console: Console, progress: Progress, title: str) -> None:
        """Draw the progress of a run under a title."""
        self._progress = progress
        self._title = title
        self._started = time.monotonic()
        self._live = Live(
            console=console, get_renderable=self._draw, refresh_per_second=8, redirect_stderr=False
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state on the screen."""
        self._live.stop()

    def show(self, event: Event) -> None:
        """Leave it to the next redraw."""

    def _draw(self) -> Group:
        now = time.monotonic()
        head = Text.assemble((self._title, "bold"), "  ", (clock(now - self._started), "cyan"))
        hosts = list(self._progress.hosts.values())
        if len(hosts) > _DETAILED_HOSTS:
            return Group(head, _overview(hosts, now))
        return Group(head, *(part for run in hosts for part in _detail(run, now)))


def clock(seconds: float) -> str:
    """Return minutes and seconds."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def _detail(run: HostRun, now: float) -> list[Text | Padding]:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for step in run.steps:
        took = "" if step.state is State.PENDING else f"{step.seconds(now):.1f} s"
        table.add_row(_label(step), took, _task(run, now) if step is run.current else "")
    return [Text(run.name, "bold"), Padding(table, (0, 0, 0, 2))]


def _overview(hosts: list[HostRun], now: float) -> Table:
    table = Table.grid(padding=(0, 2))
    for run in hosts:
        done = sum(step.state is State.DONE for step in run.steps)
        step = run.current or next(
            (step for step in run.steps if step.state is State.FAILED), run.steps[-1]
        )
        table.add_row(run.name, f"{done}/{len(run.steps)}", _label(step), _task(run, now))
    return table


def _label(step: Step) -> Text:
    sign, style = _SIGNS[step.state]
    return Text(f"{sign} {step.name}", style)


def _task(run: HostRun, now: float) -> Text:
    if not run.task:
        return Text()
    return Text.assemble(run.task, (f"  {clock(now - run.task_started)}", "dim"))
