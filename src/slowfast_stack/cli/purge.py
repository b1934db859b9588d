"""``slowfast-stack purge``: remove the NVIDIA driver, CUDA or both."""

from __future__ import annotations

from typing import Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.facts import Purge
from slowfast_stack.orchestration import playbooks
from slowfast_stack.orchestration.run_state import HostRun

PARTS = ("driver", "cuda")
verbs = Verbs()


@verbs.add(
    "purge",
    "purge cuda --yes",
    "purge driver -i inventories/example --limit h100 --dry-run --json",
    changes="nothing until you consent; then the packages and files that the preview lists.",
)
def purge(
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="driver|cuda", help="What to remove; default: both."),
    ] = None,
    *,
    hosts: options.Hosts,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    dependents: Annotated[
        bool,
        typer.Option("--dependents", help="Also remove other packages that depend on them."),
    ] = False,
) -> int:
    """Remove the NVIDIA driver, CUDA or both.

    Shows first what the package manager would remove. Without --yes it asks on a terminal;
    elsewhere it ends with the preview. Packages of others that depend on them stop it.
    """
    unknown = sorted(set(parts or ()) - set(PARTS))
    if unknown:
        raise UsageError(
            f"{unknown[0]} is not a part that can be purged.",
            f"The parts are {' and '.join(PARTS)}.",
            "Give one of them, or both.",
            code="cli.unknown-value",
        )
    command = HostCommand(hosts, playbooks.PURGE)
    return command.preview_then(
        "purge_allowed",
        text,
        question="Remove them?",
        yes=yes,
        dry_run=dry_run,
        purge=parts,
        purge_dependents_allowed=dependents,
    )


def text(run: HostRun) -> str:
    """Return what was removed from a host, or would be."""
    result = run.value(Purge)
    verb = "removed" if result.removed else "would remove"
    lines = [f"{run.name}: {verb} {', '.join(result.packages) or 'nothing'}"]
    if result.dependents:
        lines.append(f"  other packages that depend on them: {', '.join(result.dependents)}")
    if result.packages and not result.removed:
        lines.append("  Add --yes to remove them.")
    return "\n".join(lines)
