"""Show a training run: a live table on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from slowfast_stack.training.run_state import scores_text
from slowfast_stack.ui import live_display
from slowfast_stack.ui.live_display import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from slowfast_stack.training.run_state import Progress


@dataclass(frozen=True)
class Screen:
    """The console on which runs are shown."""

    console: Console

    def print(self, text: str) -> None:
        """Print a message beside the run."""
        live_display.line(self.console, text)

    @contextmanager
    def follow(self, progress: Progress, title: str) -> Iterator[Callable[[str], None]]:
        """Show a run while the block runs; yield what receives the line of each event."""
        if self.console.is_terminal:
            with live_display.live(self.console, lambda seconds: _draw(progress, title, seconds)):
                yield lambda _line: None
            return
        started = time.monotonic()
        yield lambda line: self.print(
            f"{clock(time.monotonic() - started)}  {line}" if line else ""
        )


def _draw(progress: Progress, title: str, seconds: float) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(Text(title, "bold"), Text(progress.phase or "starting", "cyan"), clock(seconds))
    if progress.epochs:
        done = progress.first_epoch - 1 if progress.first_epoch else 0
        bar = _bar(max(done, progress.epoch - 1), progress.epochs)
        table.add_row("epoch", bar, progress.position())
    if progress.iterations:
        bar = _bar(progress.iteration, progress.iterations)
        table.add_row("iteration", bar, progress.figures())
    scores = progress.tested or progress.evaluated
    if scores:
        table.add_row("scores", scores_text(scores), "")
    return table


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(total=total, completed=done, width=30)
