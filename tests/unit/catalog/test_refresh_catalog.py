"""The refresh script on small sources: it shows rows, writes nothing and guesses nothing."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.errors import fails

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


sys.path.insert(0, str(SCRIPT.parent))
REFRESH = script()
RECORDED = SCRIPT.parents[1] / "tests/data/refresh"
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


def difference(tmp_path: Path, table: str, changed: dict[str, Any] | None = None) -> list[str]:
    """Compare a table with the recording of PyPI, in which some entries are others."""
    seen = json.loads((RECORDED / "index.json").read_text(encoding="utf-8"))
    seen.update(changed or {})
    (tmp_path / "index.json").write_text(json.dumps(seen), encoding="utf-8")
    index = REFRESH.Index(unreachable, unreachable, "recorded", recorded=tmp_path)
    return list(REFRESH.TABLES[table](index))


def unreachable(url: str) -> Any:  # noqa: ANN401
    raise AssertionError(url)


def files(project: str) -> list[list[str]]:
    seen = json.loads((RECORDED / "index.json").read_text(encoding="utf-8"))
    found: list[list[str]] = seen[f"files {project}"]
    return found


@pytest.mark.parametrize("table", sorted(REFRESH.TABLES))
def test_every_table_agrees_with_the_recording_of_its_source(tmp_path: Path, table: str) -> None:
    assert difference(tmp_path, table) == []


def test_a_new_release_is_a_row(tmp_path: Path) -> None:
    new = [["torch-2.16.0-cp312-cp312-manylinux_2_28_x86_64.whl", "2027-01-20", ""]]
    rows = difference(tmp_path, "torch", {"files torch": files("torch") + new})
    assert rows == ['+ ReleaseRow("2.16.0", "2027-01-20", "3.12-3.12", "", ...)']
    name = "torchvision-0.30.0-py3-none-manylinux_2_28_aarch64.whl"
    changed = {
        "files torchvision": [*files("torchvision"), [name, "2027-01-20", ""]],
        f"metadata {name}": "Requires-Dist: torch (>=2.16.0)",
    }
    rows = difference(tmp_path, "partners", changed)
    assert rows == ['+ PartnerRow("torchvision", "0.30.0", ">=2.16.0", "2027-01-20", "", "any")']
    wheel = "nvidia_cuda_crt-13.6.1-py3-none-manylinux_2_28_x86_64.whl"
    changed = {
        "files nvidia-cuda-crt": [*files("nvidia-cuda-crt"), [wheel, "2027-01-20", ""]],
        f"gcc {wheel}": 17,
    }
    assert difference(tmp_path, "toolkits", changed) == [
        '+ ToolkitRow("13.6", ?, ?, 17, ?, HEADER)'
    ]


def test_every_cell_that_a_source_has_otherwise_is_named(tmp_path: Path) -> None:
    kept = [row for row in files("torch") if not row[0].startswith("torch-2.9.1-cp314-")]
    rows = difference(tmp_path, "torch", {"files torch": kept})
    assert rows == [
        '~ ReleaseRow("2.9.1"): pythons 3.10-3.14, the source says 3.10-3.13',
        '~ ReleaseRow("2.9.1"): pythons_arm 3.10-3.14, the source says 3.10-3.13',
    ]
    seen = json.loads((RECORDED / "index.json").read_text(encoding="utf-8"))
    key = next(one for one in seen if one.startswith("metadata cuda_toolkit-13.5."))
    rows = difference(tmp_path, "compilers", {key: seen[key].replace("13.5.37", "13.5.99")})
    assert {row.split(": ")[1].split()[0] for row in rows} == {"nvcc", "crt", "nvvm", "runtime"}
    key = next(one for one in seen if one.startswith("metadata torchvision-0.29.1-"))
    rows = difference(tmp_path, "partners", {key: "Requires-Dist: torch (==2.14.1)"})
    assert len(rows) == 1
    assert "0.29.1" in rows[0]


def test_headers_of_another_numpy_and_a_withdrawn_pin_are_named(tmp_path: Path) -> None:
    seen = json.loads((RECORDED / "index.json").read_text(encoding="utf-8"))
    old, new = (
        next(one for one in seen if one.startswith(f"numpy torch-{release}-"))
        for release in ("2.2.2", "2.9.1")
    )
    assert (seen[old], seen[new]) == (False, True)
    assert difference(tmp_path, "torch", {old: True, new: False}) == [
        '~ ReleaseRow("2.2.2"): numpy <2, the source says >=2',
        '~ ReleaseRow("2.9.1"): numpy >=2,<2.4, the source says <2',
    ]
    key = next(one for one in seen if one.startswith("wheels numpy 2.0.2"))
    assert difference(tmp_path, "pins", {key: []}) == [
        '- PinRow("numpy", "2.0.2", ...)  # no wheel for 3.9 on x86_64, 3.9 on aarch64'
    ]


def test_a_source_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    with fails("download.unexpected-answer"):
        difference(tmp_path, "torch", {"files torch": []})
    index = REFRESH.Index(lambda _url: '{"files": [{"filename": "torch-2', unreachable, "https://x")
    with fails("download.unexpected-answer", "cut off"):
        index.wheels("torch")
    (tmp_path / "index.json").write_text("{", encoding="utf-8")
    with fails("download.unexpected-answer"):
        REFRESH.Index(unreachable, unreachable, "", recorded=tmp_path)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("# Version: 2023.04.10\n10de  NVIDIA\n\t2330  GH100 [H100]\n", "2023.04.10"),
        ("#\tVersion: 2099.01.01\n", "cut off"),
        ("10de  NVIDIA\n\t2330  GH100 [H100]\n", "no version"),
    ],
)
def test_a_pci_ids_that_is_older_or_cut_off_is_refused(text: str, cause: str) -> None:
    with fails("download.unexpected-answer", cause):
        REFRESH.require_newer(text)
    assert REFRESH.require_newer(PCI_IDS) == "2026.12.01"


def test_the_list_of_drivers_gives_branches_and_newer_releases() -> None:
    known = REFRESH.BRANCHES[-1]
    listed = {
        known.branch: {"driver_info": [{"release_version": known.newest}]},
        "580": {
            "driver_info": [{"release_version": "580.65.06"}, {"release_version": "580.999.1"}]
        },
        "699": {"driver_info": [{"release_version": "699.10"}]},
    }
    rows = list(REFRESH.driver_rows(json.dumps(listed)))
    assert [row.partition(":")[0] for row in rows] == [
        '~ BranchRow("580")',
        '+ BranchRow("699", "699.10", ?, ?, ?, ?, BRANCHES_PAGE)',
    ]
    with fails("download.unexpected-answer"):
        list(REFRESH.driver_rows(json.dumps(listed)[:40]))
    with fails("download.unexpected-answer"):
        list(REFRESH.driver_rows(json.dumps({"580": {"driver_info": [{}]}})))
