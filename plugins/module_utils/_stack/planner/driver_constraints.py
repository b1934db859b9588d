"""The constraints of the driver that is there: its state, its age, and the kernel below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..catalog.drivers import BRANCHES
from ..catalog.presets import PRESETS
from ..core.versions import version
from . import driver_state, kernels
from .candidates import branch
from .constraint_model import RUNNING, Constraint
from .distribution import distribution
from .gpu_specs import of_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.model import Host
    from .candidates import DriverOption
    from .request import Request

_KERNEL = re.compile(r"\d+\.\d+")


def of(host: Host, request: Request) -> Iterator[Constraint]:
    """Yield what the loaded driver and the running kernel exclude."""
    state = driver_state.of(host)
    if state.code != driver_state.WORKS:
        yield _state(host, state)
    if host.driver and host.gpus and not request.driver_branch and not _too_new(host):
        yield _no_older(host, host.driver.version)
    has = host.installed_driver.fabric_manager
    if host.driver and has and has != host.driver.version and _serves_itself(host):
        yield _fabric_manager(host, has, host.driver.version)
    kernel = _KERNEL.match(host.kernel.release)
    if kernel and host.gpus:
        yield _kernel(host, kernel.group())


def known_of(host: Host, number: str) -> Iterator[str]:
    """Yield what a user needs to know of a branch that is asked for and cannot be installed."""
    row = distribution(host)
    if host.driver and host.driver.version.partition(".")[0] == number:
        return
    if branch(number) is None:
        has = ", ".join(each.branch for each in BRANCHES)
        yield f"the table has no such branch, it has {has}"
    elif row and not any(entry.branch == number for entry in row.archive):
        where = f"NVIDIA's repository for {host.distribution.name}"
        if row.first_branch and version(number) < version(row.first_branch):
            yield f"{where} begins with branch {row.first_branch}"
        elif not any(number in preset.branches for preset in PRESETS):
            can = ", ".join(sorted(PRESETS[0].branches))
            yield f"it is released, and not among the branches that are installed: {can}"


def _state(host: Host, state: driver_state.DriverState) -> Constraint:
    def driver(option: DriverOption) -> str | None:
        return state.text if option.action == "keep" else None

    remedy = "reboot this host, or the machine that runs it as a container"
    if state.code == driver_state.MIXED:
        remedy = "install module and libraries of one release, and reboot"
    return Constraint("host.driver_state", state.text, host.source, remedy, {"driver": driver})


def _serves_itself(host: Host) -> bool:
    """Return whether the host has NVSwitches, and a Fabric Manager that cannot be changed here.

    What a container has installed is not what serves it.
    """
    switched = bool(host.nvswitches) or host.nvlink5_fabric
    return switched and not host.root and host.virtualization != "container"


def _fabric_manager(host: Host, has: str, loaded: str) -> Constraint:
    text = f"Fabric Manager is {has} and the loaded driver {loaded}: CUDA ends with error 802"

    def driver(option: DriverOption) -> str | None:
        return text if option.action == "keep" else None

    remedy = f"install Fabric Manager {loaded} as root"
    return Constraint("host.fabric_manager", text, host.source, remedy, {"driver": driver})


def _too_new(host: Host) -> bool:
    """Return whether a GPU of the host was dropped before the loaded branch."""
    number = version(host.driver.version.partition(".")[0]) if host.driver else version("0")
    last = [gpu.range.last_branch for gpu in of_host(host)]
    return any(version(branch) < number for branch in last if branch)


def _no_older(host: Host, loaded: str) -> Constraint:
    number = version(loaded.partition(".")[0])

    def driver(option: DriverOption) -> str | None:
        if option.action in RUNNING or version(option.number) >= number:
            return None
        return f"{option.name} is older than {loaded}, which is loaded"

    remedy = "name an older branch with --driver-branch"
    text = f"driver {loaded} is loaded, and is not replaced by an older branch unless one is named"
    return Constraint("host.driver_branch", text, host.source, remedy, {"driver": driver})


def _kernel(host: Host, kernel: str) -> Constraint:
    def driver(option: DriverOption) -> str | None:
        bound = option.branch.kernel if option.branch else ""
        if option.action in RUNNING or not bound or version(kernel) <= version(bound):
            return None
        built = kernels.prebuilt(host, option)
        # The archive has built them, whatever the branch was made for.
        if option.branch is None or (built and built.listed):
            return None
        source = option.branch.kernel_source.name
        return f"the modules of {option.name} build on Linux {bound} and older ({source})"

    remedy = "boot an older kernel of the distribution, or use a branch for this kernel"
    text = f"the kernel is Linux {host.kernel.release}"
    return Constraint("host.kernel", text, host.source, remedy, {"driver": driver})
