"""The constraints of a host besides its GPUs: processor, distribution, rights, driver, network."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..catalog.cuda_wheels import COMPILERS
from ..core.versions import dotted, version
from . import kernels
from .candidates import PYPI
from .constraint_model import RUNNING, STAYS, Check, Constraint
from .distribution import archive, by_hand, distribution, unsure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..catalog.distributions import ArchiveRow, DistributionRow
    from ..core.versions import Version
    from ..host.model import Host
    from .candidates import CompilerOption, DriverOption, PythonOption, ToolkitOption, Wheel
    from .network import Network


GUIDE = "NVIDIA's Driver Installation Guide"


# Constraints that check wheels are cached, because what a check rejects is cached with it.
@lru_cache(maxsize=64)
def machine(source: str, architecture: str) -> Constraint:
    """Return the constraint of the processor."""

    def wheel(option: Wheel) -> str | None:
        if option.machine == architecture:
            return option.no_cuda or None
        return f"{option.name} for {option.machine} does not run on {architecture}"

    other = " or ".join(name for name in ("x86_64", "aarch64") if name != architecture)
    text, remedy = f"the processor is {architecture}", f"use an {other} host"
    return Constraint("host.architecture", text, source, remedy, {"wheel": wheel})


def of(host: Host, network: Network) -> Iterator[Constraint]:
    """Yield the other constraints of a host and its network."""
    if host.glibc:
        yield _glibc(host.source, host.glibc)
    yield _distribution(host, network)
    if kernels.headers(host) is None:
        yield _kernel(host)
    if host.driver and not host.driver_packages:
        yield _foreign_driver(host.source)
    if host.interrupted.driver:
        yield _interrupted_driver(host)
    if not host.root:
        yield _no_root(host.source, network)
    if host.virtualization == "container":
        yield _container(host.source)
    yield _network(host.source, network)


@lru_cache(maxsize=64)
def _glibc(source: str, number: str) -> Constraint:
    def wheel(option: Wheel) -> str | None:
        if version(number) >= option.glibc:
            return None
        has = dotted(version(number))
        return f"{option.name} needs glibc {dotted(option.glibc)}; this host has {has}"

    text, remedy = f"the C library is glibc {number}", "use a newer distribution"
    return Constraint("host.glibc", text, source, remedy, {"wheel": wheel})


def _distribution(host: Host, network: Network) -> Constraint:
    name, row = host.distribution.name, distribution(host)
    why, remedy = _without_row(host)

    def compiler(option: CompilerOption) -> str | None:
        if option.host or not option.major:
            return None
        if row is None:
            return why or f"the catalog has no compiler packages for {name}"
        if option.major in row.compilers:
            return None
        return f"{name} has no package of GCC {option.major}"

    def python(option: PythonOption) -> str | None:
        if not _lacks_headers(option) or (row and version(row.python) == option.series):
            return None
        if row is None and why:
            return why
        return f"the catalog has no package with the headers of Python {option.name} for {name}"

    checks: dict[str, Check] = {
        "driver": lambda option: _packaged_driver(host, row, option),
        "compiler": compiler,
        "toolkit": lambda option: _packaged_toolkit(host, row, option),
    }
    return Constraint(
        "host.distribution",
        f"the distribution is {name}",
        host.source if row is None else f"{host.source}; {row.contents}",
        remedy,
        {**checks, "python": python} if network.compiles else checks,
    )


def _without_row(host: Host) -> tuple[str | None, str]:
    """Return why nothing is installed on a distribution, None for one of a row, and what helps."""
    name, row, why, manual = host.distribution.name, distribution(host), unsure(host), by_hand(host)
    reason = None
    help_text = "use a supported distribution, or install what is missing by hand"
    if row and row.by_hand:
        help_text = f"install the driver by hand, as {GUIDE} says for {name}; then run again"
    elif row:
        help_text = f"install by hand what {name} has no package of, or use another distribution"
    elif why:
        reason = f"{name} is not taken for another distribution: {why}"
    elif manual:
        reason = f"the packages of {name} are installed with {manual.manager}, which no role uses"
        help_text = (
            f"install the driver, GCC and CUDA by hand ({GUIDE}, {manual.guide}); then run again"
        )
    return reason, help_text


def _packaged_driver(host: Host, row: DistributionRow | None, option: DriverOption) -> str | None:
    name = host.distribution.name
    if option.action in RUNNING:
        return None
    if row is None:
        return _without_row(host)[0] or f"the catalog has no driver source for {name}"
    if row.by_hand:
        return row.by_hand
    if option.origin == "distribution":
        lacks = _missing(host, archive(row, option), option)
        return f"the archive of {name} has no {lacks}" if lacks else None
    return _outside(name, "driver", version(option.number), row.first_branch, row.last_branch)


def _outside(name: str, what: str, number: Version, first: str, last: str) -> str | None:
    """Return why a directory of NVIDIA's repository does not have a release."""
    where = f"in NVIDIA's repository for {name} is"
    if first and number < version(first):
        return f"the oldest {what} {where} {first}"
    return f"the newest {what} {where} {last}" if last and number > version(last) else None


