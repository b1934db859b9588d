"""Machines whose GPU is no PCI function of the host: WSL2, Tegra, and containers without sysfs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable

from .model import UNKNOWN_GPU, Driver, Gpu, Platform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .nvml import Said

# What Windows puts into each distribution of WSL2, with the libraries of its driver.
WSL_LIBRARIES = "/usr/lib/wsl/lib"
COMPATIBLE = "/proc/device-tree/compatible"
TEGRA_RELEASE = "/etc/nv_tegra_release"
PROC_GPUS = "/proc/driver/nvidia/gpus"
_TEGRA = re.compile(r"nvidia,(tegra\d{2,4})\b")
_MODEL = re.compile(r"^Model:\s+(\S[^\n]{0,99}?)\s*$", re.MULTILINE)
_NODE = re.compile(r"nvidia\d+")


def is_wsl(release: str) -> bool:
    """Return whether a kernel release is one of WSL2."""
    return "microsoft" in release.lower()


def find(
    names: Callable[[str], list[str]], text: Callable[[str], str | None], release: str
) -> Platform | None:
    """Return what kind of machine this is, None for one with PCI or without a sign.

    ``names`` lists a folder, ``text`` reads a file.
    """
    if is_wsl(release):
        found = names(WSL_LIBRARIES)
        return Platform("wsl", "", any(name.startswith("libcuda.so") for name in found))
    chips = _TEGRA.findall((text(COMPATIBLE) or "").replace("\0", "\n"))
    if chips or text(TEGRA_RELEASE) is not None or release.endswith("-tegra"):
        return Platform("tegra", chips[-1] if chips else "", driver=False)
    return None


def has_nodes(names: Callable[[str], list[str]]) -> bool:
    """Return whether there are device files of NVIDIA GPUs, as a container is given them."""
    return any(_NODE.fullmatch(name) for name in names("/dev"))


def gpus(
    said: Said, names: Callable[[str], list[str]], text: Callable[[str], str | None], *, wsl: bool
) -> tuple[Gpu, ...]:
    """Return the GPUs that NVML lists, else those of the driver's files, else one that is unknown."""
    bound = "dxgkrnl" if wsl else "nvidia"
    rows = list(said.gpus.values()) if said.gpus else []
    if rows:
        return tuple(
            Gpu(row.slot, row.pci_id or UNKNOWN_GPU, kernel_driver=bound, listed=True)
            for row in rows
        )
    if wsl:
        return ()
    return tuple(_described(names(PROC_GPUS), text)) or (
        Gpu("unknown", UNKNOWN_GPU, kernel_driver=bound),
    )


def _described(slots: Iterable[str], text: Callable[[str], str | None]) -> Iterable[Gpu]:
    for slot in slots:
        model = _MODEL.search(text(f"{PROC_GPUS}/{slot}/information") or "")
        name = model.group(1) if model else None
        yield Gpu(slot, UNKNOWN_GPU, kernel_driver="nvidia", listed=True, model=name)


def driver(found: Driver | None, said: Said) -> Driver | None:
    """Return the loaded driver; where no file of the kernel says it, that of NVML."""
    return found or (Driver(said.driver, None) if said.driver else None)
