"""The question to NVML, asked of a compiled library with the functions of the real one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import nvml

if TYPE_CHECKING:
    from pathlib import Path

# The struct is nvmlPciInfo_t of nvml.h.
SOURCE = r"""
#include <stdio.h>
#include <string.h>
typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char bus_id[32]; } pci;
int nvmlInit_v2(void) { return STATUS; }
#ifndef OLD
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned n, void **gpu) {
  *gpu = (void *)(long)(n + 1);
  return n == 2 ? 15 : 0;
}
int nvmlDeviceGetPciInfo_v3(void *gpu, pci *said) {
  memset(said, 0, sizeof *said);
  sprintf(said->bus_id, "00000000:%02X:00.0", 15 + (int)(long)gpu);
  return 0;
}
int nvmlDeviceGetCudaComputeCapability(void *gpu, int *major, int *minor) {
  *major = 9;
  *minor = 0;
  return 0;
}
int nvmlDeviceGetMigMode(void *gpu, unsigned *on, unsigned *later) {
  *on = *later = gpu == (void *)2;
  return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void *gpu, unsigned *most) { *most = 7; return 0; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *gpu, unsigned n, void **part) { return n < 2 ? 0 : 6; }
#endif
"""


def asked(folder: Path, *options: str) -> nvml.Said:
    (folder / "nvml.c").write_text(SOURCE, encoding="utf-8")
    library = folder / "libnvidia-ml.so.1"
    command = ["gcc", "-shared", "-fPIC", *options, "-o", str(library), str(folder / "nvml.c")]
    subprocess.run(command, check=True)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    argv = [sys.executable, "-I", "-c", nvml.QUESTION]
    answer = subprocess.run(argv, check=True, capture_output=True, text=True, env=environment)
    return nvml.parse(answer.stdout)


def test_gpus_are_listed_with_capability_and_instances(tmp_path: Path) -> None:
    found = asked(tmp_path, "-DSTATUS=0")
    assert found.error is None
    assert found.gpus == {
        "0000:10:00.0": nvml.Row("0000:10:00.0", "9.0", None),
        "0000:11:00.0": nvml.Row("0000:11:00.0", "9.0", 2),
    }


@pytest.mark.parametrize(("status", "error"), [(18, nvml.MISMATCH), (9, None)])
def test_a_library_that_does_not_start_says_why(
    tmp_path: Path, status: int, error: str | None
) -> None:
    assert asked(tmp_path, f"-DSTATUS={status}") == nvml.Said(error, None)


def test_a_library_without_the_functions_lists_nothing(tmp_path: Path) -> None:
    assert asked(tmp_path, "-DSTATUS=0", "-DOLD") == nvml.Said(None, None)


def test_without_a_library_nothing_is_said(tmp_path: Path) -> None:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    argv = [sys.executable, "-I", "-c", nvml.QUESTION]
    answer = subprocess.run(argv, check=True, capture_output=True, text=True, env=environment)
    assert nvml.parse(answer.stdout) == nvml.Said(None, None)
