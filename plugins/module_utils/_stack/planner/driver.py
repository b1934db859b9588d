"""Decide on the driver: keep or change it, its branch, kernel module and packages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ..catalog.drivers import (
    BRANCHES_PAGE,
    FABRIC,
    HOLDS,
    IMEX,
    MODULE_PAGE,
    OPEN_ONLY_POST,
    REAL_TIME_CHECK,
    SIGNATURES,
)
from ..core.versions import dotted, version
from . import driver_packages, driver_reasons, guests, kernels
from .decision import Decided, Decision, decision
from .distribution import archive, distribution
from .gpu_specs import of_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..catalog.drivers import BranchRow
    from ..host.model import Host
    from .candidates import DriverOption
    from .plan import DriverPlan
    from .resolver import Choice, Problem

REAL_TIME = re.compile(r"[-+.](?:rt\d*|realtime)\b")
# The superchips that are built into racks of many hosts.
RACK = re.compile(r"\bGB[23]00\b")


def decide(host: Host, given: Problem, choice: Choice) -> Decided[DriverPlan | None]:
    """Return the driver, None where no GPU needs one."""
    option = choice.driver
    if option.action == "none":
        text = "there is no NVIDIA GPU that needs a driver"
        return Decided(None, (decision("driver", text, host.source),))
    why = driver_reasons.why(host, given, choice)
    plan = replace(driver_packages.driver(host, option), reason=why.code)
    act = decision("driver.action", why.text, why.source)
    rest = {"keep": _kept, "restart": _restarted}.get(option.action, _changed)
    return Decided(
        plan,
        (
            act,
            *rest(host, option, plan),
            *_module(host, option),
            *_fabric(host),
            *_imex(host),
            *guests.decisions(host),
        ),
    )


def _kept(host: Host, option: DriverOption, plan: DriverPlan) -> Iterator[Decision]:
    yield from _held(host, plan)
    row = option.branch
    if row and row.ends:
        text = f"the support of branch {option.number} {_ends(row)}"
        yield decision("driver.branch", text, row.source)
    if row is None:
        text = f"no table knows branch {option.number}: it stays because it is loaded and drives the GPUs"
        yield decision("driver.branch", text, BRANCHES_PAGE)


def _restarted(host: Host, _option: DriverOption, plan: DriverPlan) -> Iterator[Decision]:
    yield from _held(host, plan)
    text = "modules that are not in use are exchanged; otherwise the host is rebooted"
    yield decision("driver.reboot", text, host.source)


def _ends(row: BranchRow) -> str:
    """Say when the support of a branch ends or ended, by the day on which the table was checked."""
    return f"ended in {row.ends}" if row.ends < row.source.checked[:7] else f"ends in {row.ends}"


def _changed(host: Host, option: DriverOption, plan: DriverPlan) -> Iterator[Decision]:
    row = option.branch
    life = f"{row.life}, its support {_ends(row)}" if row and row.ends else "newest known"
    text = f"branch {option.number} ({life}) supports every GPU of this host"
    last = {gpu.range.last_branch for gpu in of_host(host)} - {None}
    if last:
        text += f"; {min(filter(None, last))} is the last that does"
    yield decision("driver.branch", text, row.source if row else BRANCHES_PAGE)
    yield from _older(host, option)
    yield from _packages(host, option, plan)
    yield _built(host, option)
    yield from _real_time(host, plan)
    if host.secure_boot:
        text = "Secure Boot is on: the module is built here, and its key must be enrolled (MOK)"
        if option.origin == "distribution":
            text = "Secure Boot is on, so the packages of the distribution come first"
        yield decision("driver.origin", text, SIGNATURES)
    if plan.reboot:
        loaded = "nouveau" if host.nouveau else "another driver" if host.driver else ""
        text = f"{loaded} is loaded, and the new driver may start only with a reboot"
        if not loaded:
            text = "the packaged modules may be those of a newer kernel, which a reboot starts"
        if plan.mok and not loaded:
            text = "the key of the module is enrolled at the console, during a reboot"
        yield decision("driver.reboot", text, host.source)


def _older(host: Host, option: DriverOption) -> Iterator[Decision]:
    """Say that the release of an archive is older than the loaded one of the same branch."""
    loaded = host.driver.version if host.driver else ""
    same = loaded.partition(".")[0] == option.number
    if same and option.origin == "distribution" and version(loaded) > option.version:
        has = dotted(option.version)
        text = (
            f"the archive has {has} at least, which may be older than {loaded} of the same branch"
        )
        yield decision("driver.release", text, host.source)


def _real_time(host: Host, plan: DriverPlan) -> Iterator[Decision]:
    """Say that NVIDIA's modules refuse to be built for a real-time kernel."""
    if plan.build == "dkms" and REAL_TIME.search(host.kernel.release):
        text = (
            f"{host.kernel.release} is a real-time kernel: the modules build on it only with"
            " IGNORE_PREEMPT_RT_PRESENCE=1, and NVIDIA does not support it; boot another kernel"
        )
        yield decision("driver.kernel", text, REAL_TIME_CHECK)


