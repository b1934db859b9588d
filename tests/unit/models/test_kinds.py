"""What a checkpoint is, read from files that torch 2.4, torch 2.15 and numpy really wrote."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    formats,
    pickles,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from slowfast_stack.cli.app import run

CHECKPOINTS = Path(__file__).parent / "checkpoints"
EXPECTED = {
    "caffe2-protocol-0.pyth": ("caffe2", "pickle"),
    "caffe2-protocol-1.pyth": ("caffe2", "pickle"),
    "caffe2-protocol-2.pyth": ("caffe2", "pickle"),
    "caffe2-protocol-4.pyth": ("caffe2", "pickle"),
    "detectron2.pkl": ("detectron2", "pickle"),
    "torch-2.15-legacy.pkl": ("pytorch", "pickles"),
    "torch-2.15-zip.pkl": ("pytorch", "zip"),
    "torch-2.4-legacy.pkl": ("pytorch", "pickles"),
    "torch-2.4-zip.pkl": ("pytorch", "zip"),
}


def test_every_recorded_file_is_expected() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in CHECKPOINTS.iterdir())


@pytest.mark.parametrize("name", EXPECTED)
def test_the_bytes_decide_and_not_the_suffix(name: str) -> None:
    kind = formats.of_file(CHECKPOINTS / name)
    assert (kind.type, kind.container) == EXPECTED[name]
    assert kind.suspicious == ()
    assert kind.classes == (None if name.startswith("detectron2") else 5)
    assert kind.epoch == (7 if name.startswith("torch") else None)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_cut_is_seen(name: str, tmp_path: Path) -> None:
    data = (CHECKPOINTS / name).read_bytes()
    path = tmp_path / name
    for length in range(0, _end_of_pickle(name, data), 7):
        path.write_bytes(data[:length])
        assert formats.of_file(path).type in ("damaged", "unknown")


def _end_of_pickle(name: str, data: bytes) -> int:
    """Tensors of the old format follow the pickles; their loss is seen by size and digest only."""
    if "legacy" not in name:
        return len(data)
    file = io.BytesIO(data)
    for _ in range(4):
        pickles.read(file)
    return file.tell()


class _Gadget:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("open('ran', 'w')",)


def test_code_in_a_checkpoint_is_reported_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("evil.pkl").write_bytes(pickle.dumps({"blobs": {"w": _Gadget()}}, protocol=2))
    with zipfile.ZipFile("evil.pyth", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"model_state": _Gadget()}, protocol=2))
    assert run(["models", "check", "evil.pkl", "evil.pyth", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)["models"]
    assert [row["would_run"] for row in rows] == [["__builtin__ eval"], ["__builtin__ eval"]]
    assert [row["error"]["code"] for row in rows] == ["checkpoint.runs-code"] * 2
    assert run(["models", "check", "evil.pkl", "evil.pyth"]) == 1
    assert "CHECKPOINT_TYPE" not in capsys.readouterr().out
    assert not Path("ran").exists()


def test_a_tar_of_the_first_pytorch_is_known(tmp_path: Path) -> None:
    path = tmp_path / "old.pyth"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            archive.addfile(tarfile.TarInfo(name))
    assert (formats.of_file(path).type, formats.of_file(path).container) == ("unknown", "tar")
    assert "early PyTorch" in formats.of_file(path).refusal


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(max_size=20), inner)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=20), PLAIN), st.integers(0, 5))
def test_the_keys_of_any_dictionary_are_read_as_unpickling_would(
    value: dict[str, object], protocol: int
) -> None:
    read = pickles.read(io.BytesIO(pickle.dumps(value, protocol=protocol)))
    assert set(pickles.mapping(read.value)) == set(value)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"\x80\x02", b"PK\x03\x04", b"(", b""]))
def test_no_bytes_make_it_fail(data: bytes, start: bytes) -> None:
    assert formats.of(io.BytesIO(start + data)).type in (
        "damaged",
        "unknown",
        "pytorch",
        "caffe2",
        "detectron2",
    )
