"""How the hosts of a run ended: the value of each, the errors, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import NO_PLAN, Exit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Conflict
    from slowfast_stack.facts import Proof
    from slowfast_stack.orchestration.run_state import Failure, HostRun

STATUS = {
    Exit.PROVEN: "proven",
    Exit.FAILED: "failed",
    Exit.NO_PLAN: "no-plan",
    Exit.UNREACHABLE: "unreachable",
}


@dataclass(frozen=True)
class Results:
    """The hosts of a run that should each end with the host fact ``fact``."""

    runs: list[HostRun]
    fact: str

    @property
    def values(self) -> dict[str, Mapping[str, object]]:
        """Return the fact of every host that has it, as ``--json`` prints it."""
        return {run.name: run.facts[self.fact] for run in self.runs if run.facts.get(self.fact)}

    @property
    def proofs(self) -> dict[str, Proof]:
        """Return the proof of every host that has one."""
        return {run.name: run.proof for run in self.runs if run.proof}

    @property
    def exit_code(self) -> Exit:
        """Return the highest exit code of all hosts."""
        return max((self.code(run) for run in self.runs), default=Exit.FAILED)

    def code(self, run: HostRun) -> Exit:
        """Return how a host ended."""
        if self.fact == "stack_host" and self.fact in run.facts:
            return Exit.PROVEN
        if run.conflict:
            return Exit.NO_PLAN
        if run.failure:
            refused = Exit.NO_PLAN if run.failure.code in NO_PLAN else Exit.FAILED
            return Exit.UNREACHABLE if run.failure.unreachable else refused
        value = run.facts.get(self.fact)
        return Exit.PROVEN if value and value.get("ok", True) else Exit.FAILED

    def errors(self) -> dict[str, dict[str, str]]:
        """Return why hosts failed, as plain data; a conflict is in the plan itself."""
        return {
            run.name: error(run.failure).to_dict()
            for run in self.runs
            if run.failure and not run.conflict and self.code(run) is not Exit.PROVEN
        }

    def failures(self) -> Iterator[StackError]:
        """Yield the error of each host that has no result."""
        for run in self.runs:
            code = self.code(run)
            if run.conflict:
                yield no_plan(run.name, run.conflict)
            elif code is not Exit.PROVEN and run.failure:
                yield error(run.failure)


def no_plan(name: str, conflict: Conflict) -> StackError:
    """Return the error of a host whose constraints contradict each other."""
    return StackError(
        f"There is no plan for {name}: " + "; ".join(conflict.facts),
        "\n".join(conflict.because),
        "\n".join(conflict.remedies),
        code="planner.no-candidate",
    )


def error(failure: Failure) -> StackError:
    """Return the error of a failed host."""
    return StackError(failure.message, failure.cause, failure.hint, code=failure.code)
