"""The claim about the planned GPUs: what a rehearsal said becomes true, false or not claimed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fake_runtime
import pytest
import rehearsal_claims

H100 = {"pci_id": "10de:2330", "name": "H100 SXM5 80GB", "compute_capability": "9.0"}
T4 = {"pci_id": "10de:1eb8", "name": "T4", "compute_capability": "7.5"}
PASSED = {
    "outcome": "passed",
    "failure": None,
    "steps": [{"step": "model"}, {"step": "train()"}],
    "peak_bytes": 3 << 30,
    "test_bytes": None,
    "precision": "float16",
}
FAILED = {"step": "loss", "type": "RuntimeError", "at": "a.py:3", "message": "unsafe"}


def _claim(plan: dict[str, Any], out: Path) -> dict[str, Any]:
    (claim,) = rehearsal_claims.claims(plan, out / "src", out / "work")
    return claim.make()


def _plan(*gpus: dict[str, str | None]) -> dict[str, Any]:
    return {"gpus": list(gpus)}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that takes the place of the rehearsal; it keeps its arguments."""
    monkeypatch.setattr(rehearsal_claims, "HERE", tmp_path)
    return tmp_path / "rehearse.py"


def _says(program: Path, report: object, code: int = 0) -> None:
    program.write_text(
        "import json, os, sys\n"
        f"open({str(program.with_name('seen'))!r}, 'w').write(json.dumps([sys.argv, dict(os.environ)]))\n"
        f"print({json.dumps(report)!r})\nsys.exit({code})\n"
    )


@pytest.mark.parametrize(
    ("report", "ok", "said"),
    [
        (PASSED, True, "train() ended in float16; tensors need 3.00 GiB of memory"),
        ({**PASSED, "outcome": "failed", "failure": FAILED}, False, "loss: RuntimeError at a.py:3"),
        ({**PASSED, "outcome": "unable", "failure": FAILED}, None, "not rehearsed: loss"),
        ([], None, "not rehearsed: exit status 3"),
        ({"steps": []}, None, "not rehearsed: exit status 3"),
    ],
)
def test_each_outcome(tmp_path: Path, program: Path, report: object, ok: object, said: str) -> None:
    _says(program, report, 3)
    made = _claim(_plan(), tmp_path)
    assert made["ok"] is ok
    assert made["measured"].startswith(said)


def test_a_host_without_gpu_rehearses_for_the_cpu(tmp_path: Path, program: Path) -> None:
    _says(program, PASSED)
    assert _claim(_plan(), tmp_path)["ok"] is True
    argv, environment = json.loads((tmp_path / "seen").read_text())
    assert argv[2:4] == ["NUM_GPUS", "0"]
    assert "LD_PRELOAD" not in environment


def test_the_fake_gpus_have_the_lowest_capability_of_the_plan(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = tmp_path / "nvidia/cu13/include"
    headers.mkdir(parents=True)
    (headers / fake_runtime.HEADER).touch()
    (tmp_path / "fake_cuda.c").write_text("int none;\n")
    monkeypatch.setattr(rehearsal_claims.sysconfig, "get_path", lambda _: str(tmp_path))
    _says(program, PASSED)
    made = _claim(_plan(H100, T4), tmp_path)
    assert made["ok"] is True
    assert made["measured"].endswith("3.00 GiB on each GPU")
    argv, environment = json.loads((tmp_path / "seen").read_text())
    pairs = "NUM_GPUS 2 TRAIN.BATCH_SIZE 16 TEST.BATCH_SIZE 16 TRAIN.MIXED_PRECISION True"
    assert " ".join(argv[2:]) == pairs
    assert environment["FAKE_CUDA_NAME"] == "NVIDIA T4"
    assert (environment["FAKE_CUDA_MAJOR"], environment["FAKE_CUDA_MINOR"]) == ("7", "5")
    assert Path(environment["LD_PRELOAD"]).name == fake_runtime.LIBRARY


@pytest.mark.parametrize("path", ["", "nvidia/cu13/include/driver_types.h"])
def test_without_headers_or_compiler_nothing_is_claimed(
    tmp_path: Path, program: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    monkeypatch.setattr(rehearsal_claims.sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    _says(program, PASSED)
    made = _claim(_plan(H100), tmp_path)
    assert made["ok"] is None
    assert not (tmp_path / "seen").exists()


def test_a_gpu_of_unknown_capability_is_not_claimed(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal_claims.sysconfig, "get_path", lambda _: str(tmp_path))
    headers = tmp_path / "nvidia/cu13/include"
    headers.mkdir(parents=True)
    (headers / fake_runtime.HEADER).touch()
    (tmp_path / "fake_cuda.c").write_text("int none;\n")
    _says(program, PASSED)
    unknown = {"pci_id": "10de:ffff", "name": "a GPU", "compute_capability": None}
    assert _claim(_plan(unknown), tmp_path)["ok"] is None
