"""The state of each host of a playbook run, updated by the events of ansible-runner.

A playbook returns its result as a host fact, because that is also what a user sees who runs it
with ansible-playbook; ``playbooks.py`` names the fact of each verb.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.error_codes import CODES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.limits import require_small
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import mapping
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    Conflict,
    NoPlan,
    Plan,
    from_dict,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms import recognize
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms.lines import texts
from slowfast_stack.facts import FACTS, Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    F = TypeVar("F", bound=Fact)

# What Ansible puts before the message of a filter.
_WRAPPING = re.compile(r"^Task failed: .*The filter plugin '\S+' failed: ", re.DOTALL)
# An error that crossed Ansible as text (``StackError.labelled``).
_LABELLED = re.compile(
    r"\[(?P<code>[a-z]+\.[a-z-]+)\] (?P<message>.*)\ncause: (?P<cause>.*)\nhint: (?P<hint>.*)",
    re.DOTALL,
)
_CODED = re.compile(r"\[[a-z]+\.[a-z-]+\] ")
_NOTICES, _NOTICE_LENGTH = 50, 2000  # of one host
_LAST_LINES = 12  # of each output of a task
_SET_FACT = ("set_fact", "ansible.builtin.set_fact")
Event = dict[str, Any]  # of ansible-runner, and each part of one


class State(Enum):
    """The state of a step."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass
class Step:
    """One line of the live display: a verb, or a role that the plan names."""

    name: str
    state: State = State.PENDING
    spent: float = 0.0
    since: float = 0.0

    def seconds(self, now: float) -> float:
        """Return how long the step has taken so far."""
        return self.spent + (now - self.since if self.state is State.RUNNING else 0.0)


@dataclass(frozen=True)
class Failure:
    """Why a host failed; ``refused`` where its answer has another shape than its module gives it."""

    message: str
    cause: str
    hint: str = ""
    code: str = "ansible.task-failed"
    unreachable: bool = False
    refused: bool = False


@dataclass
class HostRun:
    """One host of a playbook run; ``facts`` are its results as Ansible returned them.

    ``notices`` are what its modules said although nothing failed.
    """

    name: str
    steps: list[Step] = field(default_factory=list)
    task: str = ""
    task_started: float = 0.0
    changed: int = 0
    facts: dict[str, Mapping[str, object]] = field(default_factory=dict)
    failure: Failure | None = None
    notices: list[str] = field(default_factory=list)

    def value(self, kind: type[F]) -> F:
        """Return a fact. Raises StackError where it is missing or malformed."""
        return kind.read(self.facts.get(kind.fact))

    @property
    def host(self) -> model.Host | None:
        """Return the host as probe found it. Raises StackError where it is malformed."""
        found = self.facts.get("stack_host")
        return model.host(found) if found else None

    @property
    def plan(self) -> Plan | NoPlan | None:
        """Return the plan. Raises StackError where it is malformed."""
        plan = self.facts.get("stack_plan")
        return from_dict(plan) if plan else None

    @property
    def conflict(self) -> Conflict | None:
        """Return why there is no plan; None where there is one, or where none was made."""
        plan = self.facts.get("stack_plan", {})
        if plan.get("status") != NoPlan.status:
            return None
        return construct(Conflict, plan.get("conflict"), "plan.conflict")

    @property
    def proof(self) -> Proof | None:
        """Return the proof."""
        return self.value(Proof) if self.facts.get(Proof.fact) else None

    @property
    def current(self) -> Step | None:
        """Return the step that is running."""
        return next((step for step in self.steps if step.state is State.RUNNING), None)

    def enter(self, name: str, now: float) -> None:
        """Begin a step and end the one before it; a step that the plan does not name is inserted."""
        before = self.current
        if before is not None and before.name == name:
            return
        step = next((step for step in self.steps if step.name == name), None)
        if step is None:
            step = Step(name)
            place = self.steps.index(before) + 1 if before else len(self.steps)
            self.steps.insert(place, step)
        # A step that is left for an earlier one only read something; it runs later.
        early = before is not None and self.steps.index(step) < self.steps.index(before)
        self.leave(State.PENDING if early else State.DONE, now)
        step.state, step.since = State.RUNNING, now

    def leave(self, state: State, now: float) -> None:
        """End the running step, if there is one."""
        step = self.current
        if step is not None:
            step.spent = step.seconds(now)
            step.state = state
        self.task = ""


