"""Verify a CUDA toolkit: compile a program, inspect its machine code, and run it on a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import scratch
from ..core.errors import StackError
from .cubin import missing, of_bytes, of_listing, ordered, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..core.process import Commands

PROGRAM = """\
#include <cstdio>
__global__ void scale(float *x, float by, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= by;
}
int main() {
  const int n = 1000;
  float x[n], *device;
  for (int i = 0; i < n; i++) x[i] = i;
  cudaMalloc(&device, sizeof x);
  cudaMemcpy(device, x, sizeof x, cudaMemcpyHostToDevice);
  scale<<<4, 256>>>(device, 3, n);
  cudaMemcpy(x, device, sizeof x, cudaMemcpyDeviceToHost);
  if (cudaError_t error = cudaGetLastError()) return puts(cudaGetErrorString(error)), 1;
  for (int i = 0; i < n; i++) if (x[i] != 3 * i) return printf("x[%d] is %g\\n", i, x[i]), 1;
}
"""
HINT = "Remove this toolkit with `slowfast-stack purge cuda` and run the same command again."


def options(arch_list: str) -> list[str]:
    """Return the compiler's options for an architecture list."""
    asked = wanted(arch_list)
    return [f"-gencode=arch=compute_{sm},code=sm_{sm}" for sm in ordered(asked.sm)] + [
        f"-gencode=arch=compute_{sm},code=compute_{sm}" for sm in ordered(asked.ptx)
    ]


def prove(
    home: Path, arch_list: str, cxx: str | None, commands: Commands, *, gpu: bool = False
) -> str:
    """Compile and inspect, with a GPU also run; return a summary. Raise ``StackError``."""
    host_compiler = ["-ccbin", cxx] if cxx else []
    with scratch.folder() as folder:
        source, binary = folder / "scale.cu", folder / "scale.fatbin"
        source.write_text(PROGRAM, encoding="utf-8")
        compiler = _argv(home, "nvcc", *host_compiler, *options(arch_list), source)
        message = f"The CUDA toolkit in {home} cannot compile for {arch_list}"
        commands.checked(
            message,
            [*compiler, "-fatbin", "-o", str(binary)],
            hint=HINT,
            code="cuda.compile-failed",
        )
        summary = _inspect(home, binary, arch_list, commands)
        if not gpu:
            return summary
        program = str(folder / "scale")
        commands.checked(message, [*compiler, "-o", program], hint=HINT, code="cuda.compile-failed")
        commands.checked(
            f"A program compiled by {home} does not run on the GPU",
            [program],
            hint="Check the output of `nvidia-smi` and `dmesg | grep -i nvrm`.",
            code="cuda.program-failed",
        )
        return f"{summary}, and run on a GPU"


def _argv(home: Path, tool: str, *arguments: object) -> Sequence[str]:
    return [str(home / "bin" / tool), *map(str, arguments)]


def _inspect(home: Path, made: Path, arch_list: str, commands: Commands) -> str:
    """Require the code that was asked for; without cuobjdump the fat binary is read here."""
    reader, listing = "cuobjdump", ""
    if (home / "bin" / "cuobjdump").exists():
        listing = " ".join(_listing(home, made, arch_list, commands).split())
        code = of_listing(listing)
    else:
        try:
            code = of_bytes(made.read_bytes())
        except ValueError:
            code = of_listing("")
        if not code.names():
            return "compiled but not inspected: no cuobjdump, and the file is not understood"
        reader, listing = "the fat binary", str(code)
    lacks = missing(arch_list, code)
    if lacks:
        raise StackError(
            f"The CUDA toolkit in {home} compiled no code for {', '.join(lacks)}.",
            f"{reader} lists: {listing or 'nothing'}.",
            HINT,
            code="cuda.missing-architecture",
        )
    return f"compiled, with code for {arch_list}"


def _listing(home: Path, made: Path, arch_list: str, commands: Commands) -> str:
    message = f"The program compiled by {home} cannot be read"
    kinds = ("--list-elf", "--list-ptx") if "+PTX" in arch_list else ("--list-elf",)
    return "".join(
        commands.checked(
            message, _argv(home, "cuobjdump", option, made), hint=HINT, code="cuda.compile-failed"
        )
        for option in kinds
    )
