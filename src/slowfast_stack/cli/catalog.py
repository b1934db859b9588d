"""``slowfast-stack catalog``: what is known of GPUs, drivers, toolkits and wheels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import saved
from slowfast_stack import catalog_export
from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.ui import terminal

verbs = Verbs("Export what is known of GPUs, drivers, toolkits and wheels.")


@verbs.add(
    "catalog export > catalog.json",
    "catalog export --output catalog.json",
    "catalog export gpus.chips torch.code",
    changes="with --output that file.",
)
def export(
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="TABLE", help="Only these tables, as `catalog list` names them."),
    ] = None,
    *,
    output: Annotated[Path | None, options.output("Write into this file.")] = None,
) -> int:
    """Export the catalog as JSON, with the source and the date of every cell.

    The source of a cell is `sources[row.cell_sources[FIELD]]` where a row has that entry, and
    `sources[row.source]` otherwise.
    """
    known = [*catalog_export.tables(), catalog_export.FILES]
    for name in tables or ():
        if name not in known:
            raise UsageError(
                f"The catalog has no table {name}.",
                f"It has {', '.join(known)}.",
                "For example: slowfast-stack catalog export gpus.chips",
                code="cli.unknown-value",
            )
    made = catalog_export.export(tables or ())
    if output is None:
        terminal.print_json(made, schema=catalog_export.SCHEMA)
    else:
        saved.write(output, made)
    return Exit.PROVEN


@verbs.add("catalog list", "catalog list --json", name="list", changes="nothing.")
def list_(*, json: options.Json = False) -> int:
    """List the tables of the catalog."""
    made = catalog_export.export()["tables"]
    rows = [
        {"table": name, "rows": len(table["rows"]), "about": table["about"]}
        for name, table in made.items()
    ]
    lines = [
        f"{row['table']:28} {row['rows']:>5}  {str(row['about']).partition('.')[0]}" for row in rows
    ]
    terminal.show({"tables": rows}, lines, as_json=json)
    return Exit.PROVEN
