"""The plan of a host: a pure function of host, request and catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..catalog import miniforge
from ..catalog.sources import TREES, UV_PYTHONS
from ..core.validation import mapping
from ..host.model import Host
from ..host.model import host as read_host
from . import compose, conflict, from_bundle, from_lock, rationale, system_packages
from . import network as networks
from .request import request as read_request
from .resolver import driver_alone, problem, solve

if TYPE_CHECKING:
    from .network import Network

NOTHING_REACHED = "neither the package index nor a bundle is there"


def plan(host: object, request: object = None) -> dict[str, Any]:
    """Return the plan of a host as plain data, with status planned or no-plan.

    Raises ``StackError`` for a host or a request that cannot be read.
    """
    there, wishes = read_host(host), read_request(request)
    if wishes.bundle:
        asked = mapping(request, "request")
        return from_bundle.choose(plan, mapping(host, "host"), asked, wishes.bundle)
    if wishes.locked:
        return from_lock.follow(plan, host, mapping(request, "request"), wishes.locked)
    network = networks.of(there, wishes)
    if network.name == "offline" and wishes.network is None:
        return _no_plan(there, network, _offline())
    given = problem(there, wishes, network)
    choice = solve(given)
    if choice is None:
        refused = _no_plan(there, network, conflict.explain(given))
        option = driver_alone(given)
        return {**refused, "driver": system_packages.driver(there, option) if option else None}
    found = compose.compose(there, wishes, network, choice)
    cause = rationale.reasons(there, wishes, network, given, choice)
    return {**found, "reasons": cause, "conflict": None}


def _offline() -> dict[str, Any]:
    return {
        "facts": ["the package index was not reached [the probe of this host]"],
        "because": [NOTHING_REACHED],
        "try": [
            "check the network, the proxy and the certificates",
            "bring everything with --offline BUNDLE",
        ],
    }


def _no_plan(host: Host, network: Network, clash: dict[str, Any]) -> dict[str, Any]:
    """Return a plan of the contract's shape that says what contradicts what."""
    empty = dict.fromkeys(PLAN_KEYS)
    lists: dict[str, list[object]] = {name: [] for name in LISTS}
    return {
        **empty,
        **lists,
        "status": "no-plan",
        "profile": "cuda" if host.gpus else "cpu",
        "network": network.name,
        "gpus": system_packages.gpus(host),
        "conflict": clash,
    }


PLAN_KEYS = (
    "status", "profile", "network", "gpus", "driver", "cuda", "python", "python_interpreter",
    "torch", "torchvision", "torchaudio", "compiler", "packages", "constraints", "sources",
    "build", "system_packages", "ffmpeg", "patches", "skipped_claims", "full_network_adds",
    "needs_disk_mib", "environment", "roles", "id", "reasons", "conflict",
)  # fmt: skip
LISTS = ("packages", "system_packages", "patches", "skipped_claims", "roles", "reasons")


def endpoints(request: object = None) -> dict[str, str]:
    """Return what the probe has to reach for a request: name to address, as gpu_info takes it."""
    wishes = read_request(request)
    if wishes.network == "offline" or wishes.bundle:
        return {}
    own = {name: source["url"] for name, source in wishes.sources.items() if "url" in source}
    return {
        "pypi": "package-index",
        **{tree.name: own.get(tree.name, tree.url) for tree in TREES},
        "pytorch": compose.INDEX + "cpu/torch/",
        "nvidia": system_packages.REPOSITORIES,
        "uv-pythons": UV_PYTHONS,
        "miniforge": own.get("miniforge", miniforge.INSTALLERS[0].url),
        "conda-forge": own.get("conda-forge", miniforge.CHANNEL_URL) + miniforge.CHANNEL_FILE,
    }
