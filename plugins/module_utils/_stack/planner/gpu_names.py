"""Find a GPU by the name that its driver gives it, where nothing says its PCI id.

A driver names a product in other words than the list of PCI ids: NVIDIA H100 80GB HBM3 is H100 SXM5
80GB there, and GeForce RTX 3060 is on several chips. What counts is that every product of a name has
one compute capability and one kernel module.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ..catalog.gpus import CHIPS, GPUS
from ..catalog.vgpus import VGPUS

if TYPE_CHECKING:
    from ..catalog.gpus import GpuRow

# The size and series of a vGPU, as in GRID A100-40C; in MIG mode also its slices, as A100-1-5CME.
_PROFILE = re.compile(r"(-\d{1,2})?-\d{1,3}[ABCQ](\d|ME)?$")
# The letters of a board in the names of its vGPUs, as in GRID V100D.
_BOARD = re.compile(r"(?<=\d)[dlmsx]{1,2}$")
_WORD = re.compile(r"[a-z0-9]+")
# Words that name no product.
_FILLERS = {"nvidia", "grid", "gpu", "with", "design"}
_SAME = {"laptop": "mobile"}


class _Product(NamedTuple):
    words: frozenset[str]
    row: GpuRow


def find(model: str) -> GpuRow | None:
    """Return a row of a product, None where its name is of GPUs that differ, or of none.

    Products that have exactly its words come before those with more, and these before those with
    fewer, as many as possible.
    """
    board = _PROFILE.sub("", model)
    words = _words(board)
    if board == model:
        return _one(_rows(words))
    boards = [one.row for one in _boards() if one.words == words]
    bare = frozenset(_BOARD.sub("", word) for word in words)
    return _one(boards or _rows(words) or _rows(bare))


def _rows(words: frozenset[str]) -> list[GpuRow]:
    """Return the products of a name."""
    if not words:
        return []
    products = _products()
    exact = [one.row for one in products if one.words == words]
    more = [one.row for one in products if one.words > words]
    fewer = [one for one in products if one.words < words and _has_number(one.words)]
    most = max((len(one.words) for one in fewer), default=0)
    nearest = [one.row for one in fewer if len(one.words) == most]
    return exact or more or nearest


def _one(rows: list[GpuRow]) -> GpuRow | None:
    """Return the first of rows that agree; that of a GPU for the open module alone speaks for all."""
    capabilities = {_capabilities()[row.chip] for row in rows}
    if len(capabilities) != 1 or None in capabilities:
        return None
    return min(rows, key=lambda row: (row.module != "open", row.device))


def _words(name: str) -> frozenset[str]:
    found = (_SAME.get(word, word) for word in _WORD.findall(name.lower()))
    return frozenset(found) - _FILLERS


def _has_number(words: frozenset[str]) -> bool:
    return any(any(letter.isdigit() for letter in word) for word in words)


@cache
def _products() -> tuple[_Product, ...]:
    return tuple(_Product(_words(row.product), row) for row in GPUS if row.product)


@cache
def _boards() -> tuple[_Product, ...]:
    """Return the boards of vGPUs, which have names of their own."""
    rows = {row.device: row for row in GPUS}
    return tuple(
        _Product(_words(board.name), rows[board.device]) for board in VGPUS if board.device in rows
    )


@cache
def _capabilities() -> dict[str, str | None]:
    return {row.chip: row.capability for row in CHIPS}
