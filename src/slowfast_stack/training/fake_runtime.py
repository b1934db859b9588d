"""Build the fake CUDA runtime for an environment; loaded in rehearsals only.

The source is compiled once for each (source, compiler, headers of the environment) by a compiler
of this host, into the user's cache.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import ownership
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

if TYPE_CHECKING:
    from slowfast_stack.training.installed import Installed

SOURCE = Path(__file__).parent / "program" / "fake_cuda.c"
COMPILERS = ("cc", "gcc", "clang")
# One library under the names by which PyTorch opens the driver's libraries.
LIBRARY = "libfake_cuda.so"
NAMES = ("libcuda.so.1", "libnvidia-ml.so.1")
_HEADER = "driver_types.h"
# A header that the packages of CUDA 13 keep apart; it only names properties of device code.
_DEFINES = "crt/host_defines.h"
_TEXT = """\
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
_MESSAGE = "The configuration was not rehearsed."


class NotRehearsed(StackError):
    """Nothing was rehearsed, so nothing is known of the configuration."""


def cache() -> Path:
    """Return the folder of built runtimes, by the XDG convention."""
    place = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(place).expanduser() / "slowfast-stack" / "rehearsal"


def folder(stack: Installed) -> Path:
    """Return the folder of a runtime for the PyTorch of a stack, built where it does not exist.

    Raises NotRehearsed; as root StackError, where another user could change the folder.
    """
    packages = sorted((stack.stack / "env" / "lib").glob("python3*/site-packages"))
    headers = [at.parent for root in packages for at in root.glob(f"nvidia/*/include/{_HEADER}")]
    if not headers:
        raise _without_headers(packages)
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        raise NotRehearsed(
            _MESSAGE,
            f"None of {', '.join(COMPILERS)} is installed, and the fake CUDA runtime is compiled.",
            "Install a C compiler; without one only the rules of config check apply.",
            code="rehearsal.no-compiler",
        )
    identity = f"{SOURCE.read_text()}{_TEXT}{compiler}{platform.machine()}"
    identity += (headers[0] / _HEADER).read_text(errors="replace")
    place = cache() / hashlib.sha256(identity.encode()).hexdigest()[:16]
    ownership.require_private(place)
    if (place / LIBRARY).is_file():
        return place
    return _built(place, compiler, headers[0])


def _without_headers(packages: list[Path]) -> NotRehearsed:
    if any((root / "torch/lib/libtorch_cuda.so").is_file() for root in packages):
        return NotRehearsed(
            _MESSAGE,
            f"The environment has no {_HEADER} of the CUDA runtime that PyTorch was built with.",
            "Install nvidia-cuda-runtime of the same CUDA version into the environment.",
            code="rehearsal.no-headers",
        )
    return NotRehearsed(
        _MESSAGE,
        "The PyTorch of this stack is built without CUDA, so nothing in it can use a GPU.",
        "Rehearse for the CPU with --gpus 0, or on a stack that was planned for a GPU.",
        code="rehearsal.cpu-torch",
    )


def _built(place: Path, compiler: str, headers: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".building-") as work:
        defines = Path(work) / "include" / _DEFINES
        defines.parent.mkdir(parents=True)
        defines.write_text(_TEXT)
        made = Path(work) / "made"
        made.mkdir()
        argv = [compiler, "-shared", "-fPIC", "-O1", "-w", f"-I{headers}"]
        argv += ["-idirafter", str(defines.parents[1]), "-o", str(made / LIBRARY), str(SOURCE)]
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
    return place


def _not_compiled(compiler: str, said: str) -> NotRehearsed:
    return NotRehearsed(
        _MESSAGE,
        f"{compiler} could not compile the fake CUDA runtime: {said}",
        "Install the headers of the C library, such as libc6-dev; only static rules apply until then.",
        code="rehearsal.not-compiled",
    )
