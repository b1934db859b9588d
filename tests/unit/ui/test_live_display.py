"""The live view of more hosts than a terminal has lines."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from rich.console import Console

from slowfast_stack.orchestration.run_state import Progress
from slowfast_stack.ui import live_display


def run(number: int, failed: Iterable[int] = ()) -> Progress:
    progress = Progress(("probe", "plan"), "stack_proof")
    for each in range(number):
        data = {"host": f"gpu{each:03d}", "task": f"Task {each}", "role": None}
        # The first hosts have waited longest for their task.
        progress.feed({"event": "runner_on_start", "event_data": data}, float(each))
    for each in failed:
        data = {"host": f"gpu{each:03d}", "res": {"message": "No.", "code": "packages.locked"}}
        progress.feed({"event": "runner_on_failed", "event_data": data}, 200.0)
    return progress


def shown(progress: Progress, height: int) -> list[str]:
    written = io.StringIO()
    console = Console(file=written, width=110, height=height)
    console.print(live_display._draw(progress, "slowfast-stack up", 61.0, height))
    return written.getvalue().splitlines()


@pytest.mark.parametrize(
    ("hosts", "height"), [(3, 24), (21, 24), (22, 24), (100, 24), (100, 8), (100, 200)]
)
def test_it_never_needs_more_lines_than_the_terminal_has(hosts: int, height: int) -> None:
    assert len(shown(run(hosts, failed=range(0, hosts, 2)), height)) <= height


def test_the_steps_are_counted_and_the_failed_and_the_slowest_are_named() -> None:
    lines = shown(run(100, failed=[0, 77]), 24)
    assert lines[1] == "100 hosts: 2 packages.locked, 98 probe"
    named = [line.split()[0] for line in lines[2:]]
    assert named[:4] == ["gpu000", "gpu077", "gpu001", "gpu002"]
    assert len(set(named)) == len(named)


def test_many_failed_hosts_leave_lines_for_the_slowest() -> None:
    named = [line.split()[0] for line in shown(run(100, failed=range(50, 100)), 24)[2:]]
    assert sum(name >= "gpu050" for name in named) == 10
    assert "gpu000" in named
