"""Files are copied to a GPU machine completely, and its results are recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "gpu"))
import parts  # noqa: E402
from results import Results  # noqa: E402

LIMIT = 1000


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    files = []
    for number, size in enumerate((900, 600, 400, 90)):
        path = tmp_path / f"file{number}"
        path.write_bytes(bytes([number]) * size)
        files.append(path)
    return parts.pack(files, tmp_path / "copied", LIMIT)


def test_no_folder_is_larger_than_the_limit(folders: list[Path]) -> None:
    assert [folder.name for folder in folders] == ["01", "02"]
    for folder in folders:
        files = [path for path in folder.iterdir() if path.name != parts.CONTENTS]
        assert sum(path.stat().st_size for path in files) <= LIMIT


def test_folders_are_collected_one_by_one(folders: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert parts.collect(folders[1], kept) == ["file0", "file3"]
    assert parts.collect(folders[1], kept) == ["file0", "file3"]
    assert parts.collect(folders[0].parent, kept) == []
    assert (kept / "file2").read_bytes() == bytes([2]) * 400


def test_a_damaged_file_is_not_kept(folders: list[Path], tmp_path: Path) -> None:
    (folders[0] / "file0").write_bytes(b"\0" * 899 + b"x")
    with pytest.raises(parts.Failed, match="file0"):
        parts.collect(folders[0], tmp_path / "kept")
    assert "file0" in parts.missing(tmp_path / "kept")


def test_another_set_of_files_replaces_the_first(folders: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    parts.collect(folders[0].parent, kept)
    other = tmp_path / "other"
    other.write_text("new")
    parts.pack([other], tmp_path / "copied", LIMIT)
    assert parts.collect(tmp_path / "copied", kept) == []
    assert not (kept / "file0").exists()


def test_a_folder_of_another_program_is_refused(folders: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "thesis.tex").write_text("years of work")
    with pytest.raises(parts.Failed, match="kept"):
        parts.collect(folders[0], kept)
    assert (kept / "thesis.tex").exists()


def test_a_failed_step_is_recorded_and_the_next_one_runs(tmp_path: Path) -> None:
    found = Results(tmp_path, rehearsal=True)

    def fails() -> None:
        raise parts.Failed("no space | at all")

    found.step("first", fails)
    found.step("second", lambda: found.add("clips", "3.20 clips/s"))
    found.claims([{"id": "torch.cuda", "ok": None, "measured": "skipped", "seconds": 0.0}])
    text = found.write()
    assert "Rehearsal on a processor: no GPU was used" in text
    assert "no space \\| at all" in text
    assert "| clips | 3.20 clips/s |" in text
    assert "| torch.cuda | skipped | 0.0 | skipped |" in text
    assert not found.ok
    written = json.loads((tmp_path / "figures.json").read_text())
    assert [step["ok"] for step in written["steps"]] == [False, True]


def test_a_folder_without_copied_files_is_refused(tmp_path: Path) -> None:
    argv = [ROOT / "scripts" / "gpu_acceptance", "collect", tmp_path, "--kept", tmp_path / "kept"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Copy .gpu/01" in done.stderr
    assert "Traceback" not in done.stderr
