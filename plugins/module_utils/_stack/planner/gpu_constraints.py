"""The constraints of the GPUs of a host: code in the wheel, drivers, kernel modules, toolkits."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..catalog.drivers import MODULE_PAGE, OPEN_ONLY_POST
from ..core.versions import dotted, version
from .constraint_model import Constraint
from .gpu_specs import of_host, runs_native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.model import Host
    from .candidates import DriverOption, ToolkitOption, Wheel
    from .gpu_specs import GpuSpec

# cuDNN 9 starts at compute capability 5.0.
CUDNN_9 = 9
CUDNN_9_FROM = 5


def of(host: Host) -> Iterator[Constraint]:
    """Yield the constraints of each kind of GPU, and of GPUs given to a virtual machine."""
    for found in sorted(set(of_host(host)), key=lambda one: one.pci_id):
        yield _gpu(found)
    slots = ", ".join(sorted(gpu.slot for gpu in host.gpus if gpu.kernel_driver == "vfio-pci"))
    if slots:
        text = f"the GPU at {slots} is bound to vfio-pci"
        remedy = "unbind it from vfio-pci, or plan inside its virtual machine"
        no = f"{text}, so it belongs to a virtual machine"
        yield Constraint("host.vfio", text, host.source, remedy, {"driver": lambda _: no})


@lru_cache(maxsize=1024)
def _gpu(gpu: GpuSpec) -> Constraint:
    shown = gpu.capability_text or "unknown"
    remedy = f"plan {gpu.name} separately, or remove it from this host"
    if gpu.capability is None:
        remedy = (
            f"load the driver of {gpu.name} and probe again, so that NVML reports it; or {remedy}"
        )
    return Constraint(
        f"gpu.{gpu.pci_id}",
        f"{gpu.name} ({gpu.pci_id}) has compute capability {shown}",
        str(gpu.source),
        remedy,
        {
            "wheel": lambda option: _wheel(gpu, option),
            "driver": lambda option: _driver(gpu, option),
            "toolkit": lambda option: _toolkit(gpu, option),
        },
    )


def _wheel(gpu: GpuSpec, option: Wheel) -> str | None:
    """Reject a wheel without code for a GPU, and any where its capability is not known."""
    capability = gpu.capability
    if capability is None:
        return f"the compute capability of {gpu.name} is unknown"
    if capability.major < CUDNN_9_FROM and option.cudnn >= CUDNN_9:
        return f"{option.name} comes with cuDNN 9, which has no code for {gpu.name}"
    fits = option.jit <= capability if option.jit else runs_native(option.code, capability)
    if fits:
        return None
    has = " ".join(dotted(sm) for sm in option.code)
    return f"{option.name} has no code for {gpu.name} ({dotted(capability)}), only for {has}"


def _driver(gpu: GpuSpec, option: DriverOption) -> str | None:
    """Reject a driver that does not know a GPU, or that comes with the wrong kernel module."""
    branch = option.branch
    if branch is None:
        return f"the catalog has no driver branch {option.number}"
    if not branch.first_device <= gpu.device <= branch.last_device:
        return f"driver branch {option.number} does not support {gpu.name}"
    if gpu.first_driver is not None and option.version < gpu.first_driver:
        return f"{gpu.name} needs driver {gpu.first_driver_text} or newer, not {option.name}"
    if option.flavour == "open" and gpu.range.flavour == "proprietary":
        return f"{gpu.name} does not work with the open kernel module ({MODULE_PAGE.name})"
    if option.flavour == "proprietary" and gpu.open_only:
        return f"{gpu.name} works only with the open kernel module ({OPEN_ONLY_POST.name})"
    return None


def _toolkit(gpu: GpuSpec, option: ToolkitOption) -> str | None:
    """Reject a toolkit whose packages install libraries of a driver that does not drive a GPU."""
    last = gpu.range.last_branch
    if not option.driver or last is None or version(option.driver) <= version(last):
        return None
    return (
        f"the packages of CUDA {option.name} install libraries of driver {option.driver},"
        f" which does not support {gpu.name}"
    )
