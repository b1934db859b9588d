"""Each rule alone, on both sides of its bound: an option fits, or the refusal names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    compatibility,
    gpu_constraints,
    host_constraints,
    network,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import Request
from support.plan_builder import host

if TYPE_CHECKING:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.constraint_model import (
        Constraint,
    )

WHEEL = candidates.wheels("x86_64", "newest", gpu=True)[0][0]
TOOLKIT = candidates.ToolkitOption("install", version("13.0"), "13.0", 15, None, origin="nvidia")
DRIVER = candidates.DriverOption(
    "install", candidates.branch("580"), "580", version("580.65.06"), "open", "nvidia"
)


def of_host(name: str, **change: object) -> dict[str, Constraint]:
    there = model.host(host(name, **change))
    reached = network.decide(there, Request()).value
    found = (*host_constraints.of(there, reached), *gpu_constraints.of(there))
    return {one.id: one for one in found}


@pytest.mark.parametrize(
    ("needs", "fits"), [("580.65.05", True), ("580.65.06", True), ("580.65.07", False)]
)
def test_a_driver_is_at_least_that_of_the_wheel(needs: str, fits: bool) -> None:  # noqa: FBT001
    refusal = compatibility.driver(WHEEL._replace(driver=version(needs)), DRIVER)
    assert (refusal is None) == fits


@pytest.mark.parametrize(
    ("major", "words"), [(7, "or newer, not 7"), (16, "up to 15, not 16"), (15, None)]
)
def test_a_compiler_is_between_wheel_and_toolkit(major: int, words: str | None) -> None:
    refusal = compatibility.compiler(
        WHEEL._replace(oldest_gcc=8), TOOLKIT, candidates.CompilerOption(major, None)
    )
    assert refusal is None if words is None else words in (refusal or "")


@pytest.mark.parametrize(("needs", "fits"), [("2.27", True), ("2.28", True), ("2.31", False)])
def test_a_wheel_needs_no_newer_c_library(needs: str, fits: bool) -> None:  # noqa: FBT001
    check = of_host("cpu-debian-12", glibc="2.28")["host.glibc"].checks["wheel"]
    assert (check(WHEEL._replace(glibc=version(needs))) is None) == fits


def test_a_distribution_that_is_not_known_has_no_toolkit_driver_or_compiler() -> None:
    checks = of_host("a100-arch-linux")["host.distribution"].checks
    assert checks["toolkit"](TOOLKIT)
    assert checks["driver"](DRIVER)
    assert checks["compiler"](candidates.CompilerOption(12, None))
    assert checks["toolkit"](TOOLKIT._replace(action="keep")) is None
    assert checks["driver"](DRIVER._replace(action="keep")) is None


def test_a_gpu_takes_no_driver_of_a_branch_that_is_not_known() -> None:
    (check,) = (
        one.checks["driver"]
        for name, one in of_host("h100-ubuntu-22.04").items()
        if name[:4] == "gpu."
    )
    assert check(DRIVER) is None
    assert check(DRIVER._replace(branch=None, number="999"))


def test_the_refusal_of_a_driver_names_the_one_that_is_needed() -> None:
    toolkit = WHEEL.toolkit
    assert toolkit
    toolkit = toolkit._replace(minimum_driver="901.1", release_driver="902.2")
    native = WHEEL._replace(driver=version("901.1"), toolkit=toolkit)
    through = native._replace(driver=version("902.2"), jit=version("9.0"))
    for wheel, needed, other in ((native, "901.1", "902.2"), (through, "902.2", "901.1")):
        text = compatibility.driver(wheel, DRIVER) or ""
        assert f"driver {needed} " in text
        assert other not in text
        assert DRIVER.name in text
    assert compatibility.driver(native, DRIVER._replace(action="none")) is None
    assert compatibility.driver(native._replace(driver=None), DRIVER) is None


@pytest.mark.parametrize(
    ("cuda", "action", "fits"),
    [
        ("13.0", "install", True),
        ("13.1", "install", True),
        ("12.9", "install", False),
        ("14.0", "install", False),
        ("12.9", "none", True),
    ],
)
def test_a_toolkit_is_the_cuda_of_the_wheel_or_a_newer_minor_of_it(
    cuda: str, action: str, *, fits: bool
) -> None:
    wheel = WHEEL._replace(cuda=version("13.0"))
    option = TOOLKIT._replace(cuda=version(cuda), action=action)
    assert (compatibility.toolkit(wheel, option) is None) == fits
    none = compatibility.toolkit(wheel._replace(cuda=None), option)
    assert (none is None) == (action == "none")


def test_both_tools_have_to_fit_and_the_toolkit_is_named_first() -> None:
    wheel = WHEEL._replace(cuda=version("13.0"), oldest_gcc=8)
    gcc, old = (candidates.CompilerOption(major, None) for major in (12, 7))
    other = TOOLKIT._replace(cuda=version("12.0"))
    assert compatibility.tools(wheel, (TOOLKIT, gcc)) is None
    assert compatibility.tools(wheel, (TOOLKIT, old)) == compatibility.compiler(wheel, TOOLKIT, old)
    assert compatibility.tools(wheel, (other, old)) == compatibility.toolkit(wheel, other)
    assert compatibility.compiler(wheel, TOOLKIT, candidates.CompilerOption(0, None)) is None
    assert compatibility.compiler(wheel, TOOLKIT, candidates.CompilerOption(8, None)) is None
