"""Compile the fake CUDA runtime, which answers for GPUs that are not there.

This file has no import of its package, because the proof runs it in the finished environment too.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

COMPILERS = ("cc", "gcc", "clang")
# One library under the names by which PyTorch opens the driver's libraries.
LIBRARY = "libfake_cuda.so"
NAMES = ("libcuda.so.1", "libnvidia-ml.so.1")
HEADER = "driver_types.h"
# What would make PyTorch see other GPUs than the fake ones.
HIDDEN = ("CUDA_VISIBLE_DEVICES", "PYTORCH_NVML_BASED_CUDA_CHECK", "PYTHONPATH", "PYTHONHOME")
# A header that the packages of CUDA 13 keep apart; it only names properties of device code.
_DEFINES = "crt/host_defines.h"
TEXT = """\
#define __device_builtin__
#define __device_builtin_texture_type__
#define __device_builtin_surface_type__
#define __cudart_builtin__
#define __builtin_align__(n) __attribute__((aligned(n)))
#define __align__(n) __attribute__((aligned(n)))
#define __host__
#define __device__
#define CUDARTAPI
#define CUDARTAPI_CDECL
"""
_TIMEOUT_S = 60


class NotBuilt(Exception):
    """There is no fake runtime; ``code`` is that of the error."""

    def __init__(self, code: str, cause: str) -> None:
        """Keep both."""
        super().__init__(cause)
        self.code = code


def headers(packages: list[Path]) -> Path:
    """Return the folder of CUDA's headers in site-packages folders. Raises NotBuilt."""
    found = [at.parent for root in packages for at in root.glob(f"nvidia/*/include/{HEADER}")]
    if found:
        return found[0]
    if any((root / "torch/lib/libtorch_cuda.so").is_file() for root in packages):
        cause = f"The environment has no {HEADER} of the CUDA runtime that PyTorch was built with."
        raise NotBuilt("rehearsal.no-headers", cause)
    cause = "The PyTorch of this stack is built without CUDA, so nothing in it can use a GPU."
    raise NotBuilt("rehearsal.cpu-torch", cause)


def compiler() -> str:
    """Return the path of a C compiler of this host. Raises NotBuilt."""
    found = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if found is None:
        cause = (
            f"None of {', '.join(COMPILERS)} is installed, and the fake CUDA runtime is compiled."
        )
        raise NotBuilt("rehearsal.no-compiler", cause)
    return found


def build(source: Path, place: Path, compiler: str, headers: Path) -> None:
    """Compile ``source`` into the folder ``place``, which appears complete or not at all.

    Raises NotBuilt; another process may make the same folder meanwhile.
    """
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".building-") as work:
        defines = Path(work) / "include" / _DEFINES
        defines.parent.mkdir(parents=True)
        defines.write_text(TEXT, encoding="utf-8")
        made = Path(work) / "made"
        made.mkdir()
        argv = [compiler, "-shared", "-fPIC", "-O1", "-w", f"-I{headers}"]
        argv += ["-idirafter", str(defines.parents[1]), "-o", str(made / LIBRARY), str(source)]
        try:
            done = subprocess.run(
                [*argv, "-ldl", "-lpthread"],
                capture_output=True,
                text=True,
                check=False,
                timeout=_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _not_compiled(compiler, str(error)) from error
        if done.returncode:
            raise _not_compiled(compiler, done.stderr.strip()[-500:])
        for name in NAMES:
            (made / name).symlink_to(LIBRARY)
        try:
            made.rename(place)
        except OSError:  # another process was faster
            if not (place / LIBRARY).is_file():
                raise


def gpus(count: int, name: str, capability: tuple[int, int], size: int) -> dict[str, str]:
    """Return the variables that describe ``count`` GPUs of ``size`` bytes each to the runtime."""
    return {
        "FAKE_CUDA_GPUS": str(count),
        "FAKE_CUDA_NAME": name,
        "FAKE_CUDA_MAJOR": str(capability[0]),
        "FAKE_CUDA_MINOR": str(capability[1]),
        "FAKE_CUDA_BYTES": str(size),
    }


def loaded(place: Path) -> dict[str, str]:
    """Return the variables that load the runtime in ``place`` into a program."""
    return {"LD_PRELOAD": str(place / LIBRARY), "LD_LIBRARY_PATH": str(place)}


def _not_compiled(compiler: str, said: str) -> NotBuilt:
    cause = f"{compiler} could not compile the fake CUDA runtime: {said}"
    return NotBuilt("rehearsal.not-compiled", cause)
