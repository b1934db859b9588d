"""Write a recorded host as the files that its kernel and firmware show.

    machine.py FOLDER JSON
    machine.py --console FOLDER

JSON is {"gpus": ["10de:2330"]} and, where the machine has them, "driver": "580.95.05",
"flavour": "proprietary", "nvlink5": true, "nouveau": true, "secure_boot": true,
"kernel": "6.8.0-60-generic", "os": "ubuntu 24.04".
FOLDER receives files that are mounted over /sys, /proc and /etc of a container, and ``volumes``,
the options of podman that mount them. --console acts as the owner at the console: it enrols the
keys that mokutil requested.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

NVSWITCHES = ("10de:1af1", "10de:22a3")
OPEN = "NVIDIA UNIX Open Kernel Module for x86_64"
PROPRIETARY = "NVIDIA UNIX x86_64 Kernel Module"
GLOBAL_VARIABLES = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
SHIM_VARIABLES = "605dab50-e046-4300-abb6-3dd810dd8b23"
# Where each part is mounted; podman creates no folder there, so some mounts are parents.
PLACES = {
    "pci": "/sys/bus/pci/devices:ro",
    "driver": "/proc/driver",
    "class": "/sys/class:ro",
    "module": "/sys/module",
    "firmware": "/sys/firmware",
    "uname": "/usr/local/bin/uname:ro",
    "os-release": "/etc/os-release:ro",
}


def write(folder: Path, record: dict[str, Any]) -> None:
    """Replace the record of a host that is not running."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("pci", "driver"):
        (folder / name).mkdir(parents=True)
    for number, pci_id in enumerate(record.get("gpus", [])):
        kind = "68000" if pci_id in NVSWITCHES else "30200"
        # The kernel binds a driver once it is loaded; this file stays the same, so it says so before.
        ids = f"PCI_CLASS={kind}\nPCI_ID={pci_id.upper()}\nPCI_SUBSYS_ID=10DE:16C1\n"
        text = f"DRIVER=nvidia\n{ids}"
        _put(folder / "pci" / f"0000:{0x3B + number:02x}:00.0" / "uevent", text)
    if record.get("driver"):
        kernel_module = OPEN if record.get("flavour", "open") == "open" else PROPRIETARY
        text = f"NVRM version: {kernel_module}  {record['driver']}  Release Build\n"
        _put(folder / "driver" / "nvidia" / "version", text)
    if record.get("nvlink5"):
        _put(folder / "class" / "infiniband" / "mlx5_0" / "device" / "vpd", "SW_MNG")
    if record.get("nouveau"):
        _put(folder / "module" / "nouveau" / "initstate", "live\n")
    if "secure_boot" in record:
        variables = folder / "firmware" / "efi" / "efivars"
        # Four bytes of attributes, then the value.
        _put(
            variables / f"SecureBoot-{GLOBAL_VARIABLES}", f"\x06\0\0\0{chr(record['secure_boot'])}"
        )
        _put(variables / f"SetupMode-{GLOBAL_VARIABLES}", "\x06\0\0\0\0")
    if record.get("kernel"):
        program = f'#!/bin/sh\n/bin/uname "$@" | sed "s/$(/bin/uname -r)/{record["kernel"]}/"\n'
        _put(folder / "uname", program)
        (folder / "uname").chmod(0o755)
    if record.get("os"):
        name, number = record["os"].split()
        _put(
            folder / "os-release",
            f'ID={name}\nVERSION_ID="{number}"\nPRETTY_NAME="{record["os"]}"\n',
        )
    mounts = [
        f"--volume {folder / name}:{at}" for name, at in PLACES.items() if (folder / name).exists()
    ]
    _put(folder / "volumes", " ".join(mounts))


def enrol(folder: Path) -> None:
    """Enrol the keys, as the firmware's MokManager does after a confirmation at the console."""
    variables = folder / "firmware" / "efi" / "efivars"
    (variables / f"MokNew-{SHIM_VARIABLES}").rename(variables / f"MokListRT-{SHIM_VARIABLES}")
    (variables / f"MokAuth-{SHIM_VARIABLES}").unlink()


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="latin-1")


if __name__ == "__main__":
    if sys.argv[1] == "--console":
        enrol(Path(sys.argv[2]))
    else:
        write(Path(sys.argv[1]), json.loads(sys.argv[2]))
