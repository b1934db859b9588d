"""What is on disk beside a loaded driver, and what NVML says of the GPUs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from . import parsers
from .model import Gpu, InstalledDriver

if TYPE_CHECKING:
    from .nvml import Said

# NVIDIA's own name first, then the one that Debian's packages install beside others.
MODULES = ("nvidia", "nvidia-current", "nvidia-current-open", "nvidia-tesla-470")
NVML = "libnvidia-ml.so.1"


def installed(
    output: Callable[..., str], loaded: str, libraries: str, machine: str, said: Said
) -> InstalledDriver:
    """Return the releases of the module that a start would load, and of the library of NVML.

    ``output`` runs a command, ``libraries`` is what ``ldconfig -p`` prints. Of modules of several
    names, the one of the release that is ``loaded`` is the one that is used.
    """
    versions: list[str] = []
    for module in MODULES:
        versions += filter(None, [output("modinfo", "-F", "version", module).strip()])
        if loaded in versions:
            break
    module = loaded if loaded in versions else next(iter(versions), "")
    path = parsers.library_path(libraries, NVML, machine)
    real = output("readlink", "-e", path) if path else ""
    return InstalledDriver(
        module=module if parsers.library_release(f".so.{module}") else None,
        library=parsers.library_release(real),
        nvml_error=said.error,
    )


def measured(gpu: Gpu, said: Said, *, every: bool) -> Gpu:
    """Return a GPU with what NVML says of it; ``every`` means that NVML has to list them all."""
    if said.gpus is None:
        return gpu
    row = said.gpus.get(gpu.slot.lower())
    if row is None:
        return replace(gpu, listed=False) if every and gpu.kernel_driver == "nvidia" else gpu
    listed = None if row.capability else True
    return replace(gpu, compute_capability=row.capability, listed=listed, mig=row.mig)
