"""Which GCC goes with a wheel: from its C++ standard up, and as far as a toolkit takes it."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    compatibility,
)
from support.plan_builder import plan

STANDARDS = {
    wheel.row.cxx: wheel
    for release in candidates.wheels("x86_64", "newest", gpu=False)
    for wheel in release
}


@pytest.mark.parametrize(("standard", "oldest"), [(14, 5), (17, 8), (20, 11)])
def test_a_wheel_takes_the_gcc_of_its_standard_and_no_older(standard: int, oldest: int) -> None:
    wheel = STANDARDS[standard]
    for major, fits in ((oldest - 1, False), (oldest, True), (99, True)):
        option = candidates.CompilerOption(major, None)
        refusal = compatibility.compiler(wheel, candidates.NO_TOOLKIT, option)
        assert (refusal is None) == fits


def test_without_a_toolkit_a_gcc_newer_than_any_package_is_used() -> None:
    """CUDA bounds the compiler, and nothing is compiled for CUDA on a host without a GPU."""
    there = {"major": 99, "version": "99.1.0", "path": "/opt/gcc", "cxx": "/opt/g++"}
    made = plan("cpu-debian-12", compilers=[there])
    assert made.compiler.gcc == "99"
    assert (made.build.cc, made.build.cxx) == ("/opt/gcc", "/opt/g++")
