"""Plan a host: a pure function of the host, the request and the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog import miniforge
from ..catalog.distributions import NVIDIA_BASE
from ..catalog.sources import TREES, UV_PYTHONS
from ..core.validation import mapping
from ..host.model import Host
from ..host.model import host as read_host
from . import (
    conflict,
    driver_packages,
    from_bundle,
    from_lock,
    from_plan,
    gpu_specs,
    network,
    wheel,
)
from .assemble import assemble
from .plan import Conflict, NoPlan, Plan
from .request import FFMPEG_SOURCES, Request
from .request import request as read_request
from .resolver import driver_alone, problem, solve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..catalog.sources import TreeRow
    from .candidates import DriverOption
    from .network import Network
    from .plan import SourcePlan
    from .request import Source


def plan(host: object, request: object = None) -> Plan | NoPlan:
    """Return the plan of a host, or why there is none.

    ``host`` is a ``Host`` or its plain data, ``request`` a ``Request`` or its plain data. Raises
    ``StackError`` where one of them cannot be read.
    """
    there = host if isinstance(host, Host) else read_host(host)
    asked = request if isinstance(request, Request) else read_request(request)
    if asked.bundle:
        return from_bundle.choose(plan, there, mapping(request, "request"), asked.bundle)
    if asked.locked:
        return from_lock.follow(plan, there, mapping(request, "request"), asked.locked)
    if asked.planned:
        return from_plan.follow(plan, there, mapping(request, "request"), asked.planned)
    reached = network.decide(there, asked)
    if reached.value.name == "offline" and asked.network is None:
        return _no_plan(there, reached.value, _offline(there))
    given = problem(there, asked, reached.value)
    choice = solve(given)
    if choice is None:
        return _no_plan(
            there, reached.value, conflict.explain(given, there, asked), driver_alone(given)
        )
    return assemble(there, asked, reached, given, choice)


def _offline(host: Host) -> Conflict:
    return Conflict(
        facts=(f"the package index is unreachable [{host.source}]",),
        because=("neither a package index nor a bundle is available",),
        remedies=(
            "check the network, the proxy and the certificates",
            "install from a bundle with --offline FILE",
        ),
    )


def _no_plan(
    host: Host, reached: Network, clash: Conflict, driver: DriverOption | None = None
) -> NoPlan:
    return NoPlan(
        profile="cuda" if host.gpus else "cpu",
        network=reached.name,
        gpus=gpu_specs.plans(host),
        driver=driver_packages.driver(host, driver) if driver else None,
        conflict=clash,
    )


def endpoints(request: object = None) -> dict[str, str]:
    """Return what the probe has to reach for a request: name to address, as gpu_info takes it.

    The address of a source tree that the request, a lock or a plan names ends with ``#COMMIT``.
    Where the request says what the network is, only what it names itself is asked, and what that
    leaves open.
    """
    asked = read_request(request)
    if asked.network == "offline" or asked.bundle:
        return {}
    own = {name: source.url for name, source in asked.sources.items() if source.url}
    made = asked.locked.plan if asked.locked else asked.planned
    before = from_lock.sources(made) if made else {}
    found = {
        "pypi": "package-index",
        **{tree.name: _tree(tree, asked.sources.get(tree.name), before) for tree in TREES},
        "pytorch": wheel.INDEX + "cpu/torch/",
        "nvidia": f"{NVIDIA_BASE}/",
        "uv-pythons": UV_PYTHONS,
        "miniforge": own.get("miniforge", miniforge.INSTALLERS[0].url),
        **{name: own[name] for name in FFMPEG_SOURCES if name in own},
        "conda-forge": own.get("conda-forge", miniforge.CHANNEL_URL) + miniforge.CHANNEL_FILE,
    }
    open_ = {"nvidia"} if asked.network == "pypi" else set()
    needed = {*own, *before, *open_} if asked.network else {*found}
    return {name: place for name, place in found.items() if name in needed}


def _tree(tree: TreeRow, asked: Source | None, before: Mapping[str, SourcePlan]) -> str:
    """Return the address of a source tree, with its commit where that is not ours to choose."""
    other = before.get(tree.name)
    if not asked and not other:
        return tree.url
    url = (asked and asked.url) or (other and other.url) or tree.url
    return f"{url}#{(asked and asked.commit) or (other and other.commit) or tree.commit}"