def _running(host: Host) -> str:
    """Name the running kernel, or whose it is where a what-if has none."""
    return host.kernel.release or f"those of {host.distribution.name}"


def _built(host: Host, option: DriverOption) -> Decision:
    """Say how the kernel modules come about, and why."""
    row, built = distribution(host), kernels.prebuilt(host, option)
    entry = archive(row, option)
    if built:
        listed = "apt's lists name them" if built.listed else "as the catalog has it"
        text = (
            f"the archive has the modules built and signed ({', '.join(built.packages)}; {listed}):"
            " nothing is compiled, and Secure Boot accepts them"
        )
        return decision("driver.build", text, entry.source if entry else SIGNATURES)
    text = "DKMS builds the modules on this host and for each new kernel"
    if host.kernel.release and kernels.flavour(host) is None:
        text += f"; no table knows kernel {host.kernel.release}: whoever made it has its headers"
    if entry and entry.signed:
        of_nvidia = "do not go with packages of NVIDIA's repository"
        of_others = f"are of other kernels than {_running(host)}"
        own = option.origin == "distribution"
        text += f"; those of the archive {of_others if own else of_nvidia}"
    others = kernels.other_branches(host)
    if others and option.number not in others:
        text += f"; for this kernel the archive has them built of {' and '.join(others)} alone"
    return decision("driver.build", text, SIGNATURES)


def _packages(host: Host, option: DriverOption, plan: DriverPlan) -> Iterator[Decision]:
    row = distribution(host)
    if row is None or not plan.packages:
        return
    entry = archive(row, option) if option.origin == "distribution" else None
    where = f"the archive of {row.id}" if entry else "NVIDIA's repository for " + row.id
    text = (
        f"{option.name} is in {where} {row.version}; with what it needs: {', '.join(plan.packages)}"
    )
    yield decision("driver.packages", text, entry.source if entry else row.packages)


def _module(host: Host, option: DriverOption) -> Iterator[Decision]:
    gpus = of_host(host)
    if any(gpu.open_only for gpu in gpus):
        yield decision("driver.flavour", "a GPU here needs the open module", OPEN_ONLY_POST)
    elif any(gpu.range.flavour == "proprietary" for gpu in gpus):
        text = "a GPU here is older than the open module"
        yield decision("driver.flavour", text, MODULE_PAGE)
    elif option.action != "keep":
        text = "both modules work; open is recommended from branch 560 on"
        yield decision("driver.flavour", text, MODULE_PAGE)


def _fabric(host: Host) -> Iterator[Decision]:
    if not (host.nvswitches or host.nvlink5_fabric):
        return
    text = "NVSwitches connect the GPUs: the Fabric Manager must have exactly the driver's version"
    yield decision("driver.fabric_manager", text, FABRIC)
    has = host.installed_driver.fabric_manager
    if not driver_packages.changes(host):
        found = f"here it is {has}" if has else "its version cannot be read from here"
        text = (
            f"that of {_owner(host)} serves this host, and nothing is installed beside it; {found}"
        )
        yield decision("driver.fabric_manager", text, host.source)
        return
    if has and host.driver and has != host.driver.version:
        text = f"Fabric Manager {has} is installed, and it is exchanged: CUDA ends with error 802"
        yield decision("driver.fabric_manager", text, host.source)
    if host.distribution.family not in HOLDS:
        text = f"the roles install none on {host.distribution.name}: install it by hand"
        yield decision("driver.fabric_manager", text, host.source)


def _owner(host: Host) -> str:
    container = host.virtualization == "container"
    return "the machine that runs this container" if container else "the machine itself"


def _imex(host: Host) -> Iterator[Decision]:
    names = sorted({gpu.name for gpu in of_host(host) if RACK.search(gpu.name)})
    if names:
        text = (
            f"in a rack such as NVL72, GPUs of other hosts are reached through IMEX ({IMEX}, of exactly the"
            f" driver's release) beside {', '.join(names)}; one host needs none, and it is not set up"
        )
        yield decision("driver.imex", text, FABRIC)


def _held(host: Host, plan: DriverPlan) -> Iterator[Decision]:
    """Say what keeps the next upgrade from separating a driver that stays from its libraries."""
    if plan.pin:
        text = f"its packages stay on {plan.release}, also in unattended upgrades"
    elif not driver_packages.changes(host):
        who = "as root on " + _owner(host)
        text = f"nothing holds it from here: hold its packages {who}, or an upgrade may break it"
    elif host.driver_packages:
        manager = f"the package manager of {host.distribution.name}"
        text = f"the roles hold no packages with {manager}: hold them, or an upgrade may break it"
    else:
        text = "no package of it is known, so there is nothing that an upgrade would replace"
    yield decision("driver.pin", text, host.source)
