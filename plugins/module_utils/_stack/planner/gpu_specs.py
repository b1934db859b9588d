"""What a PCI id says: product, chip, compute capability, and which drivers go with it."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..catalog.drivers import ANY_FAMILY, FIRST_DRIVERS, ID_RANGES, OPEN_ONLY, RANGES, RangeRow
from ..catalog.gpus import CHIPS, GPUS, ChipRow, GpuRow
from ..catalog.source import Source
from ..core.versions import Version, version
from ..host.model import NVIDIA, UNKNOWN_GPU
from . import gpu_names
from .plan import GpuPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..host.model import Gpu, Host


class GpuSpec(NamedTuple):
    """A GPU as the tables know it; ``capability`` is None where it is unknown.

    ``first_driver`` is the oldest driver that is known to drive it; ``chip_driver`` that for any
    GPU with this chip, which is older where a list names one late.
    """

    pci_id: str
    name: str
    architecture: str
    capability: Version | None
    capability_text: str | None
    open_only: bool
    first_driver: str | None
    chip_driver: str | None
    range: RangeRow
    source: Source

    @property
    def device(self) -> str:
        """Return the device half of the id, four hexadecimal digits."""
        return self.pci_id.partition(":")[2]


@lru_cache(maxsize=4096)
def gpu_spec(pci_id: str, measured: str | None = None) -> GpuSpec:
    """Look a PCI id up; the capability that the loaded driver measured overrides the table.

    An unknown id gets what the measured capability says, else its id range.
    """
    row = _gpus().get(pci_id.partition(":")[2])
    if row is None:
        return _unlisted(pci_id, measured)
    found = _listed(pci_id, row)
    if measured is None or measured == found.capability_text:
        return found
    return found._replace(capability=version(measured), capability_text=measured, source=NVML)


def of_host(host: Host) -> list[GpuSpec]:
    """Return the specification of each GPU of a host."""
    return [spec_of(gpu) for gpu in host.gpus]


def spec_of(gpu: Gpu) -> GpuSpec:
    """Return the specification of one GPU, by its PCI id, else by the name of its model."""
    if gpu.pci_id == UNKNOWN_GPU and gpu.model:
        return _named(gpu.model, gpu.compute_capability)
    return gpu_spec(gpu.pci_id, gpu.compute_capability)


def listed(gpu: Gpu) -> GpuSpec:
    """Return what the tables say of a GPU, whatever its driver reports."""
    return gpu_spec(gpu.pci_id)


@lru_cache(maxsize=256)
def _named(model: str, measured: str | None) -> GpuSpec:
    """Return the specification of a GPU that the driver names, and whose PCI id nothing says."""
    row = gpu_names.find(model)
    if row:
        return gpu_spec(f"{NVIDIA}:{row.device}", measured)
    name = model if model.startswith("NVIDIA") else f"NVIDIA {model}"
    return gpu_spec(UNKNOWN_GPU, measured)._replace(name=name)


# Capabilities of GPUs with MIG: NVIDIA Multi-Instance GPU user guide, supported GPUs (2026-11-30).
WITH_MIG = ("8.0", "9.0", "10.0", "10.3", "10.7", "12.0")


def plans(host: Host) -> tuple[GpuPlan, ...]:
    """Return what a plan says of each GPU of a host."""
    return tuple(
        GpuPlan(found.pci_id, found.name, found.architecture, found.capability_text, gpu.mig)
        for gpu, found in zip(host.gpus, of_host(host))
    )


NVML = Source("NVML of the loaded driver", "at the probe", "measured")


def _unlisted(pci_id: str, measured: str | None) -> GpuSpec:
    """Return what is known of a GPU whose id is in no table: its family, by capability or by id."""
    device = pci_id.partition(":")[2]
    known = pci_id != UNKNOWN_GPU
    span = _span(device) if known else ANY_FAMILY
    chips = {row.architecture for row in CHIPS if measured and row.capability == measured}
    architecture = f"{span.families} (by its id)" if known else span.families
    if measured:
        fitting = [row for row in RANGES if version(row.capability) <= version(measured)]
        span = fitting[-1]
        by_family = architecture if known else f"{span.families} (by its capability)"
        architecture = " or ".join(sorted(chips)) or by_family
    first = _chip_driver(measured)
    return GpuSpec(
        pci_id=pci_id,
        name=f"unknown NVIDIA GPU {device}" if known else "unknown NVIDIA GPU",
        architecture=architecture,
        capability=version(measured) if measured else None,
        capability_text=measured,
        open_only=bool(chips) and chips <= set(OPEN_ONLY),
        first_driver=first,
        chip_driver=first,
        range=span,
        source=NVML if measured else ID_RANGES,
    )


def _span(device: str) -> RangeRow:
    return next(row for row in RANGES if row.first <= device <= row.last)


def _listed(pci_id: str, row: GpuRow) -> GpuSpec:
    device = row.device
    chip = _chips()[row.chip]
    open_only = row.module == "open" or chip.architecture in OPEN_ONLY
    chip_driver = _chip_driver(chip.capability)
    # The list of the open module is complete only for GPUs that run with nothing else.
    listed = row.first_driver if open_only else None
    return GpuSpec(
        pci_id,
        f"NVIDIA {row.product}" if row.product else f"NVIDIA {row.chip} [{device}]",
        chip.architecture,
        version(chip.capability) if chip.capability else None,
        chip.capability,
        open_only,
        listed or chip_driver,
        chip_driver,
        _span(device),
        chip.source,
    )


def _chip_driver(capability: str | None) -> str | None:
    return {row.capability: row.driver for row in FIRST_DRIVERS}.get(capability or "")


@cache
def _gpus() -> dict[str, GpuRow]:
    return {row.device: row for row in GPUS}


@cache
def _chips() -> dict[str, ChipRow]:
    return {row.chip: row for row in CHIPS}


def runs_native(code: tuple[Version, ...], capability: Version) -> bool:
    """Return whether machine code runs on a GPU: the same major, and a minor not above its own.

    Code of an integrated chip is for that chip alone.
    """
    return best_code(code, capability) is not None


def best_code(code: Iterable[Version], capability: Version) -> Version | None:
    """Return the code that suits a GPU best, None where none runs on it."""
    fitting = (
        sm
        for sm in code
        if sm.major == capability.major
        and sm <= capability
        and (sm == capability or sm not in INTEGRATED)
    )
    return max(fitting, default=None)


# Compute capabilities of integrated chips, which are on no PCI device, and of their code.
INTEGRATED = frozenset(version(sm) for sm in ("5.3", "6.2", "7.2", "8.7", "8.8", "10.1"))
