"""The GPU code that a real CUDA compiler writes is listed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda import cubin

NVCC = shutil.which("nvcc") or next(
    (str(path) for path in sorted(Path("/usr/local").glob("cuda*/bin/nvcc"))), None
)


@pytest.mark.skipif(NVCC is None, reason="needs a CUDA compiler")
def test_what_a_real_compiler_writes_is_read(tmp_path: Path) -> None:
    (tmp_path / "k.cu").write_text("__global__ void k(float *x) { x[threadIdx.x] *= 2; }\n")
    wanted = ["-gencode=arch=compute_90a,code=sm_90a", "-gencode=arch=compute_80,code=compute_80"]
    made = tmp_path / "k.fatbin"
    compiler = [str(NVCC), *wanted, "-fatbin", str(tmp_path / "k.cu"), "-o", str(made)]
    subprocess.run(compiler, check=True, capture_output=True)
    assert str(cubin.of_bytes(made.read_bytes())) == "sm_90a, compute_80"
