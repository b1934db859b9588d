"""``slowfast-stack rollback``: the stacks of a host, and back to an earlier one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from slowfast_stack.cli import options
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import playbooks, results
from slowfast_stack.orchestration.session import Session
from slowfast_stack.ui import terminal

EXAMPLES = """
slowfast-stack rollback
slowfast-stack rollback --list
slowfast-stack rollback 3f9a -i inventories/example --limit gpu01
slowfast-stack rollback --keep 1
"""
NOTHING = "no stack is there"


def rollback(  # noqa: PLR0913  (each is an option)
    stack: Annotated[
        str | None, typer.Argument(help="The id of a stack, or its beginning.", metavar="[ID]")
    ] = None,
    *,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    prefix: options.Prefix = None,
    list_: Annotated[bool, typer.Option("--list", help="Switch nothing; show the stacks.")] = False,
    unproven: Annotated[
        bool, typer.Option("--unproven", help="Take a stack whose proof does not hold, too.")
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Remove all but N stacks beside the current one."),
    ] = None,
    json: options.AsJson = False,
    verbose: options.Verbose = 0,
) -> int:
    """Switch back to an earlier stack.

    Without an ID to the proven one that was current before; the switch is one
    rename. `--list` only shows what is there. `--keep N` removes old stacks,
    never the current one and none that is in use, and switches only with an ID.
    """
    if list_ and stack:
        raise UsageError(
            "--list switches nothing.",
            hint=f"Leave out --list, or {stack}.",
            code="cli.conflicting-options",
        )
    play = playbooks.play(
        "rollback",
        inventory,
        limit=limit,
        prefix=prefix,
        unproven=unproven,
        keep=None if keep is None else str(keep),
        use=stack,
    )
    if list_ or (keep is not None and not stack):
        play.variables["stack_use"] = ""
    runs = Session(terminal.console(as_json=json), verbose).follow(play, "rollback", ("rollback",))
    found = results.facts(runs, "stack_rollback")
    if json:
        terminal.print_hosts(found, errors=results.errors(runs, "stack_rollback"))
    else:
        print("\n".join(told(name, done) for name, done in found.items()))
    results.print_errors(runs, "stack_rollback")
    return results.exit_code(runs, "stack_rollback")


def told(name: str, done: dict[str, Any]) -> str:
    """Return what was done on a host, and its stacks, a line each."""
    lines = [f"{name}: {_change(done)}"]
    lines += [f"  {_line(stack)}" for stack in done["stacks"]]
    return "\n".join(lines)


def _change(done: dict[str, Any]) -> str:
    parts = [f"now uses {done['switched']}"] if done["switched"] else []
    parts += [f"removed {', '.join(done['removed'])}"] if done["removed"] else []
    return "; ".join(parts) or ("nothing changed" if done["stacks"] else NOTHING)


def _line(stack: dict[str, Any]) -> str:
    mark = "current" if stack["current"] else "previous" if stack["previous"] else ""
    versions = ", ".join(f"{name} {number}" for name, number in stack["versions"].items())
    when = stack["proven_at"] or "-"
    size = f"{stack['size_mib']} MiB"
    return f"{stack['id']}  {mark:<8}  {stack['state']:<8}  {when:<20}  {size:>9}  {versions}"
