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
