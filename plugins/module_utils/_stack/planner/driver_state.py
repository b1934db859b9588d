"""Whether a loaded driver works: its module, what is installed beside it, and the GPUs it drives.

A module that is loaded says nothing about the libraries: an upgrade replaces them at once, and the
module with the next start. What a host does not say is no fault.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..core.versions import version
from ..host.model import PROBE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..host.model import Gpu, Host, Package

# The codes of a state: they are in the data of a plan and stay the same.
WORKS, PENDING, MIXED, UNBOUND = "works", "restart-pending", "mixed-releases", "gpu-unbound"
OUTCOME = ": CUDA works once that one is started"
# What a start of the installed driver may end.
STARTS = (PENDING, UNBOUND)
_RELEASE = re.compile(r"(?:\d+:)?([3-9]\d\d\.\d+(?:\.\d+)?)(?![\d.])")
# Packages with a library of CUDA or NVML, those with the module, and those that need both. Others,
# such as tools, daemons and firmware, are updated apart and say nothing of a release.
_LIBRARY = re.compile(
    r"lib(?:nvidia-(?:compute|ml|ptxjitcompiler|cfg)|cuda1?(?![a-z]))|nvidia-driver-(?:cuda|libs)"
    r"|nvidia-compute-(?!utils)|nvidia-libopencl"
)
_MODULE = re.compile(
    r"nvidia-(?:dkms|open|kernel-(?:open-)?(?:dkms|source))|kmod-nvidia|dkms-nvidia"
    r"|nvidia-(?:tesla-\d+-)?kernel-dkms"
)
_BOTH = re.compile(
    r"nvidia-(?:tesla-)?(?:driver(?!-(?:cuda|libs|bin|assistant))|headless)|cuda-drivers"
)
# Modules that come with the kernel name their branch alone.
_PREBUILT = re.compile(r"linux-modules-nvidia-(\d{3})\b")


class DriverState(NamedTuple):
    """The state of a loaded driver: a code, a sentence ("" where it works), and what is installed.

    ``installed`` is the one release of module and libraries that a start would load, None where
    there is no such release.
    """

    code: str
    text: str
    installed: str | None


def of(host: Host) -> DriverState:
    """Return the state of the loaded driver; it works where nothing says otherwise.

    Of an installation that was interrupted, nothing is said: it is completed first.
    """
    if host.driver is None or host.interrupted.driver:
        return DriverState(WORKS, "", None)
    loaded = host.driver.version
    module, library = _module(host, loaded), _library(host, loaded)
    found = _compare(loaded, module, library, host.installed_driver.nvml_error)
    unbound = "; ".join(_unbound(host))
    return DriverState(UNBOUND, unbound, loaded) if found.code == WORKS and unbound else found


def _compare(loaded: str, module: str | None, library: str | None, nvml: str | None) -> DriverState:
    has = f"the module of driver {loaded} is loaded"
    said = f" (NVML says: {nvml})" if nvml else ""
    if {module, library} <= {loaded, None}:
        if not nvml:
            return DriverState(WORKS, "", loaded)
        # Only NVML knows what it found.
        return DriverState(PENDING, f"{has}, and its libraries do not work with it{said}", loaded)
    if module == (library or module) and module is not None:
        text = f"{has}, and {module} is installed{OUTCOME}{said}"
        return DriverState(PENDING, text, module)
    beside = f"the libraries of {library}"
    if module not in (None, loaded, library):
        beside = f"the module of {module} and {beside}"
    return DriverState(MIXED, f"{has}, and {beside} are installed: CUDA cannot start{said}", None)


def _library(host: Host, loaded: str) -> str | None:
    """Return the release of the libraries that NVML would load, None where nothing says it."""
    releases = _of_packages(host, _LIBRARY)
    # Of several, one that does not go with the module is what matters.
    others = sorted(releases - {loaded}, key=version)
    known = others[0] if others else None
    return host.installed_driver.library or known or (loaded if releases else None)


def _module(host: Host, loaded: str) -> str | None:
    """Return the release of the modules that a start would load, None where nothing says it."""
    if host.installed_driver.module:
        return host.installed_driver.module
    releases = _of_packages(host, _MODULE)
    if releases:
        return loaded if loaded in releases else max(releases, key=version)
    library = _library(host, loaded)
    prebuilt = {match.group(1) for match in map(_branch, host.driver_packages) if match}
    return library if library and library.partition(".")[0] in prebuilt else None


def _of_packages(host: Host, kind: re.Pattern[str]) -> set[str]:
    """Return the releases of the packages of a kind, else of those that need that kind."""
    rows = host.driver_packages
    return _releases(row for row in rows if kind.match(row.name)) or _releases(
        row for row in rows if _BOTH.match(row.name)
    )


def _branch(row: Package) -> re.Match[str] | None:
    return _PREBUILT.match(row.name)


def _releases(rows: Iterable[Package]) -> set[str]:
    found = (_RELEASE.match(row.version) for row in rows)
    return {match.group(1) for match in found if match}


def lists(host: Host, gpu: Gpu) -> bool | None:
    """Return whether the loaded driver lists a GPU; None where nothing says so.

    NVML and /proc/driver/nvidia say it first, then which driver the kernel has bound.
    """
    if host.driver is None or gpu.kernel_driver == "vfio-pci":
        return None
    if gpu.compute_capability:
        return True
    if gpu.listed is not None:
        return gpu.listed
    return gpu.kernel_driver == "nvidia" if host.source == PROBE else None


def _unbound(host: Host) -> Iterator[str]:
    for gpu in host.gpus:
        if lists(host, gpu) is False:
            held = gpu.kernel_driver
            why = f"is bound to {held}" if held else "is bound to no driver"
            why = "did not start under the loaded driver" if held == "nvidia" else why
            yield f"the GPU at {gpu.slot} {why}"