def _missing(host: Host, entry: ArchiveRow | None, option: DriverOption) -> str:
    """Return what the archive of a distribution lacks for a driver, "" where it has everything."""
    if entry is None:
        return option.name
    if entry.signed and kernels.prebuilt(host, option) is None:
        return f"modules of {option.name} for the kernel {host.kernel.release}"
    return "nvlsm, which NVLink 5 needs" if host.nvlink5_fabric else ""


def _packaged_toolkit(host: Host, row: DistributionRow | None, option: ToolkitOption) -> str | None:
    name = host.distribution.name
    if option.action != "install" or option.origin in ("distribution", PYPI):
        return None
    if row is None:
        return _without_row(host)[0] or f"the catalog has no source of a CUDA toolkit for {name}"
    return _outside(name, "CUDA", option.cuda, row.first_toolkit, row.last_toolkit)


def _kernel(host: Host) -> Constraint:
    name, kernel = host.distribution.name, host.kernel.release

    def driver(option: DriverOption) -> str | None:
        if option.action in RUNNING or kernels.prebuilt(host, option):
            return None
        return f"no table knows the package with the headers of that kernel on {name}"

    return Constraint(
        "host.kernel_headers",
        f"the kernel is {kernel}, without headers",
        host.source,
        f"install the headers of {kernel}, or boot a kernel of {name}; then probe again",
        {"driver": driver},
    )


def _lacks_headers(option: PythonOption) -> bool:
    return option.host is not None and not option.host.headers


def _no_root(source: str, network: Network) -> Constraint:
    def driver(option: DriverOption) -> str | None:
        return None if option.action in STAYS else f"only root can {option.action} {option.name}"

    def compiler(option: CompilerOption) -> str | None:
        if option.host or not option.major:
            return None
        return f"only root can install GCC {option.major} with its C++ compiler"

    def toolkit(option: ToolkitOption) -> str | None:
        if option.action != "install" or option.origin == PYPI:
            return None
        oldest = COMPILERS[0].cuda
        if option.cuda < version(oldest):
            return (
                f"only root can install the CUDA toolkit {option.name},"
                f" and PyPI has compilers from CUDA {oldest} on"
            )
        return "only root can install the CUDA toolkit"

    def python(option: PythonOption) -> str | None:
        if not _lacks_headers(option):
            return None
        return f"only root can install the headers of Python {option.name}"

    checks: dict[str, Check] = {"driver": driver, "compiler": compiler, "toolkit": toolkit}
    return Constraint(
        "host.root",
        "the user is not root",
        source,
        "run as root",
        {**checks, "python": python} if network.compiles else checks,
    )


def _foreign_driver(source: str) -> Constraint:
    def toolkit(option: ToolkitOption) -> str | None:
        if option.origin != "distribution":
            return None
        what = f"the packages of CUDA {option.name}"
        return f"{what} would install libraries of another driver beside it"

    text, remedy = "the driver was not installed from packages", "install the driver from packages"
    return Constraint("host.foreign_driver", text, source, remedy, {"toolkit": toolkit})


def _interrupted_driver(host: Host) -> Constraint:
    def driver(option: DriverOption) -> str | None:
        if option.action != "keep":
            return None
        return f"{option.name} is running, but its installation was interrupted"

    text = "an installation of the driver was interrupted"
    remedy = "run as root to complete the installation"
    if host.virtualization == "container":
        remedy = "complete the installation on the machine that runs the container"
    elif host.root:
        remedy = "complete the installation with the package manager, and probe again"
    return Constraint("host.interrupted_driver", text, host.source, remedy, {"driver": driver})


def _container(source: str) -> Constraint:
    def driver(option: DriverOption) -> str | None:
        if option.action in STAYS:
            return None
        return f"a container cannot {option.action} {option.name}: it uses the kernel of its host"

    remedy = "install the driver on the machine that runs the container"
    return Constraint(
        "host.container", "the host is a container", source, remedy, {"driver": driver}
    )


@lru_cache(maxsize=64)
def _network(source: str, network: Network) -> Constraint:
    def wheel(option: Wheel) -> str | None:
        if network.wheel_index or option.pypi:
            return None
        return f"{option.name} is only on PyTorch's index, which is unreachable"

    def driver(option: DriverOption) -> str | None:
        if network.nvidia or option.origin != "nvidia" or option.action in RUNNING:
            return None
        return "NVIDIA's package repository is unreachable"

    def toolkit(option: ToolkitOption) -> str | None:
        if network.nvidia or option.origin != "nvidia":
            return None
        return "NVIDIA's package repository is unreachable"

    def python(option: PythonOption) -> str | None:
        reached = {"host": True, "uv": network.uv_pythons, "conda": network.conda}
        if reached[option.origin]:
            return None
        place = {"uv": "the Python builds of uv are", "conda": "Miniforge or conda-forge is"}[
            option.origin
        ]
        return f"Python {option.name} would have to be downloaded, and {place} unreachable"

    return Constraint(
        "host.network",
        f"the network is {network.name}",
        source,
        "allow access to the network, or install from a bundle with --offline FILE",
        {"wheel": wheel, "driver": driver, "toolkit": toolkit, "python": python},
    )
