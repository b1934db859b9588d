"""Choose what of the distribution's own packages is missing on a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.distributions import SYSTEM_PACKAGES
from ..core.versions import dotted
from .decision import Decided, decision
from .distribution import distribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..host.model import Host
    from .ffmpeg import Ffmpeg
    from .network import Network
    from .resolver import Choice


def system_packages(
    host: Host, choice: Choice, network: Network, video: Ffmpeg
) -> Decided[tuple[str, ...]]:
    """Return the missing packages of the distribution; installing them needs root."""
    names = SYSTEM_PACKAGES.get(host.distribution.family)
    if names is None:
        text = f"the package names of {host.distribution.name} are not known: nothing is installed"
        return Decided(video.packages, (decision("system_packages", text, host.source),))
    needs = _needs(host, choice, network, names)
    series = dotted(choice.python.series)
    packages = tuple(
        name.format(major=choice.compiler.major, python=series)
        for need in needs
        for name in names[need]
    )
    causes = [*needs.values()]
    if video.packages:
        causes.append(f"FFmpeg needs {', '.join(video.packages)}")
    text = "; ".join(causes) or "the host has everything that the plan needs of them"
    reason = decision("system_packages", text, host.source)
    return Decided((*packages, *video.packages), (reason,))


def _needs(
    host: Host, choice: Choice, network: Network, names: Mapping[str, object]
) -> dict[str, str]:
    """Return what is missing, by its name in ``SYSTEM_PACKAGES``, and why it is needed."""
    row, major = distribution(host), choice.compiler.major
    needs = {}
    if network.name != "pypi" and not host.tools.get("git"):
        needs["git"] = "git is missing, and checks the source trees out"
    if major and not choice.compiler.host:
        toolset = "toolset" in names and major != (row.compilers[0] if row else 0)
        needs["toolset" if toolset else "compiler"] = f"GCC {major} is missing"
    if network.compiles and choice.python.host and not choice.python.host.headers:
        needs["python-headers"] = f"Python {choice.python.name} has no headers for extensions"
    missing = [name for name, there in host.libraries.items() if not there]
    if missing:
        needs["opencv"] = f"opencv-python loads {' and '.join(missing)}, which is missing"
    return needs
