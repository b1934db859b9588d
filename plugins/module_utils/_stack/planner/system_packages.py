"""Choose the packages of a host: driver, CUDA toolkit, and what the distribution provides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.distributions import SYSTEM_PACKAGES
from ..core.architectures import ARCHITECTURES
from ..core.versions import version
from .constraint_checks import archive
from .constraints import distribution
from .plan import CudaPlan, DriverPlan, RepositoryPlan

if TYPE_CHECKING:
    from ..host.model import Host
    from .candidates import DriverOption
    from .network import Network
    from .resolver import Choice

REPOSITORIES = "https://developer.download.nvidia.com/compute/cuda/repos/"
# From these branches on NVIDIA's repository names packages without the branch.
FABRIC_WITHOUT_SUFFIX = version("580")
DRIVER_WITHOUT_SUFFIX = version("590")


def driver(host: Host, option: DriverOption) -> DriverPlan:
    """Return the driver with its packages; no packages where nothing is installed."""
    changes = option.action != "keep"
    packages, pin = _driver_packages(host, option) if changes else ((), ())
    fabric = bool(host.nvswitches) or host.nvlink5_fabric
    return DriverPlan(
        action=option.action,
        branch=option.number,
        flavour=option.flavour,
        origin=option.origin,
        packages=packages,
        pin=pin,
        repository=repository(host) if changes and option.origin == "nvidia" else None,
        fabric_manager=fabric,
        fabric_packages=_fabric_packages(host, option) if fabric else (),
        reboot=changes and (host.driver is not None or host.nouveau),
        mok=changes and bool(host.secure_boot) and not _signed(host, option),
    )


def repository(host: Host) -> RepositoryPlan | None:
    """Return address and signing key of NVIDIA's packages for a host, None where it has none."""
    row = distribution(host)
    if row is None:
        return None
    machine = ARCHITECTURES.get(host.architecture)
    url = f"{REPOSITORIES}{row.repository}/{machine.nvidia if machine else host.architecture}/"
    return RepositoryPlan(url, url + row.key)


def _signed(host: Host, option: DriverOption) -> bool:
    row = archive(distribution(host), option)
    return option.origin == "distribution" and row is not None and row.signed


def _driver_packages(host: Host, option: DriverOption) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return packages and pins; names differ by repository, and from branch 590 on."""
    row = distribution(host)
    if row is None:
        return (), ()
    if option.origin == "distribution":
        entry = archive(row, option)
        names = (entry.open if option.flavour == "open" else entry.proprietary) if entry else ()
        flavour = host.kernel.release.rpartition("-")[2] or "generic"
        return tuple(name.format(kernel=flavour) for name in names), ()
    open_module = option.flavour == "open"
    name = "nvidia-open" if open_module else "cuda-drivers"
    pin = (f"nvidia-driver-pinning-{option.number}",)
    if row.naming == "stream":
        stream = f"{option.number}-open" if open_module else f"{option.number}-dkms"
        return (f"@nvidia-driver:{stream}",), ()
    if row.naming == "suffix":
        return (f"{name}-{option.number}",), ()
    if row.naming == "ubuntu" and version(option.number) < DRIVER_WITHOUT_SUFFIX:
        return (f"{name}-{option.number}",), pin
    return (name,), pin


def _fabric_packages(host: Host, option: DriverOption) -> tuple[str, ...]:
    """Return the Fabric Manager's packages; their version must be exactly the driver's."""
    if host.distribution.family == "redhat":
        name = "nvidia-fabric-manager"
    elif option.origin == "distribution" or version(option.number) < FABRIC_WITHOUT_SUFFIX:
        name = f"nvidia-fabricmanager-{option.number}"
    else:
        name = "nvidia-fabricmanager"
    # The switches of NVLink 5 are managed over InfiniBand.
    return (name, "nvlsm", "infiniband-diags") if host.nvlink5_fabric else (name,)


def cuda(host: Host, choice: Choice) -> CudaPlan | None:
    """Return the toolkit that compiles the extensions, None where nothing is compiled for CUDA."""
    if choice.toolkit.action == "none" or choice.wheel.toolkit is None or not host.gpus:
        return None
    option = choice.toolkit
    return CudaPlan(
        action=option.action,
        toolkit=option.name,
        origin=option.origin,
        packages=option.packages,
        repository=repository(host) if option.origin == "nvidia" else None,
    )


def system_packages(host: Host, choice: Choice, network: Network) -> tuple[str, ...]:
    """Return the missing packages of the distribution; installing them needs root."""
    names = SYSTEM_PACKAGES.get(host.distribution.family)
    if names is None:
        return ()
    python = f"{choice.python.series[0]}.{choice.python.series[1]}"
    row = distribution(host)
    default_gcc = row.compilers[0] if row else 0
    needs = []
    if network.name != "pypi" and not host.tools.get("git"):
        needs.append("git")
    if choice.compiler.major and not choice.compiler.host:
        toolset = "toolset" in names and choice.compiler.major != default_gcc
        needs.append("toolset" if toolset else "compiler")
    if network.compiles and choice.python.host and not choice.python.host.headers:
        needs.append("python-headers")
    if not all(host.libraries.values()):
        needs.append("opencv")
    if (
        choice.driver.action not in ("keep", "none")
        and host.kernel.release
        and not host.kernel.headers
    ):
        needs.append("kernel-headers")
    return tuple(
        name.format(major=choice.compiler.major, python=python, kernel=host.kernel.release)
        for need in needs
        for name in names[need]
    )
