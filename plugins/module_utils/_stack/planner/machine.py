"""What kind of machine a host is, where its GPU is no PCI function of a PC or server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..host.model import Platform

if TYPE_CHECKING:
    from ..host.model import Host


def platform(host: Host) -> Platform | None:
    """Return the kind of machine; the kernel says it where nothing else does."""
    release = host.kernel.release.lower()
    if host.platform:
        return host.platform
    if "microsoft" in release:
        return Platform("wsl")
    return Platform("tegra") if release.endswith("-tegra") else None
