"""``slowfast-stack hosts``: what is known of hosts from earlier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain
from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit
from slowfast_stack.orchestration import fleet, playbooks
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from slowfast_stack.orchestration.fleet import KnownHost

verbs = Verbs()
_COLUMNS = ("host", "status", "seen", "plan", "GPUs", "note")


@verbs.add(
    "hosts",
    "hosts -i inventories/example",
    "hosts -i inventories/example --json",
    "hosts --as-probe | slowfast-stack plan --host - --torch newest",
    changes="nothing.",
)
def hosts(
    *,
    inventory: Annotated[
        str | None,
        typer.Option(
            "-i", "--inventory", metavar="PATH", help="Only hosts of this inventory; default: all."
        ),
    ] = None,
    prefix: options.Prefix = None,
    as_probe: Annotated[
        bool, typer.Option("--as-probe", help="Print the hosts as `probe --json` recorded them.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Show what is known of hosts from earlier runs.

    Asks none of them. For each host: how its last `up` or `prove` ended, when it was last seen, the
    id of its newest plan, and how that differs from what was proven. `up --retry` runs those again
    that are not proven. The records are in the state folder of the user, a file for each host.
    """
    play = playbooks.UP.play(inventory, prefix=prefix) if inventory or prefix else None
    rows = fleet.known(play)
    if as_probe:
        terminal.print_json({"hosts": {row.name: row.host for row in rows if row.host}})
    else:
        terminal.show({"hosts": [_data(row) for row in rows]}, _lines(rows), as_json=json)
    return Exit.PROVEN


def _lines(rows: list[KnownHost]) -> list[str]:
    if not rows:
        return ["No run is recorded."]
    cells = [_COLUMNS, *map(_cells, rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(_COLUMNS))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _data(row: KnownHost) -> dict[str, object]:
    found = plain(row)
    return {
        **{key: found[key] for key in found if key not in ("host", "schema")},
        "drift": row.drift,
    }


def _cells(row: KnownHost) -> tuple[str, ...]:
    gpus = row.host.get("gpus")
    count = str(len(gpus)) if isinstance(gpus, list) else ""
    message = (row.message or "").partition("\n")[0]
    note = row.drift or (f"{row.code}: {message}" if row.code else "")
    return row.name, row.status or "-", row.seen or "-", row.plan or "-", count, note
