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

from slowfast_stack.orchestration.events import Kind
from slowfast_stack.orchestration.run_state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console, RenderableType

    from slowfast_stack.orchestration.events import HostEvent
    from slowfast_stack.orchestration.run_state import Event, HostRun, Progress, Step

_SIGNS = {
    State.PENDING: ("·", "dim"),
    State.RUNNING: ("▸", "bold cyan"),
    State.DONE: ("✔", "green"),
    State.FAILED: ("✘", "bold red"),
}
_DETAILED_HOSTS = 2  # more hosts than these get one row each
_MARGIN = 3  # lines of a terminal that are not rows of hosts


@contextmanager
def playbook(
    console: Console, progress: Progress, title: str, *, verbose: bool
) -> Iterator[Callable[[Event, list[HostEvent]], None]]:
    """Show a run while the block runs; yield what receives each event, and what it means."""
    if console.is_terminal and not verbose:
        with live(console, lambda seconds: _draw(progress, title, seconds, console.height)):
            yield lambda _event, _happened: None
        return

    def show(event: Event, happened: list[HostEvent]) -> None:
        for text in [event.get("stdout", "")] if verbose else map(_begun, happened):
            line(console, text)

    yield show


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


def _begun(event: HostEvent) -> str:
    return f"{clock(event.seconds)}  {event.host}: {event.step}" if event.kind is Kind.STEP else ""


def _draw(progress: Progress, title: str, seconds: float, height: int) -> Group:
    now, hosts = time.monotonic(), list(progress.hosts.values())
    head = Text.assemble((title, "bold"), "  ", (clock(seconds), "cyan"))
    if len(hosts) > height - _MARGIN:
        return Group(head, *_fleet(hosts, now, height - _MARGIN))
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
        step = _step(run)
        table.add_row(run.name, f"{done}/{len(run.steps)}", _label(step), _task(run, now))
    return table


def _fleet(hosts: list[HostRun], now: float, rows: int) -> list[Text | Table]:
    """Return more hosts than fit: how many are at each step, those that failed, and the slowest."""
    steps: dict[str, int] = {}
    for run in hosts:
        name = run.failure.code if run.failure else _step(run).name
        steps[name] = steps.get(name, 0) + 1
    failed = [run for run in hosts if run.failure]
    busy = [run for run in hosts if run.current and not run.failure]
    slow = sorted(busy, key=lambda run: run.task_started)
    counts = ", ".join(f"{number} {name}" for name, number in steps.items())
    text = Text(f"{len(hosts)} hosts: {counts}")
    # Half of the rows at most are of those that failed, so that the slowest are always seen.
    shown = [*failed[-(rows // 2) :], *slow]
    return [text, _overview(shown[: max(rows - 2, 1)], now)]


def _step(run: HostRun) -> Step:
    """Return the step that a host is at, or at which it failed, or its last."""
    at = (State.RUNNING, State.FAILED)
    return next((step for step in run.steps if step.state in at), run.steps[-1])


def _label(step: Step) -> Text:
    sign, style = _SIGNS[step.state]
    return Text(f"{sign} {step.name}", style)


def _task(run: HostRun, now: float) -> Text:
    if not run.task:
        return Text()
    return Text.assemble(run.task, (f"  {clock(now - run.task_started)}", "dim"))
