"""Laws: what the tables say goes with a wheel. A law names no fact of a host; it always holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .candidates import CompilerOption, DriverOption, PythonOption, ToolkitOption, Tools, Wheel


def driver(wheel: Wheel, option: DriverOption) -> str | None:
    """Ask for the oldest driver of the wheel's CUDA, or of its release where PTX is compiled."""
    if option.action == "none" or wheel.driver is None or option.version >= wheel.driver:
        return None
    toolkit = wheel.toolkit
    needed = (toolkit.release_driver if wheel.jit else toolkit.minimum_driver) if toolkit else ""
    cause = "to compile its PTX" if wheel.jit else "for its CUDA"
    return f"{wheel.name} needs driver {needed} or newer {cause}, not {option.name}"


def python(wheel: Wheel, option: PythonOption) -> str | None:
    """Ask for a Python that torch and torchvision have wheels for."""
    if option.series in wheel.pythons:
        return None
    return f"{wheel.name} and its torchvision have no wheels for Python {option.name}"


def tools(wheel: Wheel, option: Tools) -> str | None:
    """Ask for the wheel's CUDA or a newer minor of it, and a GCC that both sides take."""
    toolkit, major = option.toolkit, option.compiler.major
    if toolkit.action != "none" and not _suits(wheel, toolkit):
        return f"{wheel.name} needs its own CUDA or a newer minor of it, not {toolkit.name}"
    if not major or wheel.oldest_gcc <= major <= toolkit.max_gcc:
        return None
    if major < wheel.oldest_gcc:
        return f"{wheel.name} compiles with GCC {wheel.oldest_gcc} or newer, not with {major}"
    return f"CUDA {toolkit.name} takes GCC {toolkit.max_gcc} at most, not {major}"


def _suits(wheel: Wheel, toolkit: ToolkitOption) -> bool:
    """Tell whether torch takes a toolkit: it refuses only another major."""
    cuda = wheel.cuda
    return cuda is not None and toolkit.cuda[0] == cuda[0] and toolkit.cuda >= cuda


def lawful_tools(
    wheel: Wheel, toolkits: Sequence[ToolkitOption], compilers: Sequence[CompilerOption]
) -> list[int]:
    """Return for each toolkit the bits of the compilers that may go with it and the wheel."""
    majors = [option.major for option in compilers]
    by_bound: dict[int, int] = {}
    found = []
    for toolkit in toolkits:
        if toolkit.action != "none" and not _suits(wheel, toolkit):
            found.append(0)
            continue
        bound = toolkit.max_gcc
        if bound not in by_bound:
            fits = (not major or wheel.oldest_gcc <= major <= bound for major in majors)
            by_bound[bound] = sum(1 << n for n, fit in enumerate(fits) if fit)
        found.append(by_bound[bound])
    return found


# What hangs on the wheel, in the order in which it is chosen.
LAWS: dict[str, Callable[..., str | None]] = {"driver": driver, "python": python, "tools": tools}
SPOKES = tuple(LAWS)

# What of a wheel each law looks at: wheels that agree on it are treated alike.
ASPECTS: dict[str, Callable[[Wheel], object]] = {
    "driver": lambda wheel: wheel.driver,
    "python": lambda wheel: wheel.pythons,
    "tools": lambda wheel: (wheel.cuda, wheel.oldest_gcc),
}
