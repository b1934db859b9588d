"""What is on disk beside a loaded driver, and what NVML says of the GPUs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, NamedTuple

from . import parsers
from .model import Gpu, InstalledDriver

if TYPE_CHECKING:
    from .nvml import Said

# NVIDIA's own name first, then the one that Debian's packages install beside others.
MODULES = ("nvidia", "nvidia-current", "nvidia-current-open", "nvidia-tesla-470")
NVML = "libnvidia-ml.so.1"
# What the role nvidia_driver writes to hold a driver, and how it names the release there.
PREFERENCES = "/etc/apt/preferences.d/slowfast-stack-nvidia"
UNATTENDED = "/etc/apt/apt.conf.d/52slowfast-stack-nvidia"
VERSION_LOCK = "/etc/dnf/plugins/versionlock.list"
# What only the guest driver of a vGPU installs (its licence daemon nvidia-gridd).
GUEST_SETTINGS = ("/etc/nvidia/gridd.conf", "/etc/nvidia/gridd.conf.template")
_PINNED = re.compile(r"^Pin: version ([0-9.]{3,20}[*-]{1,2})\nPin-Priority: 1001$", re.MULTILINE)
_LOCKED = re.compile(r"^# BEGIN slowfast\.stack .*\n\S+?-(\d{3}(?:\.\d+){1,2})-\*$", re.MULTILINE)


class Seen(NamedTuple):
    """What was seen already: loaded release, kernel, ``ldconfig -p``, machine, and what NVML said.

    ``fabric`` means that the host has switches of NVLink.
    """

    loaded: str
    kernel: str
    libraries: str
    machine: str
    said: Said
    fabric: bool


def installed(
    output: Callable[..., str],
    text: Callable[[str], str | None],
    real: Callable[[str], str | None],
    seen: Seen,
) -> InstalledDriver:
    """Return the releases of the module that a start would load, and of the library of NVML.

    ``output`` runs a command, ``text`` reads a file, ``real`` follows links. Of modules
    of several names, the one of the release that is loaded is the one that is used.
    """
    loaded, kernel, libraries, machine, said, fabric = seen
    versions: list[str] = []
    for module in MODULES if kernel else ():
        argv = ("modinfo", "-k", kernel, "-F", "version", module)
        versions += filter(None, [output(*argv).strip()])
        if loaded in versions:
            break
    module = loaded if loaded in versions else next(iter(versions), "")
    path = parsers.library_path(libraries, NVML, machine)
    return InstalledDriver(
        module=module if parsers.library_release(f".so.{module}") else None,
        library=parsers.library_release((real(path) if path else None) or ""),
        nvml_error=said.error,
        fabric_manager=_manager(output) if fabric else None,
        held=held(text),
        guest=any(text(path) is not None for path in GUEST_SETTINGS),
    )


def _manager(output: Callable[..., str]) -> str | None:
    match = re.search(r"\d{3}(?:\.\d+)+", output("nv-fabricmanager", "--version"))
    return match.group() if match else None


def held(text: Callable[[str], str | None]) -> str | None:
    """Return the release on which this collection holds the driver, None where it does not."""
    pinned = _PINNED.search(text(PREFERENCES) or "")
    if pinned and text(UNATTENDED) is not None:
        return pinned.group(1)
    locked = _LOCKED.search(text(VERSION_LOCK) or "")
    return locked.group(1) if locked else None


def measured(gpu: Gpu, said: Said, *, every: bool) -> Gpu:
    """Return a GPU with what NVML says of it; ``every`` means that NVML has to list them all."""
    if said.gpus is None:
        return gpu
    row = said.gpus.get(gpu.slot.lower())
    if row is None:
        return replace(gpu, listed=False) if every and gpu.kernel_driver == "nvidia" else gpu
    listed = None if row.capability else True
    return replace(gpu, compute_capability=row.capability, listed=listed, mig=row.mig)
