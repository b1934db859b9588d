"""Explain why there is no choice: constraints that contradict each other, and what would help."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Callable

from ..core.versions import version
from . import compatibility
from .plan import Conflict
from .resolver import choices, minimal_conflict, solve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .candidates import Wheel
    from .resolver import Problem

# What goes with a wheel, in the order in which it is chosen; tools are toolkit and compiler.
RULES: dict[str, Callable[[Wheel, Any], str | None]] = {
    "driver": compatibility.driver,
    "python": compatibility.python,
    "tools": compatibility.tools,
}


def explain(given: Problem) -> Conflict:
    """Return a minimal conflict: its constraints, what they reject, and what would help."""
    clash = minimal_conflict(given)
    # Why the request fails comes before why anything else fails the request.
    order = sorted(clash, key=lambda index: given.constraints[index].id.startswith("request."))
    because = [no for index in order for no in _without(given, clash, index)]
    return Conflict(
        tuple(f"{given.constraints[i].text} [{given.constraints[i].source}]" for i in clash),
        tuple(dict.fromkeys([*_incompatible(given, clash), *because, *_loaded(given, clash)])),
        tuple(_remedy(given, index) for index in clash),
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
            return rule(wheel, options[0]) or "", str(wheel.source)
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
                yield no, constraint.source


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
        check = given.constraints[index].checks.get("driver")
        no = check(kept) if check and kept else None
        if no:
            yield no


def _remedy(given: Problem, index: int) -> str:
    constraint = given.constraints[index]
    rest = [other for other in range(len(given.constraints)) if other != index]
    choice = solve(given, rest)
    if choice is None:
        return f"{constraint.remedy} (this alone is not enough)"
    if constraint.id == "request.torch":
        return f'use --torch "{_nearest(given, index, rest)}", or {constraint.remedy}'
    return f"{constraint.remedy}; then {choice.wheel.name} would be planned"


def _nearest(given: Problem, index: int, rest: Collection[int]) -> str:
    """Return the release with a choice that is nearest to those that were requested."""
    order = sorted({wheel.row.torch for wheel in given.wheels}, key=version)
    asked = {order.index(wheel.row.torch) for wheel in given.left("wheel", [index])}
    works = [order.index(choice.wheel.row.torch) for choice in choices(given, rest) if choice]
    # Of two that are equally near, the newer one; the newest where no release was requested.
    return order[min(works, key=lambda n: (min((abs(n - a) for a in asked), default=0), -n))]