class Progress:
    """All hosts of one playbook run."""

    def __init__(self, steps: tuple[str, ...], fact: str = "stack_plan") -> None:
        """Start with the steps that every host of this playbook takes; ``fact`` is its result."""
        self.facts = ("stack_host", "stack_plan", fact)
        self.hosts: dict[str, HostRun] = {}
        self.finished = False
        self._steps = steps

    def feed(self, event: Event, now: float) -> None:
        """Update the state with one event of ansible-runner."""
        data = event.get("event_data") or {}
        kind = event.get("event", "")
        if kind == "playbook_on_stats":
            self._finish(data, now)
        elif data.get("host") and kind in _HANDLERS:
            run = self.host(data["host"])
            _HANDLERS[kind](run, data, now)
            _note(run, (data.get("res") or {}).get("warnings"))
            # Any module may answer with facts; those of a role are set on the controller.
            if kind == "runner_on_ok" and data.get("task_action") in _SET_FACT:
                self._keep(run, (data.get("res") or {}).get("ansible_facts") or {})

    def host(self, name: str) -> HostRun:
        """Return the host of a name, new or known."""
        if name not in self.hosts:
            self.hosts[name] = HostRun(name, [Step(step) for step in self._steps])
        return self.hosts[name]

    def _keep(self, run: HostRun, facts: Event) -> None:
        for name in self.facts:
            if name in facts:
                try:
                    run.facts[name] = _read(name, facts[name])
                except StackError as error:
                    run.facts.pop(name, None)
                    run.failure = Failure(
                        error.message,
                        error.cause,
                        error.hint,
                        code="host.invalid-answer",
                        refused=True,
                    )
        if "stack_plan" in facts:
            _announce(run, run.facts.get("stack_plan", {}).get("roles") or [])

    def _finish(self, stats: Event, now: float) -> None:
        self.finished = True
        for name in stats.get("processed") or {}:
            run = self.host(name)
            run.changed = (stats.get("changed") or {}).get(name, 0)
            failed = name in (stats.get("failures") or {}) or name in (stats.get("dark") or {})
            run.leave(State.FAILED if failed else State.DONE, now)
            if not failed and not (run.failure and run.failure.refused):
                run.failure = None  # it was rescued


def _note(run: HostRun, warnings: object) -> None:
    """Keep the warnings of our own modules, which begin with a code; a loop repeats them."""
    for warning in warnings if isinstance(warnings, list) else ():
        text = str(warning)[:_NOTICE_LENGTH]
        if _CODED.match(text) and text not in run.notices and len(run.notices) < _NOTICES:
            run.notices.append(text)


def _read(name: str, value: object) -> Mapping[str, object]:
    """Return a fact of a host, where it has the type and the size of one. Raises StackError."""
    require_small(value, name)
    found = mapping(value or {}, name)
    if found and name in FACTS:
        FACTS[name].read(found)
    return found


def _on_start(run: HostRun, data: Event, now: float) -> None:
    run.enter(_step_of(run, data.get("role")), now)
    run.task, run.task_started = str(data.get("task", "")), now


def _on_ok(run: HostRun, data: Event, now: float) -> None:
    result = data.get("res") or {}
    run.changed += bool(result.get("changed"))
    run.task_started = now


def _on_failed(run: HostRun, data: Event, _now: float) -> None:
    if not data.get("ignore_errors"):
        run.failure = _failure(run, data.get("res") or {})


def _on_unreachable(run: HostRun, data: Event, _now: float) -> None:
    said = str((data.get("res") or {}).get("msg", "")).strip()
    found = recognize.explain(said)
    cause = said or "Ansible reports no reason."
    # Not ping: where ssh ends while the module is sent, its own words are lost.
    attempt = f"Try: ansible {run.name} -m ansible.builtin.raw -a true -i INVENTORY"
    run.failure = Failure(
        f"{run.name} cannot be reached.",
        f"{found.cause}\n{cause}" if found else cause,
        found.hint if found else attempt,
        (found.symptom.code if found else "") or "host.unreachable",
        unreachable=True,
    )


def _announce(run: HostRun, roles: object) -> None:
    known = {step.name for step in run.steps}
    named = roles if isinstance(roles, list) else []
    run.steps.extend(Step(str(role)) for role in named if role not in known)


def _step_of(run: HostRun, role: str | None) -> str:
    """Name the step of a task; probe and plan last until their fact is set, whichever role runs."""
    names = [step.name for step in run.steps]
    for name, fact in (("probe", "stack_host"), ("plan", "stack_plan")):
        if name in names and fact not in run.facts:
            return name
    if role:
        return role.rpartition(".")[2]
    return run.current.name if run.current else names[-1]


def _failure(run: HostRun, result: Event) -> Failure:
    """Return the failure of a task, with its own message, cause and hint where it has them."""
    if result.get("message"):
        cause, hint = str(result.get("cause", "")), str(result.get("hint", ""))
        own = Failure(str(result["message"]), cause, hint, _known(str(result.get("code"))))
        return own if hint else _explained(own, [cause])
    said = [str(result.get(key) or "").strip() for key in ("msg", "stderr", "module_stderr")]
    for text in said:
        labelled = _LABELLED.fullmatch(_WRAPPING.sub("", text))
        if labelled:
            message, cause, hint, code = labelled.group("message", "cause", "hint", "code")
            return Failure(message, cause, hint, _known(code))
    said += [str(result.get(key) or "").strip() for key in ("stdout", "module_stdout")]
    parts = [part for part in dict.fromkeys(said) if part] or [str(result.get("exception") or "")]
    lines = [line for part in parts for line in part.splitlines()[-_LAST_LINES:]]
    step = f"{run.current.name}: " if run.current else ""
    message = f"{run.name} stopped at {step}{run.task or 'a task'}."
    return _explained(Failure(message, _WRAPPING.sub("", "\n".join(lines))), texts(result))


def _known(code: str) -> str:
    return code if code in CODES else Failure.code


def _explained(failure: Failure, said: Iterable[str]) -> Failure:
    """Add the most specific cause in what programs said, and what helps against it."""
    found = recognize.explain(*said)
    if found is None:
        return failure
    return replace(failure, cause=f"{found.cause}\n{failure.cause}", hint=found.hint)


_HANDLERS = {
    "runner_on_start": _on_start,
    "runner_on_ok": _on_ok,
    "runner_on_failed": _on_failed,
    "runner_on_unreachable": _on_unreachable,
}
