"""Show a training run: a live table on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from slowfast_stack.training.run_state import scores_text
from slowfast_stack.ui.live_display import clock

if TYPE_CHECKING:
    from typing import Self

    from rich.console import Console, RenderableType

    from slowfast_stack.training.run_state import Progress

_BAR = 30


class Lines:
    """Print each event behind the time since the start."""

    def __init__(self, console: Console) -> None:
        """Print to a console."""
        self._console = console
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def show(self, line: str) -> None:
        """Print a line."""
        if line:
            timed = f"{clock(time.monotonic() - self._started)}  {line}"
            self._console.print(timed, markup=False, highlight=False, soft_wrap=True)


class LiveTable:
    """Redraw phase, epoch, iteration, loss and time left several times a second."""

    def __init__(self, console: Console, progress: Progress, title: str) -> None:
        """Draw the progress of a run under a title."""
        self._progress, self._title = progress, title
        self._started = time.monotonic()
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state on the screen."""
        self._live.stop()

    def show(self, line: str) -> None:
        """Leave it to the next redraw."""

    def _draw(self) -> RenderableType:
        progress = self._progress
        table = Table.grid(padding=(0, 2))
        spent = clock(time.monotonic() - self._started)
        table.add_row(Text(self._title, "bold"), Text(progress.phase or "starting", "cyan"), spent)
        if progress.epochs:
            done = progress.first_epoch - 1 if progress.first_epoch else 0
            table.add_row(
                "epoch", _bar(max(done, progress.epoch - 1), progress.epochs), progress.position()
            )
        if progress.iterations:
            table.add_row(
                "iteration", _bar(progress.iteration, progress.iterations), progress.figures()
            )
        scores = progress.tested or progress.evaluated
        if scores:
            table.add_row("scores", scores_text(scores), "")
        return table


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(total=total, completed=done, width=_BAR)


class Screen:
    """Where a run is shown: a live table on a terminal, lines elsewhere."""

    def __init__(self, console: Console) -> None:
        """Show runs on a console."""
        self._console = console

    def print(self, text: str) -> None:
        """Print a message beside the run."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def follow(self, progress: Progress, title: str) -> Lines | LiveTable:
        """Return the display of a run."""
        if self._console.is_terminal:
            return LiveTable(self._console, progress, title)
        return Lines(self._console)
