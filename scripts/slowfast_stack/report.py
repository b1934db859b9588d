"""What a finished run means: the exit code, what --json prints, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.errors import StackError
from slowfast_stack import screen
from slowfast_stack.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slowfast_stack.progress import Failure, HostRun, Progress


def facts(progress: Progress, name: str) -> dict[str, Any]:
    """Return one handed-over fact of every host that has it."""
    return {run.name: run.facts[name] for run in progress.hosts.values() if name in run.facts}


def failures(progress: Progress) -> dict[str, Any]:
    """Return why hosts did not get to the end."""
    runs = progress.hosts.values()
    return {run.name: _plain(run.failure) for run in runs if run.failure}


def exit_code(runs: Iterable[HostRun], wanted: str) -> Exit:
    """Return the highest code of all hosts that owe the fact ``wanted``."""
    return max((_code(run, wanted) for run in runs), default=Exit.FAILED)


def summary(run: HostRun) -> dict[str, Any]:
    """Return what ``up --json`` says of a host."""
    return {
        "status": _STATUS[_code(run, "stack_proof")],
        "changed": run.changed,
        "plan": run.facts.get("stack_plan"),
        "proof": run.facts.get("stack_proof"),
        "failure": _plain(run.failure) if run.failure else None,
    }


def complain(progress: Progress) -> None:
    """Tell on standard error why hosts did not get to the end."""
    for run in progress.hosts.values():
        if conflict := run.facts.get("stack_plan", {}).get("conflict"):
            screen.complain(no_plan(run.name, conflict))
        elif run.failure:
            screen.complain(StackError(run.failure.what, run.failure.why, run.failure.next_step))


def no_plan(name: str, conflict: dict[str, list[str]]) -> StackError:
    """Return the error that tells a conflict."""
    facts, because, tries = (conflict.get(key) or [] for key in ("facts", "because", "try"))
    return StackError(
        f"There is no plan for {name}: " + "; ".join(facts),
        "\n".join(because),
        "\n".join(tries),
    )


def sentence(run: HostRun) -> str:
    """Say in one line how a host ended."""
    code = _code(run, "stack_proof")
    if code is not Exit.PROVEN:
        return f"{run.name}: {_STATUS[code]}"
    changes = f"{run.changed} changed" if run.changed else "nothing changed"
    return f"{run.name}: proven, {changes}"


_STATUS = {
    Exit.PROVEN: "proven",
    Exit.FAILED: "failed",
    Exit.NO_PLAN: "no-plan",
    Exit.UNREACHABLE: "unreachable",
}


def _code(run: HostRun, wanted: str) -> Exit:
    if run.failure and run.failure.unreachable:
        return Exit.UNREACHABLE
    if run.facts.get("stack_plan", {}).get("status") == "no-plan":
        return Exit.NO_PLAN
    result = run.facts.get(wanted)
    if run.failure or result is None or not result.get("ok", True):
        return Exit.FAILED
    return Exit.PROVEN


def _plain(failure: Failure) -> dict[str, str]:
    return {"what": failure.what, "why": failure.why, "next": failure.next_step}
