"""``slowfast-stack driver``: the NVIDIA driver of a host, and back to the one before."""

from __future__ import annotations

from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.facts import DriverRollback
from slowfast_stack.orchestration import playbooks
from slowfast_stack.orchestration.run_state import HostRun

verbs = Verbs("Restore the NVIDIA driver that was installed before the last change.")


@verbs.add(
    "driver rollback",
    "driver rollback --yes",
    "driver rollback -i inventories/example --limit h100 --dry-run --json",
    changes="nothing until you consent; then the driver packages, and it may reboot.",
)
def rollback(
    *, hosts: options.Hosts, yes: options.Yes = False, dry_run: options.DryRun = False
) -> int:
    """Install the NVIDIA driver that was installed before the last change.

    Shows first what would be installed and removed. Without --yes it asks on a terminal;
    elsewhere it ends with the preview. A host that had no driver before cannot be rolled back;
    use purge there.
    """
    command = HostCommand(hosts, playbooks.DRIVER_ROLLBACK)
    return command.preview_then(
        "rollback_allowed",
        text,
        question="Install them, and reboot where that is needed?",
        yes=yes,
        dry_run=dry_run,
        reboot_allowed=not dry_run,
    )


def text(run: HostRun) -> str:
    """Return what was installed on a host, or would be."""
    result = run.value(DriverRollback)
    packages, removed = ", ".join(result.packages), ", ".join(result.removed) or "nothing"
    if result.done:
        return f"{run.name}: installed {packages}\n  removed {removed}"
    return f"{run.name}: would install {packages}\n  would remove {removed}\n  Add --yes to do it."
