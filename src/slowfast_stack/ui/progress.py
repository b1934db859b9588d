"""Show downloads and other long jobs: bars on a terminal, a line per finished file elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING

from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.progress import ALL, silent
from slowfast_stack.ui.consoles import GuardedConsole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task, TaskID

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.progress import (
        Progress as Report,
    )


def frames(number: float) -> str:
    """Write a number of frames."""
    return f"{number:,.0f} frames"


def size(number: float) -> str:
    """Write a number of bytes."""
    return decimal(int(number))


class _Amount(ProgressColumn):
    """How much is done, of how much, and how fast."""

    def __init__(self, written: Callable[[float], str]) -> None:
        super().__init__()
        self._written = written

    def render(self, task: Task) -> Text:
        total = f" of {self._written(task.total)}" if task.total else ""
        rate = f"  {self._written(task.speed)}/s" if task.speed else ""
        return Text(f"{self._written(task.completed)}{total}{rate}")


class _Bars:
    """One bar for all files together, one for each file in progress."""

    def __init__(self, progress: Progress, message: str) -> None:
        self._progress, self._lock = progress, threading.Lock()
        self._total = progress.add_task(message, total=None)
        self._tasks: dict[str, TaskID] = {}
        self._done: dict[str, int] = {}

    def update(self, name: str, done: int, total: int | None) -> None:
        with self._lock:
            if name == ALL:
                self._progress.update(self._total, total=total)
                return
            ended = total is not None and done >= total
            before = self._done.get(name, 0)
            self._done[name] = max(done, before)
            self._progress.update(self._total, advance=self._done[name] - before)
            if ended and name in self._tasks:
                self._progress.remove_task(self._tasks.pop(name))
            elif not ended:
                task = self._tasks.get(name)
                if task is None:
                    task = self._tasks[name] = self._progress.add_task(f"  {name}", total=total)
                self._progress.update(task, completed=done, total=total)


class _Lines:
    """A line for each file when it is done, for logs."""

    def __init__(self, written: Callable[[float], str]) -> None:
        self._written, self._lock = written, threading.Lock()
        self._began, self._ended = time.monotonic(), set[str]()

    def update(self, name: str, done: int, total: int | None) -> None:
        with self._lock:
            if name == ALL or total is None or done < total or name in self._ended:
                return
            self._ended.add(name)
            after = time.monotonic() - self._began
            print(f"{after:8.1f} s  {name}: {self._written(done)}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def shown(
    message: str, written: Callable[[float], str], *, quiet: bool = False
) -> Iterator[Report]:
    """Yield the function that receives the progress of a job; ``written`` formats its amounts."""
    if quiet or not sys.stderr.isatty():
        yield silent if quiet else _Lines(written).update
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        _Amount(written),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=GuardedConsole(stderr=True)) as progress:
        yield _Bars(progress, message).update


def downloads() -> contextlib.AbstractContextManager[Report]:
    """Yield the function that receives the progress of downloads; it prints nothing in logs."""
    return shown("download", size, quiet=not sys.stderr.isatty())
