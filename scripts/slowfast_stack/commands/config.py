"""``slowfast-stack config``: read, make and check configurations of SlowFast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slowfast_stack import options, screen
from slowfast_stack.exits import Exit

EXAMPLES = """
slowfast-stack config explain SLOWFAST_8x8_R50
slowfast-stack config explain configs/AVA/c2/SLOW_8x8_R50 --source ~/SlowFast
"""
group = typer.Typer(
    help="Read a configuration's name or file.", no_args_is_help=True, rich_markup_mode=None
)
Source = Annotated[
    Path | None, typer.Option(metavar="DIR", help="A checkout of SlowFast to find the file in.")
]


@group.command(epilog=f"\b\nExamples:{EXAMPLES.replace(chr(10), chr(10) + '  ').rstrip()}")
def explain(
    name: Annotated[str, typer.Argument(help="Name or file of a configuration.")],
    *,
    source: Source = None,
    json: options.AsJson = False,
) -> int:
    """Say what a configuration's name means, and whether its file agrees.

    A name alone is explained; of a file, or of a name found in --source, the
    content is compared with the name.
    """
    from slowfast_stack.configs import explain as explaining  # noqa: PLC0415  (brings YAML)
    from slowfast_stack.configs import telling  # noqa: PLC0415

    told = explaining.explain(name, source)
    if json:
        screen.tell(told)
    else:
        print("\n".join(telling.lines(told)))
    unreadable = told["file"] is not None and told["file"]["error"] is not None
    return Exit.FAILED if unreadable else Exit.PROVEN
