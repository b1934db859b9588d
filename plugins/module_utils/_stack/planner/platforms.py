"""WSL2 and Tegra: a driver that is never installed from here, and what goes on top of it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..catalog.platforms import JETPACK, JETPACK_WHEELS, TEGRAS, WSL, TegraRow
from .constraint_model import STAYS, Check, Constraint
from .decision import Decision, decision
from .machine import platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.model import Host, Platform
    from .candidates import DriverOption, ToolkitOption

OF_WINDOWS = "the driver of WSL2 is that of Windows, and is never installed from inside"


def of(host: Host) -> Iterator[Constraint]:
    """Yield the constraint of a machine whose GPU is no PCI function of a PC or server."""
    found = platform(host)
    if found and found.kind == "wsl":
        yield _wsl(host, found)
    elif found:
        yield _tegra(host, found)


def decisions(host: Host) -> Iterator[Decision]:
    """Yield what a plan says of such a machine."""
    found = platform(host)
    if found and found.kind == "wsl":
        text = OF_WINDOWS if host.gpus else f"{OF_WINDOWS}; none of NVIDIA is there"
        yield decision("host.platform", text, WSL)
    elif found:
        text = f"the driver of {_name(host, found)} comes with JetPack and is not changed"
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
    row = _row(host, found)
    name = _name(host, found)

    def driver(option: DriverOption) -> str | None:
        if option.action == "none" and row and row.wheels:
            return f"the driver of {name} lists no GPU"
        if option.action in STAYS:
            return None
        return f"the driver of {name} comes with JetPack and is not installed from packages"

    text = f"the host is {name}, whose GPU is integrated"
    checks: dict[str, Check] = {"driver": driver}
    if row and row.wheels:
        remedy = "install JetPack 7 or newer with its driver, and probe again"
    else:
        has = f", of compute capability {row.capability}," if row else ""
        remedy = JETPACK_WHEELS
        no = f"the GPU of {name}{has} is integrated: no wheel of PyTorch has code for it"
        checks["wheel"] = _no_wheel(no)
    return Constraint("host.tegra", text, host.source, remedy, checks)


@lru_cache(maxsize=64)
def _no_wheel(text: str) -> Check:
    return lambda _option: text


def _row(host: Host, found: Platform) -> TegraRow | None:
    """Return the row of the chip; where nothing names it, that of the capability of its GPU."""
    if found.name:
        return next((row for row in TEGRAS if row.chip == found.name), None)
    measured = {gpu.compute_capability for gpu in host.gpus}
    return next((row for row in TEGRAS if row.capability in measured), None)


def _name(host: Host, found: Platform) -> str:
    row = _row(host, found)
    return f"a {row.name} ({row.chip})" if row else f"an NVIDIA Tegra {found.name}".strip()
