"""Plan a host for a plan that was made before: the same stack, or a conflict that says what differs.

Nothing that a host runs is taken from the earlier plan: it chooses, and this release decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from ..core.errors import StackError
from . import from_lock
from .decision import Decision
from .plan import Conflict, NoPlan, Plan, StackPlan, from_dict
from .plan_diff import EVERYTHING, differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..host.model import Host
    from .plan_diff import Choices

WHOSE = "the plan that was given"
REMEDY = (
    "give the options that it was made with, or plan this host again: slowfast-stack plan --json"
)


def read(value: object, where: str) -> Plan:
    """Read a plan, as ``plan --json`` prints it for a host. Raises ``StackError``."""
    found = from_dict(value, where)
    if isinstance(found, NoPlan):
        raise StackError(
            f"{where} is not a plan.",
            "It says why there is none for its host.",
            "Give a plan with the status planned.",
            code="planner.not-a-plan",
        )
    return found


def _ffmpeg(made: StackPlan) -> object:
    found = made.ffmpeg if isinstance(made, Plan) else None
    if found is None:
        return None
    return (found.origin, found.version or "", found.nv_codec_headers or "", *found.flags)


# An action, such as to install or to keep, says how far the host is already.
CHOICES: Choices = {
    **EVERYTHING,
    "the driver branch": lambda plan: plan.driver and plan.driver.branch,
    "the CUDA toolkit": lambda plan: plan.cuda and plan.cuda.toolkit,
    "FFmpeg": _ffmpeg,
    # It covers all that the environment is made of, such as the interpreter.
    "the stack": lambda plan: plan.id,
}


def follow(
    plan: Callable[[object, object], Plan | NoPlan],
    host: Host,
    request: Mapping[str, object],
    made: Plan,
) -> Plan | NoPlan:
    """Return the plan of a host where it is the one that was made, else a conflict.

    ``plan`` plans a host for a request.
    """
    own = {key: value for key, value in request.items() if key != "planned"}
    sources = from_lock.named(made, own)
    refusals = []
    for pins in _pins(made):
        found = plan(host, {**pins, **own, **sources})
        differs = () if isinstance(found, NoPlan) else differences(WHOSE, made, found, CHOICES)
        facts = tuple(f"{text} [the file]" for text in differs)
        if isinstance(found, Plan) and not facts:
            reason = Decision("packages", f"{WHOSE} is {made.id}", "the file")
            return replace(found, reasons=(reason, *found.reasons))
        because = ("a plan that is given is met exactly or not at all",)
        clash = found.conflict if isinstance(found, NoPlan) else Conflict(facts, because, (REMEDY,))
        refusals.append(found.refused(clash))
    return refusals[0]


def _pins(made: Plan) -> Iterator[dict[str, object]]:
    """Yield requests that may lead to a plan; which Python has a torch to adopt, the user says."""
    pins = {
        **from_lock.pins(made),
        **({"driver_branch": made.driver.branch} if made.driver else {}),
        **({"driver_build": made.driver.build} if made.driver and made.driver.build else {}),
        "ffmpeg": made.ffmpeg.origin if made.ffmpeg else "none",
        "environment": made.environment.manager,
        "conda_packages": list(made.environment.packages[1:]),
    }
    yield pins
    if made.cuda:
        yield {**pins, "cuda": made.cuda.toolkit}
