"""Stacks that were built and proven; `scripts/proof_matrix.py --write` writes the rows."""

from __future__ import annotations

from typing import NamedTuple


class ProvenRow(NamedTuple):
    """A proof of a PyTorch release with a Python.

    ``profile`` is cpu or cuda, ``variant`` that of the wheel; ``passed`` counts the claims that held,
    ``failed`` names the others; ``sources`` are the commits of SlowFast, Detectron2 and PyTorchVideo.
    """

    torch: str
    python: str
    machine: str
    profile: str
    variant: str
    passed: int
    failed: str
    sources: str
    checked: str


# fmt: off
ROWS = (
    ProvenRow("2.4.0", "3.9", "x86_64", "cpu", "cu121", 20, "", "287ec00 02b5c4e f3142bb", "2026-11-29"),
    ProvenRow("2.6.0", "3.12", "x86_64", "cpu", "cu124", 22, "", "287ec00 02b5c4e f3142bb", "2026-11-30"),
    ProvenRow("2.7.1", "3.10", "x86_64", "cpu", "cu126", 22, "", "287ec00 02b5c4e f3142bb", "2026-11-30"),
    ProvenRow("2.8.0", "3.11", "x86_64", "cpu", "cu128", 22, "", "287ec00 02b5c4e f3142bb", "2026-11-30"),
    ProvenRow("2.9.1", "3.12", "x86_64", "cpu", "cu128", 22, "", "287ec00 02b5c4e f3142bb", "2026-11-30"),
    ProvenRow("2.11.0", "3.11", "x86_64", "cpu", "cu130", 22, "", "287ec00 02b5c4e f3142bb", "2026-11-30"),
    ProvenRow("2.13.0", "3.12", "x86_64", "cpu", "cu130", 22, "", "287ec00 02b5c4e f3142bb", "2026-11-30"),
    ProvenRow("2.15.0", "3.13", "x86_64", "cpu", "cu132", 20, "", "287ec00 02b5c4e f3142bb", "2026-11-29"),
    ProvenRow("2.15.0", "3.14", "x86_64", "cpu", "cu132", 22, "", "287ec00 02b5c4e f3142bb", "2026-11-30"),
)
# fmt: on


def measured() -> dict[str, str]:
    """Return the releases of which a stack was proven, and with which Pythons."""
    found: dict[str, list[str]] = {}
    for row in ROWS:
        if not row.failed:
            found.setdefault(row.torch, []).append(row.python)
    return {torch: f"run on CPU with Python {_listed(pythons)}" for torch, pythons in found.items()}


def _listed(names: list[str]) -> str:
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} and {last}" if others else last
