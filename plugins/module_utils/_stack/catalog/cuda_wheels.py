"""CUDA compilers on PyPI: the wheels that together compile for CUDA, by release."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

META = Source(
    "Requires-Dist of cuda-toolkit on PyPI, its newest release of each CUDA", "2026-11-30"
)


class CompilerRow(NamedTuple):
    """A release of CUDA that PyPI has a compiler of, for x86_64 and aarch64; exact versions."""

    cuda: str
    nvcc: str
    crt: str
    nvvm: str
    cccl: str
    runtime: str
    source: Source = META

    @property
    def requirements(self) -> tuple[str, ...]:
        """Return what is installed; the runtime comes with torch, which pins it."""
        return (
            f"nvidia-cuda-nvcc=={self.nvcc}",
            f"nvidia-cuda-crt=={self.crt}",
            f"nvidia-nvvm=={self.nvvm}",
            f"nvidia-cuda-cccl=={self.cccl}",
        )


# CUDA 12 has no row: all 24 wheels of nvidia-cuda-nvcc-cu12 (12.0 to 12.9, listed 2026-11-30) have ptxas
# and headers, but neither nvcc nor cudafe++.
# fmt: off
COMPILERS = (
    # cuda  nvcc  crt  nvvm  cccl  runtime
    CompilerRow("13.0", "13.0.88", "13.0.88", "13.0.88", "13.0.85", "13.0.96"),
    CompilerRow("13.1", "13.1.115", "13.1.115", "13.1.115", "13.1.115", "13.1.80"),
    CompilerRow("13.2", "13.2.86", "13.2.86", "13.2.86", "13.2.86", "13.2.86"),
    CompilerRow("13.3", "13.3.73", "13.3.73", "13.3.73", "13.3.3.4.1", "13.3.29"),
    CompilerRow("13.4", "13.4.92", "13.4.92", "13.4.92", "13.3.4.3.1", "13.4.92"),
    CompilerRow("13.5", "13.5.37", "13.5.37", "13.5.37", "13.3.5.0.6", "13.5.37"),
)
# fmt: on
