"""The plan of a host: a pure function of host, request and catalogue."""

from __future__ import annotations

from typing import Any, Dict

from . import compose, reasons
from .catalog.sources import TREES
from .errors import StackError
from .model import Host
from .model import host as read_host
from .request import Request
from .request import request as read_request
from .rules import Setting
from .solver import problem, solve

NOTHING_REACHED = "neither the package index nor a bundle is there"


def plan(host: object, request: object = None) -> Dict[str, Any]:
    """Return the plan of a host as plain data, with status planned or no-plan.

    Raises ``StackError`` for a host or a request that cannot be read.
    """
    machine, wishes = read_host(host), read_request(request)
    setting = _setting(machine, wishes)
    if setting.network == "offline" and wishes.network is None:
        return _no_plan(machine, _offline())
    given = problem(machine, wishes, setting)
    choice = solve(given)
    if choice is None:
        return _no_plan(machine, reasons.conflict(given))
    found = compose.compose(machine, wishes, setting, choice)
    why = reasons.reasons(machine, wishes, setting, given, choice)
    doubt = reasons.unmeasured(found)
    return {**found, "reasons": why + ([doubt] if doubt else []), "conflict": None}


def _setting(host: Host, request: Request) -> Setting:
    reached = host.network
    network = request.network or _network(reached)
    return Setting(
        network=network,
        index=network != "pypi" and reached.get("pytorch", True)
        or reached.get("pytorch", False),
        nvidia=reached.get("nvidia", network == "full" or not reached),
        compiles=network != "pypi",
    )


def _network(reached: Dict[str, bool]) -> str:
    """Name what was reached; a host on which nothing was probed is taken to reach everything."""
    if not reached:
        return "full"
    if not reached.get("pypi", False):
        return "offline"
    return "full" if all(reached.get(tree.name, False) for tree in TREES) else "pypi"


def _offline() -> Dict[str, Any]:
    return {
        "facts": ["the package index was not reached [the probe of this host]"],
        "because": [NOTHING_REACHED],
        "try": [
            "check the network, the proxy and the certificates",
            "bring everything with --offline BUNDLE",
        ],
    }


def _no_plan(host: Host, conflict: Dict[str, Any]) -> Dict[str, Any]:
    """Return a plan of the contract's shape that says what contradicts what."""
    empty = dict.fromkeys(PLAN_KEYS)
    lists = {name: [] for name in ("packages", "repairs", "roles", "reasons", "system_packages")}
    return {
        **empty,
        **lists,
        "status": "no-plan",
        "profile": "cuda" if host.gpus else "cpu",
        "gpus": compose.gpus(host),
        "conflict": conflict,
    }


PLAN_KEYS = (
    "status", "profile", "network", "gpus", "driver", "cuda", "python", "python_interpreter",
    "torch", "torchvision", "torchaudio", "compiler", "packages", "constraints", "sources",
    "build", "system_packages", "ffmpeg", "repairs", "skipped_claims", "full_network_adds",
    "needs_disk_mib", "roles", "id", "reasons", "conflict",
)  # fmt: skip


def endpoints(request: object = None) -> Dict[str, str]:
    """Return what the probe has to reach for a request: name to address, as gpu_info takes it."""
    wishes = read_request(request)
    if wishes.network == "offline":
        return {}
    trees = {
        tree.name: wishes.sources.get(tree.name, {}).get("url", tree.url) for tree in TREES
    }
    return {
        "pypi": "package-index",
        **trees,
        "pytorch": compose.INDEX + "cpu/torch/",
        "nvidia": "https://developer.download.nvidia.com/compute/cuda/repos/",
    }


__all__ = ["StackError", "endpoints", "plan"]
