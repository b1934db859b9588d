"""Plan a host for a bundle: as it was planned when the bundle was made, or say what differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable

from ..catalog.sources import TREES
from ..core import names, validation
from ..core.construct import construct
from ..core.construct import read as field
from ..core.versions import version
from ..host.known import LIBRARIES
from .candidates import PYPI
from .decision import Decision
from .plan import Conflict, NoPlan, Plan
from .plan_diff import PACKAGES, differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..host.model import Host

REMEDY = "create a bundle for this host: slowfast-stack bundle create, with the options of plan"
NO_TORCH = "the bundle has no torch: name the Python that has it with --adopt-torch PYTHON"


def _optional_path(value: object, where: str) -> str | None:
    return None if value is None else names.relative_path(value, where)


def _paths(value: object, where: str) -> tuple[str, ...]:
    return tuple(names.relative_path(row, where) for row in validation.items(value, where))


# What a host reaches where nothing was probed.
ENDPOINTS = (
    *(tree.name for tree in TREES),
    *("pypi", "pytorch", "uv-pythons", "miniforge", "conda-forge"),
)


@dataclass(frozen=True)
class Release:
    """A release of a distribution."""

    id: str
    version: str


@dataclass(frozen=True)
class BundleHost:
    """The host that a stack of a bundle was planned for."""

    architecture: str
    glibc: str
    distribution: Release
    network: dict[str, bool] | None = None


@dataclass(frozen=True)
class BundleStack:
    """A stack of a bundle: its host, request and plan, and the packages that come with it.

    ``names`` are the hosts that it was made for.
    """

    host: BundleHost
    request: dict[str, object]
    plan: Plan
    system_packages: tuple[str, ...] = ()
    packages_folder: str | None = field(_optional_path, default=None)
    conda_packages: tuple[str, ...] = field(_paths, default=())
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bundle:
    """What planning reads of the manifest of a bundle."""

    digest: str
    stacks: tuple[BundleStack, ...]
    adopt_torch: bool = False


def read(value: object, where: str) -> Bundle:
    """Read the manifest of a bundle. Raises ``StackError``."""
    return construct(Bundle, value, where, ignore_unknown=True)


def choose(
    plan: Callable[[object, object], Plan | NoPlan],
    host: Host,
    request: Mapping[str, object],
    bundle: Bundle,
) -> Plan | NoPlan:
    """Return the plan of the first stack of the bundle that fits the host, else a conflict.

    ``plan`` plans a host for a request. The network counts as it was where the bundle was made,
    because that decides what kind of stack it holds; no network is used.
    """
    own = {key: value for key, value in request.items() if key != "bundle"}
    refused: list[tuple[Plan | NoPlan, list[str]]] = []
    for stack in bundle.stacks:
        there = replace(host, network=_network(stack.host.network, stack.plan))
        asked = {**stack.request, **pins(stack.plan), **_build(host, stack.plan), **own}
        found = plan(there, asked)
        lacks = [NO_TORCH] if bundle.adopt_torch and not own.get("adopt_torch") else []
        cause = [*lacks, *_against(host, found, stack)]
        if not cause and isinstance(found, Plan):
            return _as_offline(found, bundle, stack)
        refused.append((found, cause))
    return _refusal(refused)


def _network(probed: Mapping[str, bool] | None, made: Plan) -> dict[str, bool]:
    """Return what was reached where the bundle was made, without what it cannot have.

    A bundle has the compilers of PyPI, and so no toolkit of NVIDIA's repository in their place.
    """
    reached = dict(probed or {})
    if made.cuda and made.cuda.origin == PYPI:
        return {**(reached or dict.fromkeys(ENDPOINTS, True)), "nvidia": False}
    return reached


def pins(made: Plan) -> dict[str, object]:
    """Return the request that leads another host to the releases of a plan."""
    return {
        "torch": f"=={made.torch.version}",
        "python": made.python,
        # A bundle has the kind of FFmpeg that was planned, and no other.
        "ffmpeg": made.ffmpeg.origin if made.ffmpeg else "none",
    }


def _build(host: Host, made: Plan) -> dict[str, object]:
    """Return how the modules of a driver come about: a bundle has the packages of one way."""
    build = made.driver.build if made.driver else None
    return {"driver_build": build} if build and host.driver is None else {}


def bare(host: Host, made: Plan) -> Host:
    """Return the host of a plan without what its distribution's packages install, driver apart."""
    return replace(
        host,
        root=True,
        network=_network(host.network, made),
        tools={},
        compilers=(),
        pythons=tuple(replace(row, headers=False) for row in host.pythons),
        libraries=dict.fromkeys(LIBRARIES, False),
    )


