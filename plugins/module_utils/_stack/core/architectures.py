"""Processor architectures by each name that something gives them."""

from __future__ import annotations

import re
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


# Only 64-bit ARM has kernels with pages of another size, which their names end with.
_PAGES = {"16k": "aarch64", "64k": "aarch64"}
_KERNELS = {name: row.kernel for row in ARCHITECTURES.values() for name in (row.kernel, row.debian)}
_NAMED = re.compile(rf"(?<![A-Za-z0-9])({'|'.join((*_KERNELS, *_PAGES))})(?![A-Za-z0-9])")


def of_kernel(release: str) -> str | None:
    """Return the architecture that the release of a kernel names, None where it names none."""
    found = _NAMED.search(release)
    return {**_KERNELS, **_PAGES}[found.group(1)] if found else None
