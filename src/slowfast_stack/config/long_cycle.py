"""Batch norm in the long cycle: how MultigridSchedule.update_long_cycle divides GPUs and clips.

It shares statistics among GPUs where one has fewer clips than MULTIGRID.BN_BASE_SIZE, and splits
the batch of a GPU where it has more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content


class Misfit(NamedTuple):
    """The clips of a GPU, and the number of GPUs that share, or of parts of a batch, that do not divide."""

    clips: float
    divisor: int
    shares: bool


def shapes(read: Content) -> list[tuple[float, float]]:
    """Return the factors of time and side of each shape; empty where one cannot be read."""
    rows = read.get("MULTIGRID.LONG_CYCLE_FACTORS")
    good = [
        (row[0], row[1])
        for row in rows
        if isinstance(row, list | tuple) and len(row) == 2 and min(row) > 0  # noqa: PLR2004
    ]
    return good if len(good) == len(rows) else []


def misfit(read: Content, batch: int, gpus: int, base: int) -> Misfit | None:
    """Return the first shape whose batch norm cannot be divided so; None where all can."""
    for time, side in shapes(read):
        clips = round(1 / (time * side * side)) * batch / gpus
        factor = clips / base
        if 0 < factor < 1 and gpus > 1 and gpus % int(1 / factor):
            return Misfit(clips, int(1 / factor), shares=True)
        if factor > 1 and int(clips) % int(factor):
            return Misfit(clips, int(factor), shares=False)
    return None


def nearest(read: Content, batch: int, gpus: int) -> int:
    """Return the BN_BASE_SIZE nearest to the present one that all shapes can be divided by."""
    base = max(1, read.get("MULTIGRID.BN_BASE_SIZE"))
    sizes = sorted(range(1, 2 * base + 1), key=lambda size: (abs(size - base), size))
    return next((size for size in sizes if misfit(read, batch, gpus, size) is None), 1)
