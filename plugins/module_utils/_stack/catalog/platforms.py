"""Machines with an integrated GPU, and WSL2: what drives their GPU, and where to go."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

JETPACK = Source(
    "NVIDIA JetPack documentation; Installing PyTorch for Jetson Platform", "2026-11-30"
)
WSL = Source("CUDA on WSL User Guide, section Getting Started with CUDA on WSL 2", "2026-11-30")


class TegraRow(NamedTuple):
    """A chip of the Tegra family; ``wheels`` is true where wheels of PyPI have code for its GPU."""

    chip: str
    name: str
    capability: str
    wheels: bool
    source: Source = JETPACK


TEGRAS = (
    TegraRow("tegra210", "Jetson Nano or TX1", "5.3", wheels=False),
    TegraRow("tegra186", "Jetson TX2", "6.2", wheels=False),
    TegraRow("tegra194", "Jetson Xavier", "7.2", wheels=False),
    TegraRow("tegra234", "Jetson Orin", "8.7", wheels=False),
    TegraRow("tegra264", "Jetson Thor", "11.0", wheels=True),
)
JETPACK_WHEELS = (
    "use the container of PyTorch for Jetson (nvcr.io/nvidia/pytorch, tags with igpu), or NVIDIA's wheels"
    " for JetPack (Installing PyTorch for Jetson Platform)"
)
