"""What a finished run means: the exit code, what --json prints, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Exit
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from slowfast_stack.orchestration.run_state import Failure, HostRun


def facts(runs: list[HostRun], name: str) -> dict[str, Any]:
    """Return one handed-over fact of every host that has it."""
    return {run.name: run.facts[name] for run in runs if run.facts.get(name)}


def exit_code(runs: list[HostRun], wanted: str) -> Exit:
    """Return the highest code of all hosts that owe the fact ``wanted``."""
    return max((code(run, wanted) for run in runs), default=Exit.FAILED)


def code(run: HostRun, wanted: str) -> Exit:
    """Return how a host ended that owes the fact ``wanted``."""
    if wanted == "stack_host" and wanted in run.facts:
        return Exit.PROVEN
    if run.facts.get("stack_plan", {}).get("status") == "no-plan":
        return Exit.NO_PLAN
    if run.failure:
        return Exit.UNREACHABLE if run.failure.unreachable else Exit.FAILED
    result = run.facts.get(wanted)
    return Exit.PROVEN if result and result.get("ok", True) else Exit.FAILED


def errors(runs: list[HostRun], wanted: str) -> dict[str, Any]:
    """Return why hosts did not get to the fact ``wanted``; a conflict stands in the plan itself."""
    return {
        run.name: _error(run.failure).to_dict()
        for run in runs
        if run.failure and code(run, wanted) in (Exit.FAILED, Exit.UNREACHABLE)
    }


def print_errors(runs: list[HostRun], wanted: str) -> None:
    """Tell on standard error why hosts did not get to the fact ``wanted``."""
    for run in runs:
        ended = code(run, wanted)
        if ended is Exit.NO_PLAN:
            terminal.print_error(no_plan(run.name, run.facts["stack_plan"]["conflict"] or {}))
        elif ended is not Exit.PROVEN and run.failure:
            terminal.print_error(_error(run.failure))


def summary(run: HostRun) -> dict[str, Any]:
    """Return what ``up --json`` says of a host."""
    return {
        "status": _STATUS[code(run, "stack_proof")],
        "changed": run.changed,
        "plan": run.facts.get("stack_plan"),
        "proof": run.facts.get("stack_proof"),
        "failure": _error(run.failure).to_dict() if run.failure else None,
    }


def no_plan(name: str, conflict: dict[str, list[str]]) -> StackError:
    """Return the error that tells a conflict."""
    given, because, tries = (conflict.get(key) or [] for key in ("facts", "because", "try"))
    return StackError(
        f"There is no plan for {name}: " + "; ".join(given),
        "\n".join(because),
        "\n".join(tries),
        code="planner.no-candidate",
    )


def sentence(run: HostRun) -> str:
    """Say in one line how a host ended, and in another one what more there could be."""
    ended = code(run, "stack_proof")
    if ended is not Exit.PROVEN:
        return f"{run.name}: {_STATUS[ended]}"
    claims = run.facts["stack_proof"].get("claims", [])
    skipped = sum(claim.get("ok") is None for claim in claims)
    parts = ["proven", f"{run.changed} changed" if run.changed else "nothing changed"]
    parts += [f"claims skipped: {skipped}"] if skipped else []
    more = run.facts.get("stack_plan", {}).get("full_network_adds")
    return f"{run.name}: {', '.join(parts)}" + (f"\n  {more}" if more else "")


_STATUS = {
    Exit.PROVEN: "proven",
    Exit.FAILED: "failed",
    Exit.NO_PLAN: "no-plan",
    Exit.UNREACHABLE: "unreachable",
}


def _error(failure: Failure) -> StackError:
    return StackError(failure.message, failure.cause, failure.hint, code=failure.code)
