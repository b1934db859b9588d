"""Choose the packages of a driver, and what is installed, held and started with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..catalog.distributions import KERNEL
from ..catalog.drivers import (
    FABRIC_SERVICES,
    HOLDS,
    NAMES,
    NVLINK5_PACKAGES,
    SERVICES,
    SIGNING_PACKAGES,
    NamesRow,
)
from ..core.versions import version
from . import driver_state, kernels
from .constraint_model import RUNNING
from .distribution import archive, distribution
from .plan import DriverPlan
from .repository import repository

if TYPE_CHECKING:
    from ..host.model import Host
    from .candidates import DriverOption

STREAM = "@"


def driver(host: Host, option: DriverOption) -> DriverPlan:
    """Return the driver with its packages; none where the driver is kept."""
    fabric = has_fabric(host)
    if option.action in RUNNING:
        # Fabric Manager may still be missing, and has to have exactly the driver's version.
        source = "nvidia" if fabric and option.origin != "distribution" else None
        plan = DriverPlan(
            action=option.action,
            branch=option.number,
            flavour=option.flavour,
            origin=option.origin,
            packages=(),
            pin=(),
            repository=repository(host, source),
            fabric_manager=fabric,
            fabric_packages=_fabric_packages(host, option) if fabric else (),
            reboot=option.action == "restart",
            mok=False,
        )
        return protected(host, plan)
    built = kernels.prebuilt(host, option)
    signed = built is not None
    mok = bool(host.secure_boot) and not signed
    names = _driver_packages(host, option, built)
    return changing(
        host,
        DriverPlan(
            action=option.action,
            branch=option.number,
            flavour=option.flavour,
            origin=option.origin,
            packages=(*names, *beside(host, option.number, mok=mok, prebuilt=signed)),
            pin=(),
            repository=None,
            fabric_manager=fabric,
            fabric_packages=_fabric_packages(host, option) if fabric else (),
            # The firmware takes a key only during a boot.
            reboot=host.driver is not None
            or host.nouveau
            or mok
            or (built is not None and not built.running),
            mok=mok,
            release=f"{option.number}.*",
            build="prebuilt" if signed else "dkms",
        ),
        prebuilt=signed,
    )


def changing(host: Host, plan: DriverPlan, *, prebuilt: bool = False) -> DriverPlan:
    """Return the plan of a driver that changes, with its repository, stream, services and holds.

    ``prebuilt`` means that the modules come built with the kernel, which then changes with them.
    """
    hold = HOLDS.get(host.distribution.family)
    streams = [name[1:] for name in plan.packages if name.startswith(STREAM)]
    return replace(
        plan,
        repository=repository(host, plan.origin, driver=True),
        stream=streams[0] if streams else None,
        services=(*SERVICES, *(FABRIC_SERVICES if plan.fabric_manager else ())),
        pin=hold.held if hold else (),
        unpinned=hold.every_branch if hold and plan.origin == "distribution" else (),
        unattended=(*hold.unattended, *(hold.kernel if prebuilt else ())) if hold else (),
    )


def protected(host: Host, plan: DriverPlan) -> DriverPlan:
    """Return the plan of a driver that stays, held as one that is installed is.

    Without root, in a container, and where no package manager has the driver, nothing holds it.
    """
    hold = HOLDS.get(host.distribution.family)
    if hold is None or not changes(host) or not (host.driver_packages or plan.fabric_packages):
        return plan
    prebuilt = any(row.name.startswith("linux-modules-nvidia") for row in host.driver_packages)
    pattern = f"{plan.branch}.*"
    # dnf holds the exact release, and one that is not loaded yet is not held.
    loaded = host.driver.version if host.driver and plan.action == "keep" else ""
    there = loaded if host.distribution.family == "redhat" else pattern
    return replace(
        plan,
        release=pattern,
        pin=hold.held,
        unpinned=hold.every_branch if plan.origin == "distribution" else (),
        unattended=(*hold.unattended, *(hold.kernel if prebuilt else ())),
        protect=host.installed_driver.held != there,
        hold_packages=hold.needs,
    )


def changes(host: Host) -> bool:
    """Return whether a driver can be changed from here: by root, and not from a container."""
    return host.root and host.virtualization != "container"


def has_fabric(host: Host) -> bool:
    """Return whether the GPUs of a host need a Fabric Manager that is installed from here."""
    return (bool(host.nvswitches) or host.nvlink5_fabric) and changes(host)


def _names(host: Host, branch: str) -> NamesRow | None:
    """Return how NVIDIA's repository names a branch for a host, None where it has none."""
    row = distribution(host)
    known = [
        names
        for names in NAMES
        if row and names.naming == row.naming and version(names.first_branch) <= version(branch)
    ]
    return known[-1] if known else None


def _driver_packages(
    host: Host, option: DriverOption, built: kernels.Prebuilt | None
) -> tuple[str, ...]:
    """Return the packages of the driver itself, with the modules that were ``built`` for it."""
    if option.origin == "distribution":
        entry = archive(distribution(host), option)
        names = entry.names(option.flavour) if entry else ()
        rest = tuple(name for name in names if KERNEL not in name)
        return (*(built.packages if built else ()), *rest)
    row = _names(host, option.number)
    names = (row.open if option.flavour == "open" else row.proprietary) if row else ()
    return _filled(names, option.number, f"{option.number}.*")


def _filled(names: tuple[str, ...], branch: str, release: str) -> tuple[str, ...]:
    return tuple(name.format(branch=branch, release=release) for name in names)


def beside(host: Host, branch: str, *, mok: bool, prebuilt: bool) -> tuple[str, ...]:
    """Return what is installed with a driver: headers, its daemon, what signs its modules."""
    row = _names(host, branch)
    return (
        *(() if prebuilt else kernels.headers(host) or ()),
        *(row.beside if row else ()),
        *(SIGNING_PACKAGES if mok else ()),
    )


def _fabric_packages(host: Host, option: DriverOption) -> tuple[str, ...]:
    """Return the packages of Fabric Manager; its version must be exactly the driver's."""
    row = _names(host, option.number)
    if row is None:
        return ()
    name = (
        f"nvidia-fabricmanager-{option.number}" if option.origin == "distribution" else row.fabric
    )
    exact = ""
    if option.action in RUNNING and host.driver:
        started = driver_state.of(host).installed if option.action == "restart" else None
        exact = started or host.driver.version
    # An installation by apt keeps to the release through its preferences.
    if exact and host.distribution.family == "debian":
        name += f"={exact}-*"
    names = _filled((name,), option.number, exact or f"{option.number}.*")
    return (*names, *NVLINK5_PACKAGES) if host.nvlink5_fabric else names
