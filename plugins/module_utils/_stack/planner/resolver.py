"""Choose: candidates in order of preference, and the first that nothing rules out.

Facts rule out single options. Laws tie an option to a wheel. So the wheel is the hub: once it is
chosen, driver, Python and tools are chosen one by one. What is ruled out is kept as
bits, bit n for option n; a set of facts is then one number a dimension.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import product
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from . import candidates
from .compatibility import ASPECTS, LAWS, SPOKES, lawful_tools
from .constraint_checks import STAYS
from .constraints import Fact, Rule, Setting, distribution, facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..host.model import Host
    from .candidates import CompilerOption, DriverOption, PythonOption, ToolkitOption, Tools, Wheel
    from .request import Request


class Choice(NamedTuple):
    """One complete choice."""

    wheel: Wheel
    driver: DriverOption
    python: PythonOption
    tools: Tools

    @property
    def compiler(self) -> CompilerOption:
        """Return the compiler, major 0 where nothing is compiled."""
        return self.tools.compiler

    @property
    def toolkit(self) -> ToolkitOption:
        """Return the toolkit, action none where nothing is compiled for CUDA."""
        return self.tools.toolkit


class Problem(NamedTuple):
    """Wheels by release, the options that hang on them, facts, and what each fact rules out."""

    releases: tuple[tuple[Wheel, ...], ...]
    wheels: tuple[Wheel, ...]
    toolkits: tuple[ToolkitOption, ...]
    compilers: tuple[CompilerOption, ...]
    options: dict[str, tuple[Any, ...]]
    facts: tuple[Fact, ...]
    ruled_out: tuple[dict[str, int], ...]

    def alive(self, dimension: str, which: Sequence[int]) -> int:
        """Return the bits of the options that none of the facts ``which`` rules out."""
        dead = 0
        for index in which:
            dead |= self.ruled_out[index].get(dimension, 0)
        size = len(self.wheels) if dimension == "wheel" else len(self.options[dimension])
        return ~dead & ((1 << size) - 1)


def problem(host: Host, request: Request, setting: Setting) -> Problem:
    """Set up the choice for a host."""
    row, gpu = distribution(host), bool(host.gpus)
    releases = candidates.wheels(host.architecture, request.preset, gpu=gpu)
    toolkits = candidates.toolkits(
        host, needed=setting.compiles and gpu, archive=row.toolkit if row else None
    )
    compilers = candidates.compilers(
        host, needed=setting.compiles, default=row.compilers[0] if row else 0
    )
    options: dict[str, tuple[Any, ...]] = {
        "driver": candidates.drivers(host, request.preset),
        "python": candidates.pythons(host, request.preset),
        "tools": tuple(candidates.Tools(*pair) for pair in product(toolkits, compilers)),
    }
    given = facts(host, request, setting)
    shelf = (host.architecture, request.preset, gpu)
    ruled_out = []
    for fact in given:
        dead = {
            name: _bits(options[name], fact.rules[name]) for name in options if name in fact.rules
        }
        if "wheel" in fact.rules:
            dead["wheel"] = _wheels_ruled_out(fact.rules["wheel"], *shelf)
        dead["tools"] = _tools_ruled_out(fact, toolkits, compilers)
        ruled_out.append(dead)
    wheels = tuple(wheel for release in releases for wheel in release)
    return Problem(releases, wheels, toolkits, compilers, options, given, tuple(ruled_out))


def _tools_ruled_out(
    fact: Fact, toolkits: Sequence[ToolkitOption], compilers: Sequence[CompilerOption]
) -> int:
    """Spread what a fact says of toolkits and of compilers over their pairs."""
    every = (1 << len(compilers)) - 1
    some = _bits(compilers, fact.rules["compiler"]) if "compiler" in fact.rules else 0
    rule = fact.rules.get("toolkit")
    return _join(
        [every if rule and rule(toolkit) else some for toolkit in toolkits], len(compilers)
    )


def _join(blocks: Sequence[int], width: int) -> int:
    return sum(block << index * width for index, block in enumerate(blocks))


@lru_cache(maxsize=4096)
def _wheels_ruled_out(rule: Rule, machine: str, preset: str, gpu: bool) -> int:  # noqa: FBT001
    releases = candidates.wheels(machine, preset, gpu=gpu)
    return _bits(tuple(wheel for release in releases for wheel in release), rule)


def _bits(options: Sequence[Any], objection: Callable[[Any], str | None]) -> int:
    return sum(1 << n for n, option in enumerate(options) if objection(option) is not None)


def solve(given: Problem, which: Sequence[int] | None = None) -> Choice | None:
    """Return the first choice that no fact of ``which`` (all) rules out, None without one."""
    return next((choice for choice in choices(given, which) if choice), None)


def choices(given: Problem, which: Sequence[int] | None = None) -> Iterator[Choice | None]:
    """Yield the best choice of each release, None where it has none; best release first."""
    in_force = range(len(given.facts)) if which is None else which
    alive = {name: given.alive(name, in_force) for name in ("wheel", *SPOKES)}
    first = 0
    for release in given.releases:
        yield _choose(given, release, {**alive, "wheel": alive["wheel"] >> first})
        first += len(release)


def _choose(given: Problem, release: Sequence[Wheel], alive: dict[str, int]) -> Choice | None:
    """Choose within a release: letting the loaded driver stay comes before the better wheel."""
    drivers = given.options["driver"]
    stays = sum(1 << n for n, option in enumerate(drivers) if option.action in STAYS)
    for allowed in (alive["driver"] & stays, alive["driver"] & ~stays):
        for index, wheel in enumerate(release):
            if allowed and alive["wheel"] >> index & 1:
                choice = _complete(given, wheel, {**alive, "driver": allowed})
                if choice:
                    return choice
    return None


def _complete(given: Problem, wheel: Wheel, alive: dict[str, int]) -> Choice | None:
    chosen: list[Any] = []
    for spoke in SPOKES:
        fits = alive[spoke] and alive[spoke] & _allowed(given, wheel, spoke)
        if not fits:
            return None
        # The lowest bit is the best option.
        chosen.append(given.options[spoke][(fits & -fits).bit_length() - 1])
    return Choice(wheel, *chosen)


def driver_alone(given: Problem) -> DriverOption | None:
    """Return the driver that the facts leave where no whole choice is left, None without one."""
    alive = given.alive("driver", range(len(given.facts)))
    left = (o for n, o in enumerate(given.options["driver"]) if alive >> n & 1 and o.branch)
    return next(left, None)


def core(given: Problem) -> tuple[int, ...]:
    """Return the facts that together rule everything out, none of which can be spared.

    Takes away one fact after the other, and keeps it away while there still is no choice. The
    last ones go first: a wish or a card says more to a reader than the network does.
    """
    lawful = _lawful(given)
    kept = [index for index, dead in enumerate(given.ruled_out) if any(dead.values())]
    for index in reversed(kept):
        rest = [other for other in kept if other != index]
        if not _possible(given, lawful, rest):
            kept = rest
    return tuple(kept)


def _lawful(given: Problem) -> list[tuple[int, ...]]:
    """Return for each wheel the bits of the options that its laws allow, by spoke."""
    known: dict[tuple[str, object], int] = {}
    rows = []
    for wheel in given.wheels:
        keys = [(name, ASPECTS[name](wheel)) for name in SPOKES]
        for key in keys:
            if key not in known:
                known[key] = _allowed(given, wheel, key[0])
        rows.append(tuple(known[key] for key in keys))
    return rows


def _allowed(given: Problem, wheel: Wheel, spoke: str) -> int:
    if spoke == "tools":
        blocks = lawful_tools(wheel, given.toolkits, given.compilers)
        return _join(blocks, len(given.compilers))
    options = given.options[spoke]
    return ~_bits(options, partial(LAWS[spoke], wheel)) & ((1 << len(options)) - 1)


def _possible(given: Problem, lawful: list[tuple[int, ...]], which: Sequence[int]) -> bool:
    wheels = given.alive("wheel", which)
    alive = [given.alive(name, which) for name in SPOKES]
    return any(
        wheels >> index & 1 and all(map(int.__and__, alive, row))
        for index, row in enumerate(lawful)
    )
