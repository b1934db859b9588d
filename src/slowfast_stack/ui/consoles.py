"""A console of rich for text that others wrote: no markup is read, nothing steers the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.segment import Segment

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.display import escaped
from slowfast_stack.known_secrets import hidden
from slowfast_stack.ui.streams import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.text import Text


class GuardedConsole(Console):
    """A console on standard output, or standard error, that takes every text as it is."""

    def __init__(self, *, stderr: bool = False) -> None:
        """Write to a stream as it is now; only rich's own styles and movements reach it raw."""
        stream = sys.stderr if stderr else sys.stdout
        super().__init__(file=unescaped(stream), markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401  (those of rich)
        """Hide secrets before the text is broken into lines."""
        return super().render_str(hidden(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render text with characters that steer a terminal shown as escapes."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(escaped(segment.text), segment.style)
