"""The table of proofs: what it may say, and the script that writes it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import proven, torch

SCRIPT = Path(__file__).parents[3] / "scripts/proof_matrix.py"
RECORD: dict[str, Any] = {
    "status": "proven",
    "machine": "x86_64",
    "profile": "cpu",
    "variant": "cu132",
    "passed": 24,
    "failed": [],
    "skipped": 4,
    "sources": {"slowfast": "287ec0076846", "detectron2": "02b5c4e295e9", "pytorchvideo": ""},
    "on": "2026-11-30",
    "seconds": 100,
}


@pytest.fixture(scope="module")
def matrix() -> ModuleType:
    spec = importlib.util.spec_from_file_location("proof_matrix", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["proof_matrix"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("row", proven.ROWS, ids=lambda row: f"{row.torch}:{row.python}")
def test_a_row_is_a_release_with_a_python_it_has_wheels_for(row: proven.ProvenRow) -> None:
    (release,) = (each for each in torch.RELEASES if each.torch == row.torch)
    first, last = (int(part.split(".")[1]) for part in release.pythons.split("-"))
    assert first <= int(row.python.split(".")[1]) <= last
    assert row.passed > 0
    assert (row.machine, row.profile) in {("x86_64", "cpu"), ("x86_64", "cuda"), ("aarch64", "cpu")}


def test_only_what_held_counts_as_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        proven.ProvenRow("2.9.1", "3.11", "x86_64", "cpu", "cu128", 24, "", "a b c", "2026-11-30"),
        proven.ProvenRow("2.9.1", "3.12", "x86_64", "cpu", "cu128", 24, "", "a b c", "2026-11-30"),
        proven.ProvenRow("2.8.0", "3.9", "x86_64", "cpu", "cu128", 2, "x", "a b c", "2026-11-30"),
    )
    monkeypatch.setattr(proven, "ROWS", rows)
    assert proven.measured() == {"2.9.1": "run on CPU with Python 3.11 and 3.12"}


def test_every_pair_is_the_newest_of_its_series_with_a_python_of_its_wheels(
    matrix: ModuleType,
) -> None:
    pairs = matrix.pairs()
    assert ("2.15.0", "3.14") in pairs
    assert ("2.11.0", "3.11") in pairs
    assert len(set(pairs)) == len(pairs)
    series = {torch.rpartition(".")[0]: torch for torch, _ in pairs}
    assert {torch for torch, _ in pairs} == set(series.values())


def test_records_become_rows_and_what_did_not_run_does_not(
    matrix: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = proven.ProvenRow("2.4.0", "3.9", "x86_64", "cpu", "cu121", 20, "", "a b c", "2026-11-29")
    monkeypatch.setattr(proven, "ROWS", (kept,))
    table = tmp_path / "proven.py"
    table.write_text(f"# fmt: off\n{matrix.START}{matrix.END}\n\nrest\n")
    monkeypatch.setattr(matrix, "TABLE", table)
    failed = {**RECORD, "status": "failed", "failed": ["torch.matmul"], "passed": 23}
    matrix.write(
        {
            "2.15.0:3.14": RECORD,
            "2.15.0:3.12": failed,
            "2.9.1:3.12": {"status": "not run", "because": "there is no such Python"},
            "2.8.0:3.12": {"status": "failed", "because": "disk.full"},
        }
    )
    scope: dict[str, Any] = {"ProvenRow": proven.ProvenRow, "rest": None}
    exec(table.read_text(), scope)  # noqa: S102
    rows = scope["ROWS"]
    assert [(row.torch, row.python, row.failed) for row in rows] == [
        ("2.4.0", "3.9", ""),
        ("2.15.0", "3.12", "torch.matmul"),
        ("2.15.0", "3.14", ""),
    ]
    assert rows[-1].sources == "287ec00 02b5c4e "


def test_a_python_that_is_not_here_is_not_run(
    matrix: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = tmp_path / "state.json"
    monkeypatch.setattr(sys, "argv", ["proof_matrix.py", "2.15.0:3.99", "--state", str(state)])
    assert matrix.main() == 0
    assert "not run" in capsys.readouterr().out
    assert "3.99" in state.read_text()
