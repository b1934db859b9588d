"""Explain why there is no choice: constraints that contradict each other, and what would help."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Callable

from ..core.versions import dotted, version
from . import compatibility, remedies
from .plan import Conflict
from .resolver import minimal_conflict, solve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..host.model import Host
    from .candidates import Wheel
    from .request import Request
    from .resolver import Problem

# What goes with a wheel, in the order in which it is chosen; tools are toolkit and compiler.
RULES: dict[str, Callable[[Wheel, Any], str | None]] = {
    "driver": compatibility.driver,
    "python": compatibility.python,
    "tools": compatibility.tools,
}


# What a reader knows who has read the fact: that another option is not the one that was asked for.
TAUTOLOGIES = ("request.torch", "request.python", "request.driver-branch")


def explain(given: Problem, host: Host, request: Request) -> Conflict:
    """Return a minimal conflict: its constraints, what they reject, and what would help."""
    clash = minimal_conflict(given)
    # Why the request fails comes before why anything else fails the request.
    order = sorted(clash, key=lambda index: given.constraints[index].id.startswith("request."))
    objecting = [index for index in order if given.constraints[index].id not in TAUTOLOGIES]
    because = [no for index in objecting for no in _without(given, clash, index)]
    rule = _incompatible(given, clash)
    if not because and not rule:
        because = [no for index in order for no in _nothing(given, index)]
    facts = {given.constraints[index].text for index in clash}
    said = dict.fromkeys([*rule, *because, *_loaded(given, clash)])
    return Conflict(
        tuple(f"{given.constraints[i].text} [{given.constraints[i].source}]" for i in clash),
        tuple(text for text in said if text not in facts) or tuple(said),
        tuple(dict.fromkeys(remedy.text for remedy in remedies.of(given, host, request, clash))),
    )


def why_not(given: Problem, wheel: Wheel) -> tuple[str, str]:
    """Return why a wheel is rejected, constraints before compatibility rules, and the source."""
    against = next(_objections(given, "wheel", wheel), None)
    if against:
        return against
    for part, rule in RULES.items():
        options = _left(given, part, ())
        compatible = [option for option in options if rule(wheel, option) is None]
        if not compatible:
            return rule(wheel, options[0]) or "", _source_of(part, wheel)
        objections = [next(_objections(given, part, option), None) for option in compatible]
        said = [objection for objection in objections if objection]
        if len(said) == len(compatible):
            return said[0]
    return "another wheel of this release works with the loaded driver", str(wheel.source)


def _left(given: Problem, part: str, active: Collection[int]) -> list[Any]:
    if part == "tools":
        return list(product(given.left("toolkit", active), given.left("compiler", active)))
    return given.left(part, active)


def _objections(given: Problem, part: str, option: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Yield what each constraint says against an option, with its source."""
    named = {part: option}
    if part == "tools":
        named = dict(zip(("toolkit", "compiler"), option))
    for constraint in given.constraints:
        for name, each in named.items():
            no = constraint.checks[name](each) if name in constraint.checks else None
            if no:
                # That a wheel lacks something is a fact of the wheel as much as of the host.
                both = name == "wheel" and not constraint.id.startswith("request.")
                own = f"; {_of_wheel(constraint.id, each)}" if both else ""
                yield no, f"{constraint.source}{own}"


def _of_wheel(constraint: str, wheel: Wheel) -> str:
    """Return the source of what a constraint compares of a wheel."""
    return str(wheel.source if constraint.startswith("gpu.") else wheel.row.source)


def _source_of(part: str, wheel: Wheel) -> str:
    """Return the source of what a rule requires of the options beside a wheel."""
    toolkit = wheel.toolkit
    if part == "driver" and toolkit:
        return str(toolkit.source)
    if part == "tools" and toolkit:
        return str(toolkit.gcc_source)
    return str(wheel.vision.source if part == "python" else wheel.row.source)


def _without(given: Problem, clash: Collection[int], index: int) -> Iterator[str]:
    """Yield what a constraint says against the choice that exists without it."""
    choice = solve(given, [other for other in clash if other != index])
    for dimension, check in given.constraints[index].checks.items() if choice else ():
        no = check(getattr(choice, dimension))
        if no:
            yield no
            return


def _incompatible(given: Problem, clash: Collection[int]) -> list[str]:
    """Return the rule that excludes the best wheel which the constraints leave."""
    wheel = next(iter(given.left("wheel", clash)), None)
    if wheel is None:
        return []
    for part, rule in RULES.items():
        found = [rule(wheel, option) for option in _left(given, part, clash)]
        if found and all(found):
            return [no for no in found[:1] if no]
    return []


def _loaded(given: Problem, clash: Collection[int]) -> Iterator[str]:
    """Yield what rejects the loaded driver: who has one asks why it does not stay."""
    kept = next((one for one in given.options.driver if one.action == "keep"), None)
    for index in clash:
        constraint = given.constraints[index]
        asked = constraint.id.startswith("request.")
        check = None if asked else constraint.checks.get("driver")
        no = check(kept) if check and kept else None
        if no:
            yield no


def _nothing(given: Problem, index: int) -> Iterator[str]:
    """Yield what there is, where a request alone excludes everything."""
    constraint = given.constraints[index]
    if constraint.id == "request.torch":
        order = sorted({wheel.row.torch for wheel in given.wheels}, key=version)
        yield f"no release in the catalog matches: it has torch {order[0]} to {order[-1]}"
    elif constraint.id == "request.python":
        series = sorted({option.series for option in given.options.python})
        yield f"Pythons that can be had are {', '.join(map(dotted, series))}"
    else:
        there = sorted({option.number for option in given.options.driver if option.number})
        yield f"driver branches that this host can have are {', '.join(there)}"
