"""The refresh script on small sources: it shows rows, writes nothing and guesses nothing."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

SCRIPT = Path(__file__).parents[3] / "scripts" / "refresh_catalog.py"


def script() -> ModuleType:
    """Load the script as a module."""
    spec = importlib.util.spec_from_file_location("refresh_catalog", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFRESH = script()
PCI_IDS = """# Version: 2026.12.01
10dd  Enhanced Memory Systems, Inc
\t2330  Not a GPU
10de  NVIDIA Corporation
\t2330  GH100 [H100 SXM5 80GB]
\t22a3  GH100 [H100 NVSwitch]
\t22ba  AD102 High Definition Audio Controller
\t2399  GH100 [H100 NEW]
\t3999  GR104 [Unheard Of]
\t\t10de 16c1  a subsystem
10df  Emulex Corporation
"""


def test_only_devices_of_nvidia_are_read() -> None:
    assert set(REFRESH.nvidia_devices(PCI_IDS)) == {"2330", "22a3", "22ba", "2399", "3999"}


def test_a_new_id_is_a_row_and_an_unknown_chip_a_question() -> None:
    rows = [r for r in REFRESH.gpu_rows(REFRESH.nvidia_devices(PCI_IDS)) if r.startswith("+")]
    assert rows == [
        '+ GpuRow("2399", "GH100", "H100 NEW", ?, ?, PCI_IDS)',
        '+ GpuRow("3999", ?, "Unheard Of", ?, ?, PCI_IDS)  # GR104 [Unheard Of]: no such chip',
    ]


def test_a_wheel_is_looked_into_by_pieces() -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("torch/lib/libtorch_cuda.so", bytes(3_000_000))
        archive.writestr("torch/lib/libtorch_python.so", b"\0 sm_75 sm_80 sm_90 sm_100\0 sm_9")
        archive.writestr("torch-9.9.dist-info/METADATA", "Requires-Dist: cuda-toolkit==13.2.1\n")
    data, read = wheel.getvalue(), []

    def piece(first: int, last: int) -> bytes:
        read.append(last - first + 1)
        return data[first : last + 1]

    metadata, sms = REFRESH.look_into(REFRESH.Ranges(len(data), piece))
    assert sms == "7.5 8.0 9.0 10.0"
    assert REFRESH.cuda_variant(metadata) == "cu132"


def test_metadata_without_a_runtime_is_cpu_and_an_unread_one_a_question() -> None:
    assert REFRESH.cuda_variant("Requires-Dist: sympy") == "cpu"
    assert REFRESH.cuda_variant("Requires-Dist: nvidia-cudnn-cu12==9.1") == "?"
    assert REFRESH.cuda_variant("Requires-Dist: nvidia-cuda-runtime-cu12==12.1.105") == "cu121"
