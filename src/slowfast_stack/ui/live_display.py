"""Show a playbook run: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from slowfast_stack.orchestration.run_state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console, RenderableType

    from slowfast_stack.orchestration.run_state import Event, HostRun, Progress, Step

_SIGNS = {
    State.PENDING: ("·", "dim"),
    State.RUNNING: ("▸", "bold cyan"),
    State.DONE: ("✔", "green"),
    State.FAILED: ("✘", "bold red"),
}
_DETAILED_HOSTS = 2  # more hosts than these get one row each


@contextmanager
def playbook(
    console: Console, progress: Progress, title: str, *, verbose: bool
) -> Iterator[Callable[[Event], None]]:
    """Show a run while the block runs; yield what receives each event after the progress."""
    if console.is_terminal and not verbose:
        with live(console, lambda seconds: _draw(progress, title, seconds)):
            yield lambda _event: None
        return
    steps = Steps(progress)
    yield lambda event: line(console, event.get("stdout", "") if verbose else steps(event))


@contextmanager
def live(console: Console, draw: Callable[[float], RenderableType]) -> Iterator[None]:
    """Redraw several times a second while the block runs; ``draw`` gets the seconds since its start."""
    started = time.monotonic()
    with Live(
        console=console,
        get_renderable=lambda: draw(time.monotonic() - started),
        refresh_per_second=8,
        redirect_stderr=False,
    ):
        yield


def line(console: Console, text: str) -> None:
    """Print a line as it is, where there is one."""
    if text:
        console.print(text, markup=False, highlight=False, soft_wrap=True)


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


def _draw(progress: Progress, title: str, seconds: float) -> Group:
    now, hosts = time.monotonic(), list(progress.hosts.values())
    head = Text.assemble((title, "bold"), "  ", (clock(seconds), "cyan"))
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
