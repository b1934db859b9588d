"""Answers for this machine without Ansible: what it is, and whether it is as planned and proven."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import ownership
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    prefix,
    proven,
)
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import Host
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.probe import Where

NAME = "localhost"
INVENTORY = Path(__file__).parents[1] / "local_inventory"
# The roles that change the host outside the prefix, which no proof covers.
_OUTSIDE = ("nvidia_driver", "cuda")
# What makes a run more than a question for the current stack.
_MORE = ("stack_offline", "stack_rebuild")


def is_selected(limit: str | None) -> bool:
    """Return whether a limit leaves this machine in."""
    return limit in (None, "", NAME, "all")


def require_selected(limit: str | None) -> None:
    """Raise UsageError where a limit leaves this machine out."""
    if not is_selected(limit):
        raise UsageError(
            f"--limit {limit} selects no host.",
            f"Without an inventory there is only {NAME}.",
            "Give the inventory with -i, or omit --limit.",
            code="inventory.no-host",
        )


def host(folder: str | None, asked: Mapping[str, Any]) -> Host:
    """Return what this machine is and what its network reaches."""
    from ansible_collections.slowfast.stack.plugins.module_utils._runner import probed  # noqa: PLC0415

    return probed(_where(prefix.resolve(folder), asked))


def converged(variables: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the facts of this machine where it is as planned and proven; None where a run decides.

    The same question as that of the module ``slowfast.stack.converged``. Without a prefix only
    root's default is known: Ansible may be configured to become root.
    """
    given, asked = variables.get("stack_prefix"), variables.get("stack_request") or {}
    if not (given or ownership.is_root()) or asked.get("locked"):
        return None
    if any(variables.get(name) for name in _MORE):
        return None
    try:
        folder = prefix.resolve(given)
        if proven.begun(folder) is None:
            return None
        from ansible_collections.slowfast.stack.plugins.module_utils._converged import looked  # noqa: PLC0415
        from ansible_collections.slowfast.stack.plugins.plugin_utils._converged import judged  # noqa: PLC0415

        found = judged(looked(folder, _where(folder, asked), remember=True), asked)
    except (StackError, OSError):  # the playbook says more about it
        return None
    if not found["proven"] or any(role in _OUTSIDE for role in found["plan"]["roles"]):
        return None
    return {
        "stack_host": found["host"],
        "stack_plan": found["plan"],
        "stack_proof": found["proven"]["proof"],
    }


def _where(folder: Path, asked: Mapping[str, Any]) -> Where:
    # A verb for other hosts needs none of this.
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import probe  # noqa: PLC0415
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner  # noqa: PLC0415

    return probe.Where(
        prefix=str(folder),
        endpoints=planner.endpoints(asked),
        torch_python=asked.get("adopt_torch"),
        uv=str(Path(sys.executable).with_name("uv")),
        home=str(Path.home()),
    )
