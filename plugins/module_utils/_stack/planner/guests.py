"""GPUs that are shared: vGPUs of a virtual machine, and GPUs in MIG mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.vgpus import GUESTS, profile
from .constraint_model import RUNNING, Constraint
from .decision import Decision, decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.model import Host
    from .candidates import DriverOption

# Profiles of these series have no CUDA: virtual applications and virtual PCs.
_WITHOUT_CUDA = ("A", "B")
_WHERE = (
    "the guest driver (GRID) of the vGPU release of its host: from NVIDIA's licensing portal, or from the"
    " provider of the machine"
)


def vgpus(host: Host) -> dict[str, str]:
    """Return the profile of each vGPU by its slot; an entire GPU that is passed through is none.

    With a guest driver each GPU of the machine is a vGPU, also where no table has its profile.
    """
    if host.virtualization == "none":
        return {}
    known = ((gpu.slot, profile(gpu.device, gpu.subsystem)) for gpu in host.gpus)
    found = {slot: name for slot, name in known if name}
    return found or ({gpu.slot: "a vGPU" for gpu in host.gpus} if has_guest_driver(host) else {})


def has_guest_driver(host: Host) -> bool:
    """Return whether the driver of a host is that of a vGPU guest."""
    packaged = any(row.name.startswith("nvidia-linux-grid") for row in host.driver_packages)
    return host.installed_driver.guest or packaged


def of(host: Host) -> Iterator[Constraint]:
    """Yield that only its guest driver drives a vGPU: no public one is installed over it."""
    found = vgpus(host)
    if not found:
        return
    what = ", ".join(f"the GPU at {slot} is {name}" for slot, name in sorted(found.items()))

    def driver(option: DriverOption) -> str | None:
        if option.action in RUNNING:
            return None
        return f"{what}: a vGPU is driven by {_WHERE}; the public {option.name} does not drive it"

    text = f"{what}, a part of a GPU that is given to this virtual machine"
    yield Constraint(
        "host.vgpu", text, f"{host.source}; {GUESTS}", f"install {_WHERE}", {"driver": driver}
    )


def decisions(host: Host) -> Iterator[Decision]:
    """Yield what a user of shared GPUs has to know."""
    for slot, name in sorted(vgpus(host).items()):
        text = f"the GPU at {slot} is {name}: its guest driver stays, and only {_WHERE} replaces it"
        if name.rstrip("0123456789")[-1:] in _WITHOUT_CUDA and "-" in name:
            text += "; profiles of the series A and B have no CUDA"
        yield decision("driver.guest", text, GUESTS)
    for gpu in host.gpus:
        if gpu.mig is not None:
            yield decision("gpus.mig", _mig(gpu.slot, gpu.mig), host.source)


def _mig(slot: str, count: int) -> str:
    if not count:
        return (
            f"the GPU at {slot} is in MIG mode without an instance, and CUDA finds none: make one with"
            " nvidia-smi mig -cgi PROFILE -C, or turn MIG off with nvidia-smi -mig 0"
        )
    return (
        f"the GPU at {slot} is in MIG mode with {count} instances: a process sees one of them, so NUM_GPUS is"
        " 1; CUDA_VISIBLE_DEVICES=MIG-UUID (nvidia-smi -L) says which"
    )
