"""``slowfast-stack rollback``: the stacks of a host, and back to an earlier one."""

from __future__ import annotations

from typing import Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.facts import InstalledStack, Rollback
from slowfast_stack.orchestration import playbooks
from slowfast_stack.orchestration.run_state import HostRun

verbs = Verbs()


@verbs.add(
    "rollback",
    "rollback --list",
    "rollback 3f9a -i inventories/example --limit gpu01",
    "rollback --keep 1",
    changes="the link `current` of the prefix; with --keep, old stacks are removed.",
)
def rollback(
    stack: Annotated[
        str | None, typer.Argument(help="Stack ID or unique prefix.", metavar="ID")
    ] = None,
    *,
    hosts: options.Hosts,
    prefix: options.Prefix = None,
    list_: Annotated[bool, typer.Option("--list", help="List the stacks; change nothing.")] = False,
    unproven: Annotated[
        bool, typer.Option("--unproven", help="Accept a stack whose proof does not hold.")
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Remove all but N stacks beside the current one."),
    ] = None,
) -> int:
    """Switch back to an earlier stack; list and remove stacks.

    Without an ID, switches to the proven stack that was current before; running it again switches
    forward again. `--keep N` removes old stacks, never the current one and none that is in use,
    and switches only with an ID.
    """
    if list_ and (stack or keep is not None):
        raise UsageError(
            "--list changes nothing.",
            f"{stack or '--keep'} would change the stacks.",
            f"Omit --list, or {stack or '--keep'}.",
            code="cli.conflicting-options",
        )
    command = HostCommand(hosts, playbooks.ROLLBACK)
    play = playbooks.ROLLBACK.play(
        hosts.inventory,
        limit=hosts.limit,
        prefix=prefix,
        unproven=unproven,
        keep=None if keep is None else str(keep),
        use=stack,
    )
    if list_ or (keep is not None and not stack):
        play.variables["stack_use"] = ""
    return command.report(playbooks.ROLLBACK.follow(command.session, play), text)


def text(run: HostRun) -> str:
    """Return what was done on a host, and its stacks, a line each."""
    result = run.value(Rollback)
    parts = [f"now uses {result.switched}"] if result.switched else []
    parts += [f"removed {', '.join(result.removed)}"] if result.removed else []
    unchanged = "nothing changed" if result.stacks else "there is no stack"
    lines = [f"{run.name}: {'; '.join(parts) or unchanged}"]
    return "\n".join([*lines, *(f"  {_line(stack)}" for stack in result.stacks)])


def _line(stack: InstalledStack) -> str:
    mark = "current" if stack.current else "previous" if stack.previous else ""
    versions = ", ".join(f"{name} {number}" for name, number in stack.versions.items())
    when, size = stack.proven_at or "-", f"{stack.size_mib} MiB"
    return f"{stack.id}  {mark:<8}  {stack.state:<8}  {when:<20}  {size:>9}  {versions}"
