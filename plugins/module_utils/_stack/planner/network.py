"""What the network of a host reaches, and so what can be downloaded and built."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..catalog.sources import TREES
from ..host.model import PROBE
from .decision import ASSUMPTION, REQUEST, Decided, Decision, decision

if TYPE_CHECKING:
    from ..host.model import Host
    from .request import Request


class Network(NamedTuple):
    """What is reached; ``name`` is full, pypi (the package index alone) or offline.

    ``wheel_index`` is PyTorch's own index, ``nvidia`` NVIDIA's packages, ``uv_pythons`` the
    Pythons that uv downloads, ``conda`` Miniforge with conda-forge.
    """

    name: str
    wheel_index: bool
    nvidia: bool
    uv_pythons: bool
    conda: bool

    @property
    def compiles(self) -> bool:
        """Return whether extensions are built: their sources are not on the package index."""
        return self.name != "pypi"


def decide(host: Host, request: Request) -> Decided[Network]:
    """Return what is reached; a request overrides what was probed."""
    return Decided(_network(host, request), (_why(host, request),))


def _why(host: Host, request: Request) -> Decision:
    if request.network:
        return decision("network", f"--network {request.network} was given", REQUEST)
    if not host.network or host.source != PROBE:
        text = "no endpoint was probed, so all are assumed to be reachable"
        return decision("network", text, ASSUMPTION)
    missed = [name for name, reached in host.network.items() if not reached]
    name = _name(host.network)
    cause = f"unreachable: {', '.join(missed)}" if missed else "every endpoint was reached"
    return decision("network", f"{name}, because {cause}", host.source)


def _network(host: Host, request: Request) -> Network:
    name = request.network or _name(host.network)
    if request.network in ("full", "offline") or not host.network:
        # Everything is assumed to be reached, or comes with a bundle.
        wheel_index = nvidia = name != "pypi"
    else:
        wheel_index = host.network.get("pytorch", False) and request.network != "pypi"
        nvidia = host.network.get("nvidia", False)
    return Network(
        name,
        wheel_index,
        nvidia,
        uv_pythons=_reached(host, request, name, "uv-pythons"),
        conda=all(_reached(host, request, name, each) for each in ("miniforge", "conda-forge")),
    )


def _reached(host: Host, request: Request, name: str, endpoint: str) -> bool:
    """Return whether an endpoint is reached; one that was not probed is where everything is."""
    if request.network:
        return request.network == "full"
    return host.network.get(endpoint, name == "full")


def _name(reached: dict[str, bool]) -> str:
    """Name what was reached; a host without any probed endpoint is assumed to reach everything."""
    if not reached:
        return "full"
    if not reached.get("pypi", False):
        return "offline"
    return "full" if all(reached.get(tree.name, False) for tree in TREES) else "pypi"
