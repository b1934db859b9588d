"""Messages of package managers, compilers, uv and training as they were printed, and their causes."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.filter.explain_package_failure import (
    explain_package_failure,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import failure_hints
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.failure_hints import (
    BUILD,
    INSTALLER,
    PACKAGE_MANAGER,
    TRAINING,
    explain,
)

GCC_LIMIT = (
    "/usr/local/cuda/include/crt/host_config.h:137:2: error: #error -- unsupported GNU version!"
    " gcc versions later than 13 are not supported! The nvcc flag '-allow-unsupported-compiler'"
)
COMPILERS = {
    "g++: fatal error: Killed signal terminated program cc1plus": "out of memory",
    "c++: internal compiler error: Killed (program cc1plus)": "4 jobs at once on 7000 MiB",
    "virtual memory exhausted: Cannot allocate memory": "out of memory",
    "cc1plus: out of memory allocating 65536 bytes after a total of 4 bytes": "out of memory",
    "nvcc error   : 'cicc' died due to signal 9 (Kill signal)": "out of memory",
    "[2/9] nvcc -c ROIAlign_cuda.cu\nKilled\n": "out of memory",
    "collect2: fatal error: ld terminated with signal 9 [Killed]": "out of memory",
    "fatal error: error writing to cc1YjNxQ.o: No space left on device": "disk is full",
    GCC_LIMIT: "supports GCC up to 13",
    "g++ 15.1 is greater than the maximum required version by CUDA 12.4 (13.0).": "CUDA 12.4",
    "(8.5) is less than the minimum required version by CUDA 12.8 (9.0).": "too old for CUDA 12.8",
    "c10/util/C++17.h:25:2: error: #error You need C++17 to compile PyTorch": "(C++17)",
    "g++: error: unrecognized command line option '-std=c++20'": "(c++20)",
    "RuntimeError: The detected CUDA version (11.8) mismatches the version": "CUDA 11.8",
    "nvcc fatal   : Unsupported gpu architecture 'compute_120'": "no code for compute_120",
    "torch/csrc/python_headers.h:12:10: fatal error: Python.h: No such file or directory": "Python",
    "ATen/cuda/CUDAContext.h:10: fatal error: cusparse.h: No such file or directory": "cusparse.h",
}


@pytest.mark.parametrize(("output", "cause"), COMPILERS.items())
def test_the_cause_of_a_failed_build_is_explained(output: str, cause: str) -> None:
    found = explain(f"building...\n{output}\nerror: 1", BUILD, jobs="4", memory_mib=7000)
    assert found
    assert cause in found.cause
    assert found.hint
    assert "{" not in found.cause + found.hint
    assert found.line in output


def test_an_unknown_message_has_no_explanation() -> None:
    output = "ROIAlign.cpp:3:1: error: expected ';' after 'Killed_by'"
    assert explain(output, BUILD, jobs="1", memory_mib=1) is None


DISK, LOCK, HEADERS, DKMS, NETWORK, ABSENT, SIGNATURE, OTHER = (row.code for row in PACKAGE_MANAGER)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (
            {
                "msg": "'/usr/bin/apt-get -y install 'nvidia-open=580.*'' failed: E: Unable to"
                " acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another"
                " process using it?"
            },
            LOCK,
        ),
        ({"msg": "No package matching 'linux-headers-6.18.44' is available"}, HEADERS),
        (
            {
                "msg": "'/usr/bin/apt-get install' failed",
                "stderr": "E: Failed to fetch http://x/a.deb  Connection failed [IP: 10.1.1.1]\n",
            },
            NETWORK,
        ),
        (
            {"msg": "no available installation candidate for nvidia-open=580.*"},
            ABSENT,
        ),
        (
            {
                "msg": "Failed to install some of the specified packages",
                "failures": ["nvidia-driver:580-open broken groups or modules: nvidia-driver"],
            },
            ABSENT,
        ),
        (
            {
                "msg": "Depsolve Error occurred: \n Problem: conflicting requests\n"
                "  - nothing provides dkms needed by kmod-nvidia-open-dkms-3:580.178.04-1.el9"
            },
            DKMS,
        ),
        (
            {
                "msg": "'/usr/bin/apt-get -y install' failed: E: Could not get lock"
                " /var/lib/dpkg/lock-frontend. It is held by process 1 (unattended-upgr)"
            },
            LOCK,
        ),
        (
            {
                "msg": "'/usr/bin/apt-get -y install 'nvidia-kernel-open-dkms=580.178.04-1'"
                " 'linux-headers-6.1.0=1' -o X=no' failed: E: Failed to fetch http://x/a.deb"
                "  File has unexpected size (500 != 30912). Mirror sync in progress?"
            },
            NETWORK,
        ),
        ({"msg": "cannot copy extracted data: No space left on device"}, DISK),
        ({"msg": "Failed to validate GPG signature for nvidia-driver"}, SIGNATURE),
        ({"msg": "something new"}, OTHER),
    ],
)
def test_a_failed_package_task_is_explained(result: dict[str, object], code: str) -> None:
    found = explain_package_failure(result)
    assert found["code"] == code
    assert found["hint"]


def test_an_error_with_a_code_stays_as_it_is() -> None:
    error = {"code": "disk.full", "message": "m.", "cause": "c.", "hint": "h.", "msg": "m. c. h."}
    assert explain_package_failure(error) == {"code": "disk.full", "cause": "m. c.", "hint": "h."}


def test_the_line_with_the_message_is_quoted() -> None:
    found = explain_package_failure(
        {"msg": "'apt-get install' failed", "stderr": "W: x\nE: No space left"}
    )
    assert found["cause"].endswith("It said: E: No space left")


@pytest.mark.parametrize(
    ("output", "table", "row"),
    [
        ("error: No space left on device (os error 28)", INSTALLER, 0),
        ("error: Hash mismatch for `torch==2.9.1`", INSTALLER, 1),
        ("error: Request failed after 3 retries", INSTALLER, 2),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", TRAINING, 0),
        ("AssertionError: Cuda is not available. Please set `NUM_GPUS: 0", TRAINING, 2),
        ("RuntimeError: ERROR: Got NaN losses 2026-01-01", TRAINING, 3),
        ("RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error.", TRAINING, 6),
        ("OSError: [Errno 98] EADDRINUSE", TRAINING, 8),
    ],
)
def test_the_first_matching_row_explains(
    output: str, table: tuple[failure_hints.Row, ...], row: int
) -> None:
    found = explain(f"{output}\nafter", table)
    assert found == (table[row].cause, table[row].hint, output, table[row].code)
