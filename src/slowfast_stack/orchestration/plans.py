"""The plans of this machine, of an inventory, or of a machine that you do not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from slowfast_stack import what_if
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import playbooks
from slowfast_stack.orchestration.run_state import HostRun
from slowfast_stack.orchestration.session import Session
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from slowfast_stack.what_if import Machine


def runs(
    machine: Machine | None,
    inventory: str | None,
    wanted: dict[str, Any],
    *,
    limit: str | None,
    prefix: str | None,
    as_json: bool,
    verbose: int,
) -> list[HostRun]:
    """Return hosts and plans as facts, one entry a host. Raises UsageError."""
    if machine and inventory:
        raise UsageError(
            "-i and the what-if options exclude each other.",
            "An inventory names hosts that are there.",
            "Leave one of them away.",
            code="cli.conflicting-options",
        )
    if machine:
        host = what_if.host(machine, list(planner.endpoints(wanted)))
        return [_planned("what-if", host, wanted)]
    if inventory is None:
        from slowfast_stack.orchestration import localhost  # noqa: PLC0415  (it brings urllib: 50 ms)

        return [_planned(localhost.NAME, localhost.host(prefix, wanted), wanted)]
    play = playbooks.play("plan", inventory, limit=limit, prefix=prefix, request=wanted)
    session = Session(terminal.console(as_json=as_json), verbose)
    return session.follow(play, "plan", steps=("probe", "plan"))


def _planned(name: str, host: dict[str, Any], wanted: dict[str, Any]) -> HostRun:
    plan = planner.plan(host, wanted).to_dict()
    return HostRun(name, facts={"stack_host": host, "stack_plan": plan})
