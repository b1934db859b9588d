"""``slowfast-stack lock``: what the proven stacks are made of."""

from __future__ import annotations

import json as texts
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import replacing
from slowfast_stack.cli import options
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.orchestration import playbooks, results
from slowfast_stack.orchestration.session import Session
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = """
slowfast-stack lock
slowfast-stack lock -o stack.lock.json --sbom stack.cdx.json
slowfast-stack lock -i inventories/example --json
slowfast-stack up --locked stack.lock.json
"""


def lock(
    *,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    prefix: options.Prefix = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the lock.")
    ] = None,
    sbom: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a CycloneDX 1.6 bill of materials (JSON)."),
    ] = None,
    json: options.AsJson = False,
    verbose: options.Verbose = 0,
) -> int:
    """Show and export the locks.

    A lock lists every package with version and digest, every source with its
    commit and patches, the compilers and their flags. `up --locked FILE` makes
    the same stack elsewhere, or fails and says what differs.
    """
    play = playbooks.play("lock", inventory, limit=limit, prefix=prefix)
    runs = Session(terminal.console(as_json=json), verbose).follow(play, "lock", steps=("lock",))
    locks = results.facts(runs, "stack_lock")
    ended = results.exit_code(runs, "stack_lock")
    if ended is Exit.PROVEN and (output or sbom):
        _export(locks, output, sbom)
    if json:
        terminal.print_hosts(locks, errors=results.errors(runs, "stack_lock"))
    else:
        for name, found in locks.items():
            print("\n".join(_lines(name, found)))
    results.print_errors(runs, "stack_lock")
    return ended


def _export(locks: dict[str, Any], output: Path | None, sbom: Path | None) -> None:
    if len(locks) != 1:
        raise UsageError(
            f"{len(locks)} hosts have a lock.",
            "A file holds that of one host.",
            f"Name one with --limit: {', '.join(locks)}.",
            code="cli.several-hosts",
        )
    ((name, found),) = locks.items()
    if output:
        _write(output, lambda: texts.dumps(found, indent=1, sort_keys=True) + "\n")
    if sbom:
        from slowfast_stack import sbom as bill_of_materials

        _write(sbom, lambda: bill_of_materials.of_materials(name, found))


def _write(path: Path, text: Callable[[], str]) -> None:
    try:
        with replacing(path) as fresh:
            fresh.write_text(text(), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written.",
            f"{error.strerror}.",
            "Give a file in a folder that exists and that you can write.",
            code="file.not-writable",
        ) from error


def _lines(name: str, found: dict[str, Any]) -> list[str]:
    plan, python = found["plan"], found["python"]
    origins = [row["origin"] for row in found["packages"]]
    counted = ", ".join(f"{origins.count(o)} {o}" for o in dict.fromkeys(sorted(origins)))
    lines = [f"Lock of {name} (stack {plan['id']})"]
    lines += [f"  Python    {python['implementation']} {python['version']}"]
    lines += [f"  torch     {plan['torch']['version']} {plan['torch']['variant']}"]
    lines += [f"  packages  {len(origins)}: {counted}"]
    lines += [
        f"  source    {source} {row.get('commit') or row['requirement']}"
        for source, row in found["sources"].items()
    ]
    lines += [f"  {tool:<8}  {said}" for tool, said in found["compilers"].items() if said]
    return lines
