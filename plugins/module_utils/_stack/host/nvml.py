"""What NVML, the library that a program would load, says of a loaded driver and its GPUs."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..core.validation import parse_json
from .known import MOST_INSTANCES

# The first start of NVML initialises every GPU.
TIMEOUT_S = 30
# Prints one line of JSON, by the standard library alone; the list of GPUs is there if it is complete.
# MIG is null outside of that mode, else the number of instances.
QUESTION = """
import ctypes as c, json
said = {}
try:
    nvml = c.CDLL("libnvidia-ml.so.1")
    said["status"] = nvml.nvmlInit_v2()
    count, gpus = c.c_uint(), []
    for index in range(0 if said["status"] or nvml.nvmlDeviceGetCount_v2(c.byref(count)) else count.value):
        gpu, pci = c.c_void_p(), c.create_string_buffer(256)
        if nvml.nvmlDeviceGetHandleByIndex_v2(index, c.byref(gpu)) or nvml.nvmlDeviceGetPciInfo_v3(gpu, pci):
            continue
        part = int.from_bytes(pci.raw[28:32], "little")
        row = {"slot": pci.raw[36:68].split(b"\\0")[0].decode(), "capability": None, "mig": None}
        row["id"] = "%04x:%04x" % (part & 0xFFFF, part >> 16)
        gpus.append(row)
        major, minor = c.c_int(), c.c_int()
        if not nvml.nvmlDeviceGetCudaComputeCapability(gpu, c.byref(major), c.byref(minor)):
            row["capability"] = "%d.%d" % (major.value, minor.value)
        on, later, most = c.c_uint(), c.c_uint(), c.c_uint()
        ask = getattr(nvml, "nvmlDeviceGetMigMode", None)
        if ask and not ask(gpu, c.byref(on), c.byref(later)) and on.value:
            nvml.nvmlDeviceGetMaxMigDeviceCount(gpu, c.byref(most))
            part, row["mig"] = c.c_void_p(), 0
            for n in range(most.value):
                row["mig"] += not nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, n, c.byref(part))
    if not said["status"]:
        said["gpus"] = gpus
        text = c.create_string_buffer(96)
        if not nvml.nvmlSystemGetDriverVersion(text, 96):
            said["driver"] = text.value.decode()
except (OSError, AttributeError):
    pass
print(json.dumps(said))
"""
# NVML_ERROR_LIB_RM_VERSION_MISMATCH: the library is of another release than the module.
_MISMATCH = 18
MISMATCH = "Driver/library version mismatch"
_SLOT = re.compile(r"[0-9a-fA-F]{4,8}(:[0-9a-fA-F]{2}){2}\.[0-7]")
_CAPABILITY = re.compile(r"\d{1,3}\.\d{1,3}")
_DRIVER = re.compile(r"\d{3}(\.\d{1,4}){1,2}")
_DEVICE = re.compile(r"10de:[0-9a-f]{4}")


class Row(NamedTuple):
    """A GPU: its slot as sysfs writes it, compute capability, and MIG instances (None without MIG).

    ``pci_id`` is that of the device, None where it was not said.
    """

    slot: str
    capability: str | None
    mig: int | None
    pci_id: str | None = None


class Said(NamedTuple):
    """The answer: an ``error``, and the GPUs by slot, None where NVML did not list them.

    ``driver`` is the release of the driver, None where it was not said.
    """

    error: str | None
    gpus: dict[str, Row] | None
    driver: str | None = None


def parse(text: str) -> Said:
    """Parse the output of QUESTION; what has another form was not said."""
    try:
        answer = parse_json(text)
    except ValueError:
        return Said(None, None)
    if not isinstance(answer, dict):
        return Said(None, None)
    error = MISMATCH if answer.get("status") == _MISMATCH else None
    rows = answer.get("gpus")
    if not isinstance(rows, list):
        return Said(error, None)
    read = [_row(row) for row in rows]
    driver = answer.get("driver")
    known = isinstance(driver, str) and _DRIVER.fullmatch(driver)
    return Said(error, {row.slot: row for row in read if row}, driver if known else None)


def _row(value: object) -> Row | None:
    if not isinstance(value, dict):
        return None
    slot, capability, mig = (value.get(key) for key in ("slot", "capability", "mig"))
    if not isinstance(slot, str) or not _SLOT.fullmatch(slot):
        return None
    known = isinstance(capability, str) and _CAPABILITY.fullmatch(capability)
    counted = isinstance(mig, int) and not isinstance(mig, bool) and 0 <= mig <= MOST_INSTANCES
    # NVML writes the PCI domain with eight digits, sysfs with four.
    pci_id = value.get("id")
    named = isinstance(pci_id, str) and _DEVICE.fullmatch(pci_id)
    return Row(
        slot.lower()[-12:],
        capability if known else None,
        mig if counted else None,
        pci_id if named else None,
    )
