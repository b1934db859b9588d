"""The four verbs as functions: probe, plan, up and prove; plans also of a machine that does not exist.

These functions are the Python API: ``from slowfast_stack import probe, plan, up, prove``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._trust import Accepted
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import localhost, playbooks
from slowfast_stack.orchestration.results import Results
from slowfast_stack.orchestration.run_state import HostRun
from slowfast_stack.orchestration.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import Host
    from slowfast_stack.what_if import Machine

SILENT = Session()
ONLY_SIGNED = Accepted()


def probe(
    inventory: str | None = None,
    *,
    limit: str | None = None,
    prefix: str | None = None,
    session: Session = SILENT,
) -> Results:
    """Read this machine, or the hosts of an inventory, as they are; change nothing.

    Raises UsageError, Interrupted and StackError; what went wrong on a host is in the results.
    """
    if inventory is None:
        localhost.require_selected(limit)
        facts: dict[str, Mapping[str, object]] = {
            "stack_host": localhost.host(prefix, {}).to_dict()
        }
        return Results([HostRun(localhost.NAME, facts=facts)], "stack_host")
    return playbooks.PROBE.run(inventory, session=session, limit=limit, prefix=prefix)


def plan(
    inventory: str | None = None,
    *,
    request: Mapping[str, object] | None = None,
    machine: Machine | None = None,
    recorded: Sequence[str] = (),
    limit: str | None = None,
    prefix: str | None = None,
    session: Session = SILENT,
) -> Results:
    """Plan this machine, the hosts of an inventory, or a ``machine`` that does not exist.

    ``recorded`` are files or folders of hosts that were probed elsewhere, or ``-``. ``request`` is
    what ``slowfast_stack.orchestration.request.build`` returns. Changes nothing.
    Raises UsageError, Interrupted and StackError; a conflict is in the plan itself.
    """
    asked = request or {}
    _require_one_kind(inventory or limit, machine, recorded)
    if machine is None and inventory is not None:
        return playbooks.PLAN.run(
            inventory, session=session, limit=limit, prefix=prefix, request=asked
        )
    if recorded:
        from slowfast_stack import recorded_hosts  # noqa: PLC0415

        hosts = recorded_hosts.read(recorded)
    elif machine is not None:
        from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner  # noqa: PLC0415  (only where this process plans)
        from slowfast_stack import what_if  # noqa: PLC0415

        hosts = {"what-if": what_if.host(machine, list(planner.endpoints(asked)))}
    else:
        localhost.require_selected(limit)
        hosts = {localhost.NAME: localhost.host(prefix, asked)}
    return Results([_planned(name, host, asked) for name, host in hosts.items()], "stack_plan")


def _require_one_kind(
    inventory: str | None, machine: Machine | None, recorded: Sequence[str]
) -> None:
    """Refuse two descriptions of the hosts. Raises UsageError."""
    causes = {
        "-i and --limit": inventory and "An inventory names hosts that exist.",
        "the what-if options": machine and "They describe a machine that does not exist.",
        "--host": recorded and "It names hosts that were recorded.",
    }
    given = [kind for kind, cause in causes.items() if cause]
    if len(given) > 1:
        raise UsageError(
            f"{given[0]} and {given[1]} exclude each other.",
            f"{causes[given[0]]} {causes[given[1]]}",
            "Leave one of them out.",
            code="cli.conflicting-options",
        )


def _planned(name: str, host: Host, asked: Mapping[str, object]) -> HostRun:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner  # noqa: PLC0415  (only where this process plans)

    facts: dict[str, Mapping[str, object]] = {
        "stack_host": host.to_dict(),
        "stack_plan": planner.plan(host, asked).to_dict(),
    }
    return HostRun(name, facts=facts)


def up(  # noqa: PLR0913  (each is one choice of the user)
    inventory: str | None = None,
    *,
    request: Mapping[str, object] | None = None,
    bundle: str | None = None,
    accepted: Accepted = ONLY_SIGNED,
    consent: bool = False,
    limit: str | None = None,
    prefix: str | None = None,
    session: Session = SILENT,
) -> Results:
    """Probe, plan, apply and prove; with ``consent`` a host may be rebooted.

    ``bundle`` is the path of a bundle that replaces the network; it needs a trusted signature, or
    what is ``accepted`` instead. An interrupted run resumes.
    Raises UsageError, Interrupted and StackError; what went wrong on a host is in the results.
    """
    variables: dict[str, object] = {"request": request, "reboot_allowed": consent}
    if bundle:
        from slowfast_stack.orchestration import trust  # noqa: PLC0415  (only where it is read)

        variables |= {"offline": bundle, "digest": trust.bundle(Path(bundle), accepted)}
    return playbooks.UP.run(inventory, session=session, limit=limit, prefix=prefix, **variables)


def prove(
    inventory: str | None = None,
    *,
    limit: str | None = None,
    prefix: str | None = None,
    deep: bool = False,
    session: Session = SILENT,
) -> Results:
    """Run the proof of the current stack of each host again; with ``deep``, read every file.

    Raises UsageError, Interrupted and StackError; what went wrong on a host is in the results.
    """
    return playbooks.PROVE.run(inventory, session=session, limit=limit, prefix=prefix, deep=deep)
