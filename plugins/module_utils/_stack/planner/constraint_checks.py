"""Checks: each says why one option violates one constraint, or returns None.

The first arguments of a check belong to the constraint, the last one is the option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.drivers import MODULE_PAGE, OPEN_ONLY_POST
from ..core.versions import dotted, version
from .candidates import CPU
from .gpu_specs import runs_native

if TYPE_CHECKING:
    from ..catalog.distributions import ArchiveRow, DistributionRow
    from ..core.versions import Spec, Version
    from ..host.model import Torch
    from .candidates import CompilerOption, DriverOption, PythonOption, ToolkitOption, Wheel
    from .gpu_specs import GpuSpec
    from .network import Network

# cuDNN 9 starts at compute capability 5.0.
CUDNN_9 = 9
CUDNN_9_FROM = 5
STAYS = ("keep", "none")


def torch_as_asked(wanted: Spec, option: Wheel) -> str | None:
    """Keep to the torch that was asked for."""
    if wanted.allows(option.torch):
        return None
    return f"torch {option.row.torch} is not the torch {wanted.text} that was asked for"


def cuda_as_asked(wanted: Spec, option: Wheel) -> str | None:
    """Keep to the CUDA that was asked for."""
    if option.cuda is not None and wanted.allows(option.cuda):
        return None
    return f"{option.name} is not built with the CUDA {wanted.text} that was asked for"


def python_as_asked(wanted: Spec, option: PythonOption) -> str | None:
    """Keep to the Python that was asked for; a series counts for its newest patch release."""
    if wanted.allows(version(option.name)) or (
        option.host is None and wanted.allows(option.series)
    ):
        return None
    return f"Python {option.name} is not the Python {wanted.text} that was asked for"


def wheel_as_adopted(there: Torch | None, option: Wheel) -> str | None:
    """Keep to the torch that is adopted."""
    if there and (option.row.torch, option.variant) == (there.version, there.variant):
        return None
    return f"{option.name} is not the torch that is to be adopted"


def python_as_adopted(there: Torch | None, option: PythonOption) -> str | None:
    """Keep to the interpreter whose torch is adopted."""
    if there and option.host and option.host.path == there.python:
        return None
    return f"Python {option.name} is not the interpreter whose torch is to be adopted"


def branch_as_asked(wanted: str, option: DriverOption) -> str | None:
    """Keep to the driver branch that was asked for."""
    if option.action == "none" or option.number == wanted:
        return None
    return f"driver branch {option.number} is not the {wanted} that was asked for"


def gpu_as_asked(option: DriverOption) -> str | None:
    """Refuse a host without a GPU."""
    return "a GPU is required, and none was found" if option.action == "none" else None


def wheel_for_machine(machine: str, option: Wheel) -> str | None:
    """Refuse machine code of another processor."""
    if option.machine == machine:
        return None
    return f"{option.name} for {option.machine} does not run on {machine}"


def wheel_for_glibc(glibc: Version, option: Wheel) -> str | None:
    """Refuse a wheel that was linked against a newer C library."""
    if glibc >= option.glibc:
        return None
    return f"{option.name} needs glibc {dotted(option.glibc)}; this host has {dotted(glibc)}"


def wheel_for_gpu(gpu: GpuSpec, option: Wheel) -> str | None:
    """Refuse a wheel without code for a GPU, and any where its capability is not known."""
    capability = gpu.capability
    if capability is None:
        return f"no table has the compute capability of {gpu.name}, and it is not guessed"
    if option.variant == CPU:
        return f"{option.name} computes on the CPU only"
    if capability.major < CUDNN_9_FROM and option.cudnn >= CUDNN_9:
        return f"{option.name} comes with cuDNN 9, which has no code for {gpu.name}"
    fits = option.jit <= capability if option.jit else runs_native(option.code, capability)
    if fits:
        return None
    has = " ".join(dotted(sm) for sm in option.code)
    return f"{option.name} has no code for {gpu.name} ({dotted(capability)}): it has {has}"


def driver_for_gpu(gpu: GpuSpec, option: DriverOption) -> str | None:
    """Refuse a driver that does not know a GPU, or that comes with the wrong kernel module."""
    branch = option.branch
    if branch is None:
        return f"no table knows driver branch {option.number}"
    if not branch.first_device <= gpu.device <= branch.last_device:
        return f"driver branch {option.number} does not drive {gpu.name}"
    if gpu.first_driver is not None and option.version < gpu.first_driver:
        return f"{gpu.name} needs driver {gpu.first_driver_text} or newer, not {option.name}"
    if option.flavour == "open" and gpu.range.flavour == "proprietary":
        return f"{gpu.name} does not work with the open kernel module ({MODULE_PAGE.name})"
    if option.flavour == "proprietary" and gpu.open_only:
        return f"{gpu.name} works with the open kernel module only ({OPEN_ONLY_POST.name})"
    return None


def driver_beside_vfio(slots: str, _option: DriverOption) -> str:
    """Refuse a GPU that was given to a virtual machine."""
    return f"the GPU at {slots} is bound to vfio-pci, so it belongs to a virtual machine"


def driver_without_root(option: DriverOption) -> str | None:
    """Leave drivers alone without root."""
    return None if option.action in STAYS else f"only root can {option.action} {option.name}"


def driver_unfinished(option: DriverOption) -> str | None:
    """Refuse to keep what an interrupted installation left, even where it runs."""
    if option.action != "keep":
        return None
    return f"{option.name} runs, but its installation did not end"


def driver_in_container(option: DriverOption) -> str | None:
    """Leave drivers alone in a container."""
    if option.action in STAYS:
        return None
    return f"a container cannot {option.action} {option.name}: the kernel is its host's"


def driver_of_distribution(
    name: str, row: DistributionRow | None, option: DriverOption
) -> str | None:
    """Refuse a driver without a package source for the distribution."""
    if option.action in STAYS:
        return None
    if row is None:
        return f"no table says where {name} gets a driver from"
    if option.origin == "distribution":
        has = archive(row, option)
        return None if has else f"the archive of {name} has no {option.name}"
    if version(option.number) < version(row.first_branch):
        return f"NVIDIA's repository for {name} begins with driver {row.first_branch}"
    return None


def archive(row: DistributionRow | None, option: DriverOption) -> ArchiveRow | None:
    """Return the distribution's own packages of a driver option, None where it has none."""
    found = next((e for e in row.archive if e.branch == option.number), None) if row else None
    return found if found and getattr(found, option.flavour or "open") else None


