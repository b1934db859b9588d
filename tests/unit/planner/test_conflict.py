"""Why a wheel is rejected, and what a conflict names and helps with."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    compatibility,
    conflict,
    network,
    resolver,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Conflict
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import request
from support.plan_builder import host

GPU, CPU = "h100-ubuntu-22.04", "cpu-debian-12"


def problem(name: str, asked: dict[str, Any] | None = None, **change: object) -> resolver.Problem:
    there, wanted = model.host(host(name, **{"virtualization": None, **change})), request(asked)
    return resolver.problem(there, wanted, network.decide(there, wanted).value)


def explained(name: str, asked: dict[str, Any], **change: object) -> Conflict:
    there, wanted = model.host(host(name, **{"virtualization": None, **change})), request(asked)
    return conflict.explain(problem(name, asked, **change), there, wanted)


def first(given: resolver.Problem) -> Any:  # noqa: ANN401
    choice = resolver.solve(given)
    assert choice
    return choice.wheel


def test_a_wheel_that_nothing_rejects_gives_way_to_the_loaded_driver() -> None:
    given = problem(GPU)
    wheel = first(given)
    text, source = conflict.why_not(given, wheel)
    assert "loaded driver" in text
    assert source == str(wheel.source)


def test_a_constraint_against_the_wheel_comes_first() -> None:
    given = problem(CPU, {"torch": "2.4.0"})
    wheel = given.wheels[0]._replace(pythons=())
    (constraint,) = (one for one in given.constraints if one.id == "request.torch")
    expected = (constraint.checks["wheel"](wheel), constraint.source)
    assert expected[0]
    assert conflict.why_not(given, wheel) == expected


def test_a_wheel_that_goes_with_no_option_is_rejected_by_the_rule() -> None:
    given = problem(GPU)
    wheel = first(given)._replace(driver=version("9999"))
    assert conflict.why_not(given, wheel) == (
        compatibility.driver(wheel, given.options.driver[0]),
        str(wheel.toolkit.source),
    )
    wheel = first(given)._replace(pythons=())
    assert conflict.why_not(given, wheel) == (
        compatibility.python(wheel, given.options.python[0]),
        str(wheel.vision.source),
    )
    wheel = first(given)._replace(oldest_gcc=99)
    options = (given.options.toolkit[0], given.options.compiler[0])
    assert conflict.why_not(given, wheel) == (
        compatibility.tools(wheel, options),
        str(wheel.toolkit.gcc_source),
    )


def test_where_every_fitting_option_is_rejected_the_first_objection_is_named() -> None:
    given = problem(GPU, virtualization="container")
    wheel = given.wheels[0]
    (constraint,) = (one for one in given.constraints if one.id == "host.container")
    fitting = next(
        option for option in given.options.driver if not compatibility.driver(wheel, option)
    )
    assert conflict.why_not(given, wheel) == (
        constraint.checks["driver"](fitting),
        constraint.source,
    )


def test_a_conflict_names_what_contradicts_and_what_each_remedy_leads_to() -> None:
    given = problem(CPU, {"torch": "2.4.0", "python": "3.14"})
    assert resolver.solve(given) is None
    found = explained(CPU, {"torch": "2.4.0", "python": "3.14"})
    constraints = {one.id: one for one in given.constraints}
    torch, python = constraints["request.torch"], constraints["request.python"]
    assert found.facts == tuple(f"{one.text} [{one.source}]" for one in (torch, python))
    # The nearest release that has this Python.
    assert found.remedies[0] == 'use --torch "2.9.1", or omit --torch'
    assert found.remedies[1] == "omit --python; then torch 2.4.0 (cpu) would be planned"
    assert found.because
    assert len(set(found.because)) == len(found.because)


def test_a_remedy_that_is_not_enough_says_so() -> None:
    asked = {"torch": "2.4.0", "python": "3.14", "cuda": "11.8", "driver_branch": "470"}
    found = explained(GPU, asked)
    assert any("not enough" in text for text in found.remedies)
    alone = explained(CPU, {"torch": "2.4.0", "python": "3.14"})
    assert not any("not enough" in text for text in alone.remedies)


def test_where_one_change_is_not_enough_two_that_are_enough_are_named() -> None:
    found = explained(CPU, {"torch": "2.4.0", "python": "3.14"}, architecture="riscv64")
    ending = ", and use an x86_64 host; then torch 2.4.0 (cpu) would be planned"
    assert f"omit --python{ending}" in found.remedies


@pytest.mark.parametrize(
    ("asked", "nearest"), [("1.8", "2.9.1"), ("2.8.0", "2.9.1"), (">=2.9,<2.9", "2.15.0")]
)
def test_the_nearest_release_is_proposed(asked: str, nearest: str) -> None:
    found = explained(CPU, {"torch": asked, "python": "3.14"})
    assert f'use --torch "{nearest}", or omit --torch' in found.remedies
