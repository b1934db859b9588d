"""Presets: which releases and Pythons are tried first, and why."""

from __future__ import annotations

from typing import NamedTuple

from .proven import measured
from .source import Source

TRIALS = Source("stacks built and run on CPU with the pinned commits", "2026-11-22", "measured")
GUIDE = Source("the installation guide of 2024 that this collection automates", "2026-11-22")


class PresetRow(NamedTuple):
    """A preset; ``torch`` is its first choice ("" is the newest), ``then`` the direction after it.

    ``then`` is older, newer: the releases on that side come next, nearest first.
    ``variant`` is tried before others; ``pythons`` and ``branches`` (those that are installed unless
    another one is requested) are in order of preference,
    and ``pythons_from`` is host where one that is there comes first, any where order decides.
    ``superseded`` are choices of the preset's origin that exist no more, with what replaced them.
    """

    name: str
    torch: str
    then: str
    variant: str
    pythons: tuple[str, ...]
    pythons_from: str
    branches: tuple[str, ...]
    because: str
    source: Source
    superseded: tuple[tuple[str, str], ...] = ()


BRANCH_555 = (
    "the guide's 555 was a short-lived feature branch that no package listing has any more;"
    " the long-term branch 580 replaces it"
)
OLD_PINS = (
    "the guide's NumPy 1.23.0 and setuptools 59.5.0, which it marks as perhaps not needed, are left"
    " out; the pins here were resolved together"
)
OLD_MKL = (
    "the guide's mkl 2024.0 is left out: it is for conda's own PyTorch, and the wheel contains MKL"
    " inside (2022.2 in torch 2.4.0)"
)
FORK = (
    "the guide's fork changes the learning rate and the evaluated classes; upstream with patches"
    " replaces it"
)

# fmt: off
PRESETS = (
    PresetRow("stable", "2.11.0", "older", "",
              ("3.11", "3.12", "3.10", "3.13", "3.9", "3.14"), "host",
              ("580", "595", "620", "615", "570", "550", "535", "610", "470"),
              "SlowFast, Detectron2 and PyTorchVideo at the pinned commits were built, trained and"
              " tested with it", TRIALS),
    PresetRow("newest", "", "older", "",
              ("3.13", "3.12", "3.11", "3.14", "3.10", "3.9"), "host",
              ("620", "615", "595", "580", "610", "570", "550", "535", "470"),
              "it is the newest release in the table", TRIALS),
    PresetRow("guide-2024", "2.4.0", "newer", "cu121",
              ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"), "any",
              ("580", "595", "570", "550", "535", "620", "615", "610", "470"),
              "the guide names it", GUIDE,
              (("driver.branch", BRANCH_555), ("packages", OLD_PINS), ("packages", OLD_MKL),
               ("sources", FORK))),
)
# fmt: on

# Stacks that were proven, by their release of PyTorch.
MEASURED = measured()