def driver_over_network(option: DriverOption) -> str | None:
    """Refuse NVIDIA's packages where their repository is not reached."""
    if option.origin != "nvidia" or option.action in STAYS:
        return None
    return "NVIDIA's package repository is not reached"


def compiler_of_distribution(
    name: str, row: DistributionRow | None, option: CompilerOption
) -> str | None:
    """Refuse a compiler that the distribution has no package of."""
    if option.host or not option.major:
        return None
    if row is None:
        return f"no table says how {name} calls its compilers"
    if option.major in row.compilers:
        return None
    return f"{name} has no package of GCC {option.major}"


def compiler_without_root(option: CompilerOption) -> str | None:
    """Use only compilers that are installed, without root."""
    if option.host or not option.major:
        return None
    return f"only root can install GCC {option.major} with its C++ compiler"


def python_headers_of_distribution(
    name: str, row: DistributionRow | None, option: PythonOption
) -> str | None:
    """Refuse a Python without headers that the distribution has no package of either."""
    if option.host is None or option.host.headers:
        return None
    if row is not None and version(row.python) == option.series:
        return None
    return f"no table says which package of {name} has the headers of Python {option.name}"


def python_without_root(option: PythonOption) -> str | None:
    """Refuse a Python without headers where they cannot be installed."""
    if option.host is None or option.host.headers:
        return None
    return f"only root can install the headers of Python {option.name}"


def python_over_network(network: Network, option: PythonOption) -> str | None:
    """Refuse a Python that would have to be downloaded from where nothing is reached."""
    reached = {"host": True, "uv": network.uv_pythons, "conda": network.conda}
    if reached[option.origin]:
        return None
    place = {"uv": "uv's Pythons are", "conda": "Miniforge or conda-forge is"}[option.origin]
    return f"Python {option.name} would have to be downloaded, and {place} not reached"


def python_by_manager(manager: str, option: PythonOption) -> str | None:
    """Refuse a Python that the environment manager that is asked for does not make."""
    made = "conda" if option.origin == "conda" else "uv"
    if made == manager:
        return None
    return f"an environment with Python {option.name} would be made by {made}, not by {manager}"


def toolkit_of_distribution(
    name: str, row: DistributionRow | None, option: ToolkitOption
) -> str | None:
    """Refuse a toolkit that NVIDIA does not package for the distribution."""
    if option.action != "install" or option.origin == "distribution":
        return None
    if row is None:
        return f"no table says where {name} gets a CUDA toolkit from"
    if row.first_toolkit and option.cuda < version(row.first_toolkit):
        return f"NVIDIA's repository for {name} begins with CUDA {row.first_toolkit}"
    return None


def toolkit_for_gpu(gpu: GpuSpec, option: ToolkitOption) -> str | None:
    """Refuse a toolkit whose packages install libraries of a driver that no longer drives a GPU."""
    last = gpu.range.last_branch
    if not option.driver or last is None or version(option.driver) <= version(last):
        return None
    return (
        f"the packages of CUDA {option.name} install libraries of driver {option.driver},"
        f" which does not drive {gpu.name}"
    )


def toolkit_beside_foreign_driver(option: ToolkitOption) -> str | None:
    """Refuse the distribution's toolkit, whose packages install the driver's libraries."""
    if option.origin != "distribution":
        return None
    return f"the packages of CUDA {option.name} would install libraries of another driver beside it"


def toolkit_without_root(option: ToolkitOption) -> str | None:
    """Use only toolkits that are installed, without root."""
    return "only root can install the CUDA toolkit" if option.action == "install" else None


def toolkit_over_network(option: ToolkitOption) -> str | None:
    """Refuse NVIDIA's packages where their repository is not reached."""
    return "NVIDIA's package repository is not reached" if option.origin == "nvidia" else None


def wheel_over_network(option: Wheel) -> str | None:
    """Refuse a wheel that is only in PyTorch's own index where that is not reached."""
    if option.pypi:
        return None
    return f"{option.name} is only in PyTorch's own index, which is not reached"
