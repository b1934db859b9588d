"""Write the record of a machine, in the form in which the kernel shows one.

    machine.py FOLDER JSON

JSON is {"gpus": ["10de:2330"], "driver": "580.95.05" or absent, "flavour": "open" or absent}.
FOLDER gets pci/ (for /sys/bus/pci/devices) and driver/ (for /proc/driver).
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

NVSWITCHES = ("10de:1af1", "10de:22a3")
OPEN = "NVIDIA UNIX Open Kernel Module for x86_64"
PROPRIETARY = "NVIDIA UNIX x86_64 Kernel Module"


def write(folder: Path, record: dict[str, object]) -> None:
    """Replace the record; a running container sees the new one, as after a restart."""
    ids = record.get("gpus", [])
    driver = record.get("driver")
    for name in ("pci", "driver"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for entry in (folder / name).iterdir():
            shutil.rmtree(entry)
    for number, pci_id in enumerate(ids if isinstance(ids, list) else []):
        function = folder / "pci" / f"0000:{0x3B + number:02x}:00.0"
        function.mkdir()
        kind = "68000" if pci_id in NVSWITCHES else "30200"
        bound = "DRIVER=nvidia\n" if driver else ""
        text = f"{bound}PCI_CLASS={kind}\nPCI_ID={pci_id.upper()}\nPCI_SUBSYS_ID=10DE:16C1\n"
        (function / "uevent").write_text(text, encoding="utf-8")
    if driver:
        kernel_module = OPEN if record.get("flavour", "open") == "open" else PROPRIETARY
        (folder / "driver" / "nvidia").mkdir()
        (folder / "driver" / "nvidia" / "version").write_text(
            f"NVRM version: {kernel_module}  {driver}  Release Build\n", encoding="utf-8"
        )


if __name__ == "__main__":
    write(Path(sys.argv[1]), json.loads(sys.argv[2]))
