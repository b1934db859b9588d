"""WSL2 and Tegra: a driver that is never installed from here, and what goes on top of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.platforms import JETPACK, JETPACK_WHEELS, TEGRAS, WSL, TegraRow
from ..host.model import Platform
from .constraint_model import STAYS, Check, Constraint
from .decision import Decision, decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.model import Host
    from .candidates import DriverOption, ToolkitOption

OF_WINDOWS = "the driver of WSL2 is that of Windows, and is never installed from inside"


def of(host: Host) -> Iterator[Constraint]:
    """Yield the constraint of a machine whose GPU is no PCI function of a PC or server."""
    found = platform(host)
    if found and found.kind == "wsl":
        yield _wsl(host, found)
    elif found:
        yield _tegra(host, found)


def platform(host: Host) -> Platform | None:
    """Return the kind of machine; the kernel says it where nothing else does."""
    release = host.kernel.release.lower()
    if host.platform:
        return host.platform
    if "microsoft" in release:
        return Platform("wsl")
    return Platform("tegra") if release.endswith("-tegra") else None


def decisions(host: Host) -> Iterator[Decision]:
    """Yield what a plan says of such a machine."""
    found = platform(host)
    if found and found.kind == "wsl":
        text = OF_WINDOWS if host.gpus else f"{OF_WINDOWS}; none of NVIDIA is there"
        yield decision("host.platform", text, WSL)
    elif found:
        text = f"the driver of {_name(found)} comes with JetPack and is not changed"
        yield decision("host.platform", text, JETPACK)


def _wsl(host: Host, found: Platform) -> Constraint:
    def driver(option: DriverOption) -> str | None:
        if option.action == "none" and host.platform is None:
            return "the record does not say whether the driver of Windows is one of NVIDIA"
        if option.action == "none" and found.driver:
            return "the libraries of NVIDIA's driver are in /usr/lib/wsl/lib, and it lists no GPU"
        return None if option.action in STAYS else OF_WINDOWS

    def toolkit(option: ToolkitOption) -> str | None:
        if option.origin != "distribution":
            return None
        return f"the packages of CUDA {option.name} install libraries of a Linux driver"

    remedy = "install or update NVIDIA's driver in Windows, stop WSL2 there, start it again, and probe again"
    checks: dict[str, Check] = {"driver": driver, "toolkit": toolkit}
    return Constraint("host.wsl", "the host is WSL2", host.source, remedy, checks)


def _tegra(host: Host, found: Platform) -> Constraint:
    row = _row(found)

    def driver(option: DriverOption) -> str | None:
        if option.action == "none" and row and row.wheels:
            return f"the driver of {_name(found)} lists no GPU"
        if option.action == "none":
            has = f", of compute capability {row.capability}," if row else ""
            return (
                f"the GPU of {_name(found)}{has} is integrated: no wheel of PyTorch has code for it"
            )
        if option.action in STAYS:
            return None
        return f"the driver of {_name(found)} comes with JetPack and is not installed from packages"

    remedy = JETPACK_WHEELS
    if row and row.wheels:
        remedy = "install JetPack 7 or newer with its driver, and probe again"
    text = f"the host is {_name(found)}, whose GPU is integrated"
    return Constraint("host.tegra", text, host.source, remedy, {"driver": driver})


def _row(found: Platform) -> TegraRow | None:
    return next((row for row in TEGRAS if row.chip == found.name), None)


def _name(found: Platform) -> str:
    row = _row(found)
    return f"a {row.name} ({row.chip})" if row else f"an NVIDIA Tegra {found.name}".strip()
