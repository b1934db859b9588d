"""Find the best choice of wheel, driver, Python, toolkit and compiler that no constraint rejects.

Candidates come best first, so the first one that survives is the best. Constraints reject single
options, compatibility rules reject an option beside a wheel: once the wheel is chosen, each of
the other dimensions is chosen on its own (the compiler after its toolkit).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from . import candidates, compatibility
from .constraint_model import RUNNING, Check, Constraint
from .constraints import constraints
from .distribution import distribution

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ..host.model import Host
    from .candidates import CompilerOption, DriverOption, PythonOption, ToolkitOption, Wheel
    from .network import Network
    from .request import Request


class Choice(NamedTuple):
    """One complete choice: ``compiler`` has major 0 and ``toolkit`` action none where not needed."""

    wheel: Wheel
    driver: DriverOption
    python: PythonOption
    toolkit: ToolkitOption
    compiler: CompilerOption


class Options(NamedTuple):
    """The options of each dimension that hangs on the wheel, best first."""

    driver: Sequence[DriverOption]
    python: Sequence[PythonOption]
    toolkit: Sequence[ToolkitOption]
    compiler: Sequence[CompilerOption]


class Problem(NamedTuple):
    """Candidates, constraints, and of each constraint the options it rejects, by dimension."""

    releases: tuple[tuple[Wheel, ...], ...]
    wheels: tuple[Wheel, ...]
    options: Options
    constraints: tuple[Constraint, ...]
    rejected: tuple[dict[str, frozenset[int]], ...]

    def left(self, dimension: str, active: Iterable[int]) -> list[Any]:
        """Return the options of a dimension that no ``active`` constraint rejects."""
        options = self.wheels if dimension == "wheel" else getattr(self.options, dimension)
        rejected: set[int] = set()
        for index in active:
            rejected |= self.rejected[index].get(dimension, frozenset())
        return [option for index, option in enumerate(options) if index not in rejected]


def problem(host: Host, request: Request, network: Network) -> Problem:
    """Set up the choice for a host."""
    row, gpu = distribution(host), bool(host.gpus)
    shelf = (host.architecture, request.preset, gpu)
    toolkits = candidates.toolkits(
        host, needed=network.compiles and gpu, archive=row.toolkit if row else None
    )
    compilers = candidates.compilers(
        host, needed=network.compiles, default=row.compilers[0] if row else 0
    )
    options = Options(
        candidates.drivers(host, request.preset, row),
        candidates.pythons(host, request.preset),
        toolkits,
        compilers,
    )
    found = constraints(host, request, network)
    rejected = []
    for constraint in found:
        checks = dict(constraint.checks)
        wheel = checks.pop("wheel", None)
        dead = {name: _rejected(getattr(options, name), check) for name, check in checks.items()}
        rejected.append({**dead, "wheel": _rejected_wheels(wheel, *shelf)} if wheel else dead)
    return Problem(*_wheels(*shelf), options, found, tuple(rejected))


@lru_cache(maxsize=32)
def _wheels(
    machine: str,
    preset: str,
    gpu: bool,  # noqa: FBT001  (a part of the key)
) -> tuple[tuple[tuple[Wheel, ...], ...], tuple[Wheel, ...]]:
    releases = candidates.wheels(machine, preset, gpu=gpu)
    return releases, tuple(wheel for release in releases for wheel in release)


@lru_cache(maxsize=4096)
def _rejected_wheels(check: Check, machine: str, preset: str, gpu: bool) -> frozenset[int]:  # noqa: FBT001
    return _rejected(_wheels(machine, preset, gpu)[1], check)


def _rejected(options: Sequence[Any], check: Check) -> frozenset[int]:
    return frozenset(n for n, option in enumerate(options) if check(option) is not None)


def solve(given: Problem, active: Collection[int] | None = None) -> Choice | None:
    """Return the best choice that no ``active`` (default: any) constraint rejects, or None."""
    return next((choice for choice in choices(given, active) if choice), None)


def choices(given: Problem, active: Collection[int] | None = None) -> Iterator[Choice | None]:
    """Yield the best choice of each release, None where it has none; best release first."""
    active = range(len(given.constraints)) if active is None else active
    wheels = iter(given.left("wheel", active))
    left = Options(*(given.left(name, active) for name in Options._fields))
    # A driver that is installed and can stay counts for more than the better wheel of a release.
    stays = left._replace(driver=[one for one in left.driver if one.action in RUNNING])
    changes = left._replace(driver=[one for one in left.driver if one.action not in RUNNING])
    wheel = next(wheels, None)
    for release in given.releases:
        alive = []
        while wheel is not None and wheel.row is release[0].row:
            alive.append(wheel)
            wheel = next(wheels, None)
        found = (_complete(one, options) for options in (stays, changes) for one in alive)
        yield next((choice for choice in found if choice), None)


def _complete(wheel: Wheel, left: Options) -> Choice | None:
    """Return the wheel with the first of each other dimension that is compatible with it."""
    driver = next((one for one in left.driver if not compatibility.driver(wheel, one)), None)
    python = next((one for one in left.python if not compatibility.python(wheel, one)), None)
    if driver is None or python is None:
        return None
    for toolkit in left.toolkit:
        if not compatibility.toolkit(wheel, toolkit):
            for compiler in left.compiler:
                if not compatibility.compiler(wheel, toolkit, compiler):
                    return Choice(wheel, driver, python, toolkit, compiler)
    return None


def driver_alone(given: Problem) -> DriverOption | None:
    """Return the best driver that no constraint rejects where there is no choice, or None."""
    left: list[DriverOption] = given.left("driver", range(len(given.constraints)))
    return next((option for option in left if option.branch), None)


def minimal_conflict(given: Problem) -> tuple[int, ...]:
    """Return constraints that together leave no choice, none of which can be spared.

    Drops one constraint after the other for as long as there is no choice without it. The last
    are dropped first: a request or a GPU says more to a reader than the network does.
    """
    kept = [index for index, rejected in enumerate(given.rejected) if any(rejected.values())]
    for index in reversed(kept):
        rest = [other for other in kept if other != index]
        if solve(given, rest) is None:
            kept = rest
    return tuple(kept)
