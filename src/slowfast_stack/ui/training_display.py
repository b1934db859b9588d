"""What a person sees of a run: a live picture on a terminal, elsewhere a line for each news."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from slowfast_stack.training.run_state import words
from slowfast_stack.ui.live_display import clock

if TYPE_CHECKING:
    from typing import Self

    from rich.console import Console, RenderableType

    from slowfast_stack.training.run_state import Course

_BAR = 30


class Lines:
    """Print each piece of news behind the time since the start."""

    def __init__(self, console: Console) -> None:
        """Print to a console."""
        self._console = console
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, *_: object) -> None:
        """Have nothing to end."""

    def show(self, news: str) -> None:
        """Print a piece of news."""
        if news:
            line = f"{clock(time.monotonic() - self._started)}  {news}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Picture:
    """Redraw phase, epoch, iteration, loss and time left several times a second."""

    def __init__(self, console: Console, course: Course, title: str) -> None:
        """Draw a course under a title."""
        self._console, self._course, self._title = console, course, title
        self._started = time.monotonic()
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last picture standing."""
        self._live.stop()

    def show(self, news: str) -> None:
        """Leave it to the next redraw."""

    def _draw(self) -> RenderableType:
        course = self._course
        table = Table.grid(padding=(0, 2))
        spent = clock(time.monotonic() - self._started)
        table.add_row(Text(self._title, "bold"), Text(course.phase or "starting", "cyan"), spent)
        if course.epochs:
            done = course.first_epoch - 1 if course.first_epoch else 0
            table.add_row("epoch", _bar(max(done, course.epoch - 1), course.epochs), course.place())
        if course.iterations:
            table.add_row("iteration", _bar(course.iteration, course.iterations), course.figures())
        scores = course.tested or course.evaluated
        if scores:
            table.add_row("scores", words(scores), "")
        return table


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(total=total, completed=done, width=_BAR)


def choose(console: Console, course: Course, title: str) -> Lines | Picture:
    """Return the view that suits the console."""
    return Picture(console, course, title) if console.is_terminal else Lines(console)
