"""Probe this machine through the library, without Ansible."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._runner import probed
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import prefix
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import probe
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration.playbooks import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import Host


def require_selected(limit: str | None) -> None:
    """Raise UsageError where a limit leaves this machine out."""
    if limit not in (None, "", NAME, "all"):
        raise UsageError(
            f"--limit {limit} selects no host.",
            f"Without an inventory there is only {NAME}.",
            "Give the inventory with -i, or omit --limit.",
            code="inventory.no-host",
        )


def host(folder: str | None, asked: Mapping[str, Any]) -> Host:
    """Return what this machine is and what its network reaches."""
    where = probe.Where(
        prefix=str(prefix.resolve(folder)),
        endpoints=planner.endpoints(asked),
        torch_python=asked.get("adopt_torch"),
        uv=str(Path(sys.executable).with_name("uv")),
        home=str(Path.home()),
    )
    return probed(where)
