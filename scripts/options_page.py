#!/usr/bin/env python3
"""Write the table of options over verbs into docs/command_line.md.

options_page.py            write the table
options_page.py --check    compare the page with the command line; 1 if it differs
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "src")]

import typer.main

from slowfast_stack.cli import app as command_line

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs/command_line.md"
BEGIN, END = "<!-- options -->\n", "<!-- end of options -->\n"


class Option(NamedTuple):
    """An option of one verb."""

    verb: str
    name: str
    metavar: str | None
    help: str
    is_flag: bool


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its name, such as ``models get``."""
    root: Any = typer.main.get_command(command_line.app)
    context = root.make_context("slowfast-stack", [], resilient_parsing=True)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        below = getattr(command, "commands", {"": command})
        for child, found in below.items():
            yield f"{name} {child}".strip(), found


def options() -> Iterator[Option]:
    """Yield the options of every command but --help."""
    for verb, command in commands():
        for found in command.params:
            if found.param_type_name == "option":
                name = max(found.opts, key=len)
                yield Option(verb, name, found.metavar, found.help or "", found.is_flag)


def table() -> str:
    """Return one row for each option: its name, what it means, the verbs that have it."""
    rows: dict[str, tuple[Option, list[str]]] = {}
    for option in options():
        rows.setdefault(option.name, (option, []))[1].append(option.verb)
    lines = ["| option | meaning | verbs |", "|---|---|---|"]
    for name, (option, verbs) in sorted(rows.items()):
        label = f"{name} {option.metavar or ''}".strip().replace("|", "\\|")
        lines.append(f"| `{label}` | {option.help} | {', '.join(verbs)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the table, or compare it."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    text = f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"
    if "--check" in sys.argv[1:]:
        return 0 if text == page else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
