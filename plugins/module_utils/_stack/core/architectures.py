"""Processor architectures by each name that something gives them."""

from __future__ import annotations

from typing import NamedTuple


class Architecture(NamedTuple):
    """One architecture: its name in the kernel, in Debian, in NVIDIA's repositories, in conda."""

    kernel: str
    debian: str
    nvidia: str
    conda: str


ARCHITECTURES = {
    row.kernel: row
    for row in (
        Architecture("x86_64", "amd64", "x86_64", "linux-64"),
        # NVIDIA calls 64-bit ARM servers sbsa.
        Architecture("aarch64", "arm64", "sbsa", "linux-aarch64"),
    )
}


def canonical(name: str) -> str:
    """Return the kernel's name of an architecture; one that is not in the table stays as it is."""
    return next((row.kernel for row in ARCHITECTURES.values() if name in row), name)
