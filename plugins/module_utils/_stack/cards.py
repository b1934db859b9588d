"""What a PCI id says: product, chip, compute capability, and which drivers go with it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Optional

from .catalog.drivers import FIRST_DRIVERS, ID_RANGES, OPEN_ONLY, RANGES, RangeRow
from .catalog.gpus import CHIPS, GPUS, GpuRow
from .catalog.source import Source
from .versions import Version, version


class Card(NamedTuple):
    """A GPU as the tables know it; ``capability`` is None where nobody has said it.

    ``first_driver`` is the oldest driver that drives it, where that is known.
    """

    pci_id: str
    name: str
    architecture: str
    capability: Optional[Version]
    capability_text: Optional[str]
    open_only: bool
    first_driver: Optional[Version]
    range: RangeRow
    source: Source


@lru_cache(maxsize=4096)
def card(pci_id: str) -> Card:
    """Look a PCI id up; an unknown one gets what its id range says, and no capability."""
    device = pci_id.partition(":")[2]
    span = next(row for row in RANGES if row.first <= device <= row.last)
    row = _gpus().get(device)
    if row is None:
        return Card(
            pci_id, f"unknown NVIDIA GPU {device}", f"{span.families} (by its id)",
            None, None, False, None, span, ID_RANGES,
        )  # fmt: skip
    chip = _chips()[row.chip]
    open_only = row.open_only or chip.architecture in OPEN_ONLY
    return Card(
        pci_id,
        f"NVIDIA {row.product}" if row.product else f"NVIDIA {row.chip} [{device}]",
        chip.architecture,
        version(chip.capability) if chip.capability else None,
        chip.capability,
        open_only,
        _first_driver(row, chip.capability, open_only=open_only),
        span,
        chip.source,
    )


def _first_driver(row: GpuRow, capability: Optional[str], *, open_only: bool) -> Optional[Version]:
    # The list of the open module is complete only for cards that run with nothing else.
    if open_only and row.first_driver:
        return version(row.first_driver)
    first = {row.capability: row.driver for row in FIRST_DRIVERS}.get(capability or "")
    return version(first) if first else None


@lru_cache(maxsize=None)
def _gpus() -> "dict[str, GpuRow]":
    return {row.device: row for row in GPUS}


@lru_cache(maxsize=None)
def _chips() -> "dict[str, object]":
    return {row.chip: row for row in CHIPS}


def runs_native(code: "tuple[Version, ...]", capability: Version) -> bool:
    """Tell whether machine code runs on a card: the same major, and a minor not above its own.

    8.7 and 8.8 belong to integrated chips that take no code of discrete 8.x ones.
    """
    return any(sm.major == capability.major and sm <= capability for sm in code)
