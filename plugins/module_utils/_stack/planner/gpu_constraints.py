"""The constraints of the GPUs of a host: code in the wheel, drivers, kernel modules, toolkits."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..catalog.drivers import MODULE_PAGE, OPEN_ONLY_POST
from ..core.versions import dotted, version
from ..host.model import UNKNOWN_GPU
from . import driver_state
from .constraint_model import RUNNING, Constraint
from .gpu_specs import of_host, runs_native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.model import Host
    from .candidates import DriverOption, ToolkitOption, Wheel
    from .gpu_specs import GpuSpec

# cuDNN 9 starts at compute capability 5.0.
CUDNN_9 = 9
CUDNN_9_FROM = 5
_WORST_FIRST = (False, None, True)


def of(host: Host) -> Iterator[Constraint]:
    """Yield the constraints of each kind of GPU, and of GPUs given to a virtual machine."""
    known: dict[GpuSpec, list[bool | None]] = {}
    for gpu, found in zip(host.gpus, of_host(host)):
        known.setdefault(found, []).append(driver_state.lists(host, gpu))
    for found in sorted(known, key=lambda one: one.pci_id):
        # One GPU of a kind that does not work counts for all of them.
        listed = min(known[found], key=_WORST_FIRST.index)
        yield _gpu(found, listed)
    slots = ", ".join(sorted(gpu.slot for gpu in host.gpus if gpu.kernel_driver == "vfio-pci"))
    if slots:
        text = f"the GPU at {slots} is bound to vfio-pci"
        remedy = "unbind it from vfio-pci, or plan inside its virtual machine"
        no = "no driver of this host can use it: it belongs to a virtual machine"
        yield Constraint("host.vfio", text, host.source, remedy, {"driver": lambda _: no})


@lru_cache(maxsize=1024)
def _gpu(gpu: GpuSpec, listed: bool | None) -> Constraint:  # noqa: FBT001  (a part of the key)
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
            "driver": lambda option: _driver(gpu, option, listed=listed),
            "toolkit": lambda option: _toolkit(gpu, option),
        },
    )


def _wheel(gpu: GpuSpec, option: Wheel) -> str | None:
    """Reject a wheel without code for a GPU, and any where its capability is not known."""
    capability = gpu.capability
    if capability is None:
        return f"which machine code {gpu.name} needs is not known, so no wheel is chosen for it"
    if capability.major < CUDNN_9_FROM and option.cudnn >= CUDNN_9:
        return f"{option.name} comes with cuDNN 9, which has no code for {gpu.name}"
    fits = option.jit <= capability if option.jit else runs_native(option.code, capability)
    if fits:
        return None
    has = " ".join(dotted(sm) for sm in option.code)
    return f"{option.name} has no code for {gpu.name} ({dotted(capability)}), only for {has}"


def _driver(gpu: GpuSpec, option: DriverOption, *, listed: bool | None) -> str | None:
    """Reject a driver that does not know a GPU, or that comes with the wrong kernel module.

    That a running driver lists the GPU is evidence, which only the last branch for it outweighs.
    """
    last = gpu.range.last_branch
    if last and version(option.number) > version(last):
        return f"driver branch {option.number} does not support {gpu.name}; {last} is the last that does"
    runs, branch = option.action in RUNNING, option.branch
    if option.action == "keep" and listed:
        return None
    if branch is None and not runs:
        return f"the catalog has no driver branch {option.number}"
    known = gpu.pci_id != UNKNOWN_GPU
    if branch and known and not branch.first_device <= gpu.device <= branch.last_device:
        return f"driver branch {option.number} does not support {gpu.name}"
    first = gpu.chip_driver if runs else gpu.first_driver
    return _too_old(first, gpu, option) or _module(gpu, option)


def _too_old(first: str | None, gpu: GpuSpec, option: DriverOption) -> str | None:
    if first is None or option.version >= version(first):
        return None
    return f"{gpu.name} needs driver {first} or newer, not {option.name}"


def _module(gpu: GpuSpec, option: DriverOption) -> str | None:
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
