"""Choose: candidates in order of preference, and the first that nothing rules out.

Facts rule out single options. Laws, which come from the tables, tie an option to a wheel: its
driver, its Pythons, its compilers, its toolkit. So the wheel is the hub, and once it is chosen
the rest are chosen one by one.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from . import candidates
from .candidates import (
    CompilerOption,
    DriverOption,
    PythonOption,
    ToolkitOption,
    Wheel,
)
from .model import Host
from .request import Request
from .rules import Fact, Setting, distribution, facts
from .versions import version

# What hangs on the wheel, in the order in which it is chosen.
SPOKES = ("driver", "python", "compiler", "toolkit")


class Choice(NamedTuple):
    """One complete choice."""

    wheel: Wheel
    driver: DriverOption
    python: PythonOption
    compiler: CompilerOption
    toolkit: ToolkitOption


class Problem(NamedTuple):
    """Options by dimension, facts, and what each fact rules out as bits: bit n is option n."""

    releases: Tuple[Tuple[Wheel, ...], ...]
    options: Dict[str, Sequence[object]]
    facts: Tuple[Fact, ...]
    ruled_out: Tuple[Dict[str, int], ...]

    def alive(self, dimension: str, which: Sequence[int]) -> int:
        """Return the bits of the options that none of the facts ``which`` rules out."""
        dead = 0
        for index in which:
            dead |= self.ruled_out[index].get(dimension, 0)
        return ~dead & ((1 << len(self.options[dimension])) - 1)


def problem(host: Host, request: Request, setting: Setting) -> Problem:
    """Set up the choice for a host."""
    row = distribution(host)
    gpu = bool(host.gpus)
    compiles = setting.compiles
    releases = candidates.wheels(host.architecture, request.preset, gpu=gpu)
    options: Dict[str, Sequence[object]] = {
        "wheel": tuple(wheel for release in releases for wheel in release),
        "driver": candidates.drivers(host, request.preset),
        "python": candidates.pythons(host, request.preset),
        "compiler": candidates.compilers(
            host, needed=compiles, default=row.compilers[0] if row else 0
        ),
        "toolkit": candidates.toolkits(host, needed=compiles and gpu),
    }
    given = facts(host, request, setting)
    return Problem(releases, options, given, tuple(_ruled_out(fact, options) for fact in given))


def _ruled_out(fact: Fact, options: Dict[str, Sequence[object]]) -> Dict[str, int]:
    return {
        dimension: _bits(options[dimension], lambda option, rule=rule: rule(option) is not None)
        for dimension, rule in fact.rules.items()
    }


def _bits(options: Sequence[object], holds: Callable[[object], bool]) -> int:
    bits = 0
    for index, option in enumerate(options):
        if holds(option):
            bits |= 1 << index
    return bits


def law(wheel: Wheel, dimension: str, option: object) -> Optional[str]:
    """Return why the tables do not let an option go with a wheel, None where they do."""
    return _LAWS[dimension](wheel, option)


def _driver_law(wheel: Wheel, option: DriverOption) -> Optional[str]:
    if option.action == "none" or wheel.driver is None or option.version >= wheel.driver:
        return None
    needed = ".".join(map(str, wheel.driver))
    why = "to compile its PTX" if wheel.jit else "for its CUDA"
    return f"{wheel.name} needs driver {needed} or newer {why}, not {option.name}"


def _python_law(wheel: Wheel, option: PythonOption) -> Optional[str]:
    if option.series in wheel.pythons:
        return None
    return f"{wheel.name} has no wheel for Python {option.name}"


def _compiler_law(wheel: Wheel, option: CompilerOption) -> Optional[str]:
    oldest, newest = wheel.gcc
    if not option.major or oldest <= option.major <= newest:
        return None
    return f"{wheel.name} compiles with GCC {oldest} to {newest}, not with {option.major}"


def _toolkit_law(wheel: Wheel, option: ToolkitOption) -> Optional[str]:
    if option.host is None or version(option.host.version) == wheel.cuda:
        return None
    return f"{wheel.name} needs its own CUDA, not the {option.host.version} in {option.host.path}"


_LAWS: Dict[str, Callable[..., Optional[str]]] = {
    "driver": _driver_law,
    "python": _python_law,
    "compiler": _compiler_law,
    "toolkit": _toolkit_law,
}


def solve(given: Problem, which: Optional[Sequence[int]] = None) -> Optional[Choice]:
    """Return the first choice that no fact of ``which`` (all) rules out, None without one.

    Within a release a wheel that lets the loaded driver stay comes before a better wheel.
    """
    facts_in_force = range(len(given.facts)) if which is None else which
    alive = {name: given.alive(name, facts_in_force) for name in given.options}
    first = 0
    for release in given.releases:
        choice = _solve_release(given, release, alive["wheel"] >> first, alive)
        if choice:
            return choice
        first += len(release)
    return None


def _solve_release(
    given: Problem, release: Sequence[Wheel], bits: int, alive: Dict[str, int]
) -> Optional[Choice]:
    keeps = _bits(given.options["driver"], lambda option: option.action in ("keep", "none"))
    for drivers in (alive["driver"] & keeps, alive["driver"] & ~keeps):
        for index, wheel in enumerate(release):
            if drivers and bits >> index & 1:
                choice = _complete(given, wheel, {**alive, "driver": drivers})
                if choice:
                    return choice
    return None


def solvable_releases(given: Problem, which: Sequence[int]) -> List[str]:
    """Return the torch releases that the facts ``which`` leave a choice for."""
    alive = {name: given.alive(name, which) for name in given.options}
    found, first = [], 0
    for release in given.releases:
        if _solve_release(given, release, alive["wheel"] >> first, alive):
            found.append(release[0].row.torch)
        first += len(release)
    return found


def _complete(given: Problem, wheel: Wheel, alive: Dict[str, int]) -> Optional[Choice]:
    chosen: List[object] = [wheel]
    for dimension in SPOKES:
        fits = (
            option
            for index, option in enumerate(given.options[dimension])
            if alive[dimension] >> index & 1 and law(wheel, dimension, option) is None
        )
        option = next(fits, None)
        if option is None:
            return None
        chosen.append(option)
    return Choice(*chosen)


def core(given: Problem) -> Tuple[int, ...]:
    """Return the facts that together rule everything out, none of which can be spared.

    Takes away one fact after the other, and keeps it away while there still is no choice.
    """
    lawful = [
        (index, tuple((name, _lawful(given, wheel, name)) for name in SPOKES))
        for index, wheel in enumerate(given.options["wheel"])
    ]
    kept = [index for index, dead in enumerate(given.ruled_out) if any(dead.values())]
    for index in tuple(kept):
        rest = [other for other in kept if other != index]
        if not _possible(given, lawful, rest):
            kept = rest
    return tuple(kept)


def _lawful(given: Problem, wheel: Wheel, dimension: str) -> int:
    return _bits(
        given.options[dimension], lambda option: law(wheel, dimension, option) is None
    )


def _possible(
    given: Problem,
    lawful: Sequence[Tuple[int, Tuple[Tuple[str, int], ...]]],
    which: Sequence[int],
) -> bool:
    alive = {name: given.alive(name, which) for name in given.options}
    return any(
        alive["wheel"] >> index & 1 and all(alive[name] & bits for name, bits in laws)
        for index, laws in lawful
    )
