"""Compatibility rules: what goes with a wheel on any host; a rule returns why an option does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .candidates import CompilerOption, DriverOption, PythonOption, ToolkitOption, Wheel


def driver(wheel: Wheel, option: DriverOption) -> str | None:
    """Require the oldest driver of the wheel's CUDA, or of its release where PTX is compiled."""
    if option.action == "none" or wheel.driver is None or option.version >= wheel.driver:
        return None
    toolkit = wheel.toolkit
    needed = (toolkit.release_driver if wheel.jit else toolkit.minimum_driver) if toolkit else ""
    cause = "to compile its PTX" if wheel.jit else "for its CUDA"
    return f"{wheel.name} needs driver {needed} or newer {cause}, not {option.name}"


def python(wheel: Wheel, option: PythonOption) -> str | None:
    """Require a Python that torch and torchvision have wheels for."""
    if option.series in wheel.pythons:
        return None
    return f"{wheel.name} and its torchvision have no wheels for Python {option.name}"


def toolkit(wheel: Wheel, option: ToolkitOption) -> str | None:
    """Require the wheel's own CUDA or a newer minor of it: torch refuses another major."""
    cuda = wheel.cuda
    if option.action == "none" or (cuda and option.cuda[0] == cuda[0] and option.cuda >= cuda):
        return None
    return f"{wheel.name} needs its own CUDA or a newer minor of it, not {option.name}"


def compiler(wheel: Wheel, toolkit: ToolkitOption, option: CompilerOption) -> str | None:
    """Require a GCC that the headers of torch and nvcc of the toolkit both accept."""
    major = option.major
    if not major or wheel.oldest_gcc <= major <= toolkit.max_gcc:
        return None
    if major < wheel.oldest_gcc:
        return f"{wheel.name} needs GCC {wheel.oldest_gcc} or newer, not {major}"
    return f"CUDA {toolkit.name} supports GCC up to {toolkit.max_gcc}, not {major}"


def tools(wheel: Wheel, option: tuple[ToolkitOption, CompilerOption]) -> str | None:
    """Require a toolkit, and a compiler beside it."""
    return toolkit(wheel, option[0]) or compiler(wheel, *option)
