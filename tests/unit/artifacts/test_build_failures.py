"""What compilers say when they give up, as they said it, and what a person is told."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_failures import (
    explain,
)

GCC_LIMIT = (
    "/usr/local/cuda/include/crt/host_config.h:137:2: error: #error -- unsupported GNU version!"
    " gcc versions later than 13 are not supported! The nvcc flag '-allow-unsupported-compiler'"
)
SAID = {
    "g++: fatal error: Killed signal terminated program cc1plus": "Memory ran out",
    "c++: internal compiler error: Killed (program cc1plus)": "4 jobs at once on 7000 MiB",
    "virtual memory exhausted: Cannot allocate memory": "Memory ran out",
    "cc1plus: out of memory allocating 65536 bytes after a total of 4 bytes": "Memory ran out",
    "nvcc error   : 'cicc' died due to signal 9 (Kill signal)": "Memory ran out",
    "[2/9] nvcc -c ROIAlign_cuda.cu\nKilled\n": "Memory ran out",
    "collect2: fatal error: ld terminated with signal 9 [Killed]": "Memory ran out",
    "fatal error: error writing to cc1YjNxQ.o: No space left on device": "disk is full",
    GCC_LIMIT: "too new for the CUDA toolkit: it takes GCC up to 13",
    "g++ 15.1 is greater than the maximum required version by CUDA 12.4 (13.0).": "CUDA 12.4",
    "(8.5) is less than the minimum required version by CUDA 12.8 (9.0).": "too old for CUDA 12.8",
    "c10/util/C++17.h:25:2: error: #error You need C++17 to compile PyTorch": "(C++17)",
    "g++: error: unrecognized command line option '-std=c++20'": "(c++20)",
    "RuntimeError: The detected CUDA version (11.8) mismatches the version": "CUDA 11.8",
    "nvcc fatal   : Unsupported gpu architecture 'compute_120'": "no code for compute_120",
    "torch/csrc/python_headers.h:12:10: fatal error: Python.h: No such file or directory": "Python",
    "ATen/cuda/CUDAContext.h:10: fatal error: cusparse.h: No such file or directory": "cusparse.h",
}


@pytest.mark.parametrize(("output", "told"), SAID.items())
def test_the_cause_is_told_with_what_to_do(output: str, told: str) -> None:
    why, hint = explain(f"building...\n{output}\nerror: 1", jobs="4", memory_mib=7000)
    assert told in why
    assert hint
    assert "{" not in why + hint


def test_what_is_not_known_is_not_guessed() -> None:
    output = "ROIAlign.cpp:3:1: error: expected ';' after 'Killed_by'"
    assert explain(output, jobs="1", memory_mib=1) == ("", "")