def system_packages(plan: Plan) -> list[str]:
    """Return every package of the distribution that the roles of a plan install."""
    return [*plan.system_packages, *(name for _origin, names in _parts(plan) for name in names)]


def of_nvidia(plan: Plan) -> set[str]:
    """Return those among them that come from NVIDIA's own repository."""
    return {name for origin, names in _parts(plan) if origin == "nvidia" for name in names}


def _parts(plan: Plan) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """Yield the packages of driver and toolkit with their origin."""
    if plan.driver:
        yield plan.driver.origin, (*plan.driver.packages, *plan.driver.fabric_packages)
    # The wheels of PyPI are no packages of a distribution.
    if plan.cuda and plan.cuda.origin != PYPI:
        yield plan.cuda.origin, plan.cuda.packages


def _against(host: Host, found: Plan | NoPlan, stack: BundleStack) -> Iterator[str]:
    """Say why a stack is not for this host; what follows from the first reason is left out."""
    made = stack.plan
    conda = made.environment.manager == "conda"
    there = any(f"{row.version}.".startswith(f"{made.python}.") for row in host.pythons)
    if conda and not stack.conda_packages:
        wanted = ", ".join(made.environment.packages)
        yield f"the bundle does not have what conda installs ({wanted})"
    elif not (conda or there):
        yield f"this host has no Python {made.python}, and the bundle has none"
    elif isinstance(found, NoPlan):
        yield from found.conflict.facts
    else:
        yield from _differences(host, found, stack)


def _differences(host: Host, found: Plan, stack: BundleStack) -> Iterator[str]:
    """Say what the host needs and the stack of the bundle does not have."""
    made, where = stack.plan, stack.host
    if host.architecture != where.architecture:
        yield f"the bundle is for {where.architecture}, this host is {host.architecture}"
    if version(host.glibc or "0") < version(where.glibc):
        yield f"the bundle is for glibc {where.glibc}, this host has {host.glibc}"
    yield from differences("the bundle", made, found, PACKAGES)
    if found.ffmpeg and _ffmpeg(found) != _ffmpeg(made):
        yield f"FFmpeg of the bundle: {_ffmpeg(made)}; of this host: {_ffmpeg(found)}"
    # The packages of one release are none for another.
    here, there = host.distribution, where.distribution
    same = (here.id, here.version) == (there.id, there.version)
    available = stack.system_packages if same else ()
    lacking = sorted(set(system_packages(found)).difference(available))
    if lacking:
        yield f"this host lacks {', '.join(lacking)}, and the bundle does not have them"


def _ffmpeg(plan: Plan) -> str:
    """Return what decides which files an FFmpeg is made of."""
    made = plan.ffmpeg
    return f"{made.origin} {made.version} {made.nv_codec_headers}" if made else "none"


def _as_offline(found: Plan, bundle: Bundle, stack: BundleStack) -> Plan:
    because = f"the bundle {bundle.digest[:16]} has everything; no network is used"
    others = (row for row in found.reasons if row.choice != "network")
    return replace(
        found,
        environment=replace(found.environment, files=stack.conda_packages)
        if found.environment.manager == "conda"
        else found.environment,
        network="offline",
        packages_folder=stack.packages_folder,
        reasons=(Decision("network", because, "the bundle"), *others),
    )


def _refusal(refused: Sequence[tuple[Plan | NoPlan, list[str]]]) -> NoPlan:
    """Return no plan, with what differs from the stack that comes nearest."""
    nearest, differs = min(refused, key=lambda pair: len(pair[1]))
    because = f"none of the {len(refused)} stacks fits" if len(refused) > 1 else "it does not fit"
    facts = tuple(f"{text} [the bundle]" for text in differs)
    refusal = nearest.refused(Conflict(facts, (f"{because} this host",), (REMEDY,)))
    return replace(refusal, network="offline")
