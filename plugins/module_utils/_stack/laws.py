"""Laws: what the tables say goes with a wheel. A law names no fact of a host; it always holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from .versions import dotted

if TYPE_CHECKING:
    from .candidates import CompilerOption, DriverOption, PythonOption, ToolkitOption, Wheel


def driver(wheel: Wheel, option: DriverOption) -> str | None:
    """Ask for the oldest driver of the wheel's CUDA, or of its release where PTX is compiled."""
    if option.action == "none" or wheel.driver is None or option.version >= wheel.driver:
        return None
    why = "to compile its PTX" if wheel.jit else "for its CUDA"
    return f"{wheel.name} needs driver {dotted(wheel.driver)} or newer {why}, not {option.name}"


def python(wheel: Wheel, option: PythonOption) -> str | None:
    """Ask for a Python that torch and torchvision have wheels for."""
    if option.series in wheel.pythons:
        return None
    return f"{wheel.name} and its torchvision have no wheels for Python {option.name}"


def compiler(wheel: Wheel, option: CompilerOption) -> str | None:
    """Ask for a GCC that speaks the C++ of torch's headers and that nvcc accepts."""
    oldest, newest = wheel.gcc
    if not option.major or oldest <= option.major <= newest:
        return None
    return f"{wheel.name} compiles with GCC {oldest} to {newest}, not with {option.major}"


def toolkit(wheel: Wheel, option: ToolkitOption) -> str | None:
    """Ask for the wheel's CUDA or a newer minor of it: torch refuses only another major."""
    if option.action == "none" or wheel.cuda is None:
        return None
    if option.cuda.major == wheel.cuda.major and option.cuda >= wheel.cuda:
        return None
    return f"{wheel.name} needs its own CUDA or a newer minor of it, not {option.name}"


# What hangs on the wheel, in the order in which it is chosen.
LAWS: dict[str, Callable[..., str | None]] = {
    "driver": driver,
    "python": python,
    "compiler": compiler,
    "toolkit": toolkit,
}
SPOKES = tuple(LAWS)

# What of a wheel each law looks at: wheels that agree on it are treated alike.
ASPECTS: dict[str, Callable[..., object]] = {
    "driver": lambda wheel: wheel.driver,
    "python": lambda wheel: wheel.pythons,
    "compiler": lambda wheel: wheel.gcc,
    "toolkit": lambda wheel: wheel.cuda,
}
