"""``slowfast-stack models list`` and ``check``."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    fetch,
    requests,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.zoo import (
    HOST,
    MODELS,
    find,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.first_downloads import (
    Recorded,
)

from slowfast_stack.cli.app import run
from slowfast_stack.config import upstream

CHECKPOINTS = Path(__file__).parent / "checkpoints"
GUIDE = (
    f"{HOST}/pyslowfast/model_zoo/ava/SLOWFAST_32x2_R101_50_50.pkl",
    f"{HOST}/detectron2/COCODetection/faster_rcnn_R_50_FPN_3x/137849458/model_final_280758.pkl",
    f"{HOST}/pyslowfast/model_zoo/ava/SLOWFAST_64x2_R101_50_50.pkl",
)


def test_ids_and_addresses_are_unique() -> None:
    assert len({model.id.lower() for model in MODELS}) == len(MODELS)
    assert len({model.url for model in MODELS}) == len(MODELS)


def test_every_config_of_the_table_exists() -> None:
    configs = [f"configs/{model.config}.yaml" for model in MODELS if model.config]
    assert set(configs) <= set(upstream.PATHS)


@pytest.mark.parametrize("url", GUIDE)
def test_the_addresses_of_the_guide_are_there(url: str) -> None:
    (model,) = find(url)
    assert find(model.id) == (model,)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_model_is_found_by_its_id_without_suffix(model: object) -> None:
    assert model in find(model.id.rpartition(".")[0])  # type: ignore[attr-defined]


def test_the_table_can_be_filtered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "ava v2.1", "--json", "--checkpoint-dir", str(tmp_path)]) == 0
    (row,) = json.loads(capsys.readouterr().out)["models"]
    assert (row["score"], row["kind_from"]) == ("28.2", "upstream's texts")
    assert run(["models", "list", "nothing like it", "--checkpoint-dir", str(tmp_path)]) == 1


def test_what_was_seen_is_in_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = GUIDE[0]
    fetch.record_of(tmp_path).add(url, Recorded(3 << 20, "0" * 64, file="a.pkl", type="pytorch"))
    run(["models", "list", "32x2_R101_50_50", "--checkpoint-dir", str(tmp_path)])
    line = next(row for row in capsys.readouterr().out.splitlines() if row.startswith("ava/"))
    assert line.split()[-2:] == ["pytorch", "3.0"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SLOWFAST_8x8_R50", "checkpoint.ambiguous"),
        ("SLOWFAST_9x9", "checkpoint.unknown"),
        ("drive/MVIT_B_16_CONV", "checkpoint.manual-download"),
        ("https://example.org/", "checkpoint.invalid-url"),
    ],
)
def test_a_name_that_is_not_one_file_exits_2(
    name: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "get", name, "--checkpoint-dir", str(tmp_path)]) == 2
    assert f"error[{code}]" in capsys.readouterr().err


def test_a_mirror_keeps_the_name_in_the_record(tmp_path: Path) -> None:
    request = requests.request("x3d_models/x3d_s", tmp_path, "http://mirror:8000/")
    assert request.url == "http://mirror:8000/pyslowfast/x3d_models/x3d_s.pyth"
    assert request.recorded_as == "https://dl.fbaipublicfiles.com/pyslowfast/x3d_models/x3d_s.pyth"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(CHECKPOINTS / "torch-2.4-zip.pkl", tmp_path / "a.pkl")
    data = (tmp_path / "a.pkl").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    row = Recorded(len(data), digest, file="a.pkl", type="pytorch")
    fetch.record_of(tmp_path).add("https://example.org/a.pkl", row)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda data: data, None),
        (lambda data: data + b"x", "checkpoint.changed"),
        (lambda data: data.replace(b"\0\0\x80?", b"\0\0\x90?", 1), "checkpoint.changed"),
        (lambda _data: b"", "checkpoint.changed"),
    ],
)
def test_a_recorded_file_is_compared(
    folder: Path, change: object, error: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "a.pkl"
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    assert run(["models", "check", "--checkpoint-dir", str(folder), "--json"]) == (
        1 if error else 0
    )
    (row,) = json.loads(capsys.readouterr().out)["models"]
    assert (row["error"] and row["error"]["code"]) == error


def test_a_recorded_file_that_is_missing_is_reported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.pkl").unlink()
    assert run(["models", "check", "--checkpoint-dir", str(folder)]) == 1
    assert "No such file" in capsys.readouterr().out


def test_an_empty_folder_has_nothing_to_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "check", "--checkpoint-dir", str(tmp_path)]) == 2
    assert "error[checkpoint.none-found]" in capsys.readouterr().err


def test_a_broken_record_is_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / fetch.RECORD).write_text("{")
    assert run(["models", "check", "--checkpoint-dir", str(folder)]) == 1
    assert "move it away" in capsys.readouterr().err
