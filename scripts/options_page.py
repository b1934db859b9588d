#!/usr/bin/env python3
"""Write the tables of commands and of their options into docs/command_line.md.

options_page.py            write the tables
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


def command_table() -> str:
    """Return one row for each command: its name, what it does, what it changes."""
    lines = ["| command | what it does | changes |", "|---|---|---|"]
    for name, command in commands():
        does = command.help.partition("\n")[0]
        changes = command.epilog.partition("Changes: ")[2].partition("\n")[0]
        lines.append(f"| `slowfast-stack {name}` | {does} | {changes} |")
    return "\n".join(lines) + "\n"


def table() -> str:
    """Return one row for each option and meaning: its name, what it means, the verbs that have it."""
    rows: dict[tuple[str, str], tuple[Option, list[str]]] = {}
    for option in options():
        rows.setdefault((option.name, option.help), (option, []))[1].append(option.verb)
    lines = ["| option | meaning | verbs |", "|---|---|---|"]
    for (name, _help), (option, verbs) in sorted(rows.items()):
        label = f"{name} {option.metavar or ''}".strip().replace("|", "\\|")
        lines.append(f"| `{label}` | {option.help} | {', '.join(verbs)} |")
    return "\n".join(lines) + "\n"


def written(page: str) -> str:
    """Return the page with both tables as they are now, each between its two marks."""
    for mark, text in (("commands", command_table()), ("options", table())):
        begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->\n"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"
    return page


def main() -> int:
    """Write the tables, or compare them."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        return 0 if written(page) == page else 1
    PAGE.write_text(written(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
