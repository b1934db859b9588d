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


def of(data: bytes) -> formats.Kind:
    return formats.of(io.BytesIO(data))


def zip_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            # Of a fixed time: the bytes are part of the ids of tests, and all workers need the same.
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


NUMBER = pickle.dumps(7)
STATE = pickle.dumps({"model_state": {}, "epoch": 3})


@pytest.mark.parametrize(
    ("data", "type_", "container"),
    [
        (b"", "damaged", "none"),
        (b" \n<html>", "unknown", "text"),
        (b"hello", "unknown", "none"),
        *((first + b"?", "damaged", "pickle") for first in (b"\x80", b"(", b"c", b"}", b"]")),
        (pickle.dumps({"blobs": {}, "model": {}}), "caffe2", "pickle"),
        (pickle.dumps({"model": {}}), "detectron2", "pickle"),
        (pickle.dumps({"other": {}}), "unknown", "pickle"),
        (NUMBER, "unknown", "pickle"),
        (zip_of({"a/data.pkl": STATE}), "pytorch", "zip"),
        (zip_of({"a/DATA.PKL": STATE}), "pytorch", "zip"),
        (zip_of({"a/data.pkl": STATE, "a/more.pkl": NUMBER}), "pytorch", "zip"),
        (zip_of({"a/data.pkl": STATE, "a/data/0": b"\xff", "a/version": b"3"}), "pytorch", "zip"),
        (zip_of({"a/data.pkl": STATE, "b/data.pkl": STATE}), "damaged", "zip"),
        (zip_of({"a/data.pkl": STATE[:-1]}), "damaged", "zip"),
        (zip_of({"a/data.pkl": STATE, "a/code/x.py": b""}), "damaged", "zip"),
        (zip_of({"a/data.pkl": STATE, "a/constants.pkl": NUMBER}), "damaged", "zip"),
        (zip_of({"a/readme": b"text"}), "unknown", "zip"),
        (zip_of({}), "damaged", "zip"),
        (zip_of({"a/data.pkl": STATE})[:-1], "damaged", "zip"),
    ],
    ids=str,
)
def test_what_a_file_is(data: bytes, type_: str, container: str) -> None:
    kind = of(data)
    if data == zip_of({}):  # it has no member, so it does not begin as one does
        type_, container = kind.type, kind.container
        assert kind.refusal
    assert (kind.type, kind.container) == (type_, container)
    assert bool(kind.refusal) is (type_ in ("unknown", "damaged"))


def legacy(*parts: bytes) -> bytes:
    return pickle.dumps(0x1950A86A20F9469CFC6C) + b"".join(parts)


@pytest.mark.parametrize(
    ("parts", "type_"),
    [
        ((NUMBER, NUMBER, STATE, NUMBER), "pytorch"),
        ((NUMBER, NUMBER, STATE, NUMBER, b"plain bytes"), "pytorch"),
        ((NUMBER, NUMBER, STATE), "unknown"),
        ((NUMBER,), "unknown"),
    ],
)
def test_the_third_pickle_of_the_old_format_is_the_checkpoint(
    parts: tuple[bytes, ...], type_: str
) -> None:
    kind = of(legacy(*parts))
    if type_ == "pytorch":
        assert (kind.type, kind.container, kind.epoch) == ("pytorch", "pickles", 3)
    else:
        assert kind.type in ("damaged", "unknown")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("patch_embed.proj.weight", "MViT"),
        ("s1_fuse.bn.bias", "SlowFast"),
        ("s1.pathway0_stem.conv_xy.weight", "X3D"),
        ("s1.pathway0_stem.conv.weight", "ResNet"),
        ("backbone.s1.weight", "ContrastiveModel"),
        ("model.blocks.0.weight", "PyTorchVideo"),
        ("other", ""),
    ],
)
def test_the_first_weights_name_the_model(name: str, model: str) -> None:
    weights = {"head.bias": 0, 5: 0, name: 0}
    kind = of(zip_of({"a/data.pkl": pickle.dumps({"model_state": weights, "epoch": "x"})}))
    assert (kind.model, kind.epoch, kind.classes) == (model, None, None)
    assert of(pickle.dumps({"model": weights})).model == ""


@pytest.mark.parametrize(("count", "shown"), [(19, 19), (20, 20), (21, 20)])
def test_twenty_keys_are_shown(count: int, shown: int) -> None:
    data = pickle.dumps({"model": {}, 5: 0, **{str(n): n for n in range(count - 1)}})
    assert len(of(data).keys) == shown


@pytest.mark.parametrize(("count", "more"), [(1, ""), (5, ""), (6, " and 1 more"), (9, " and 4")])
def test_five_names_that_would_be_imported_are_shown(count: int, more: str) -> None:
    names = tuple(f"os x{number}" for number in range(count))
    refusal = formats.Kind("caffe2", "pickle", "", imports=names).refusal
    assert ("x4" in refusal, "x5" in refusal) == (count > 4, False)
    assert more in refusal
    assert (" more" in refusal) is bool(more)


@pytest.mark.parametrize(("members", "seen"), [(64, True), (65, False)])
def test_of_a_tar_64_members_are_followed_and_ten_named(
    tmp_path: Path, members: int, *, seen: bool
) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for number in range(members - 1):
            archive.addfile(tarfile.TarInfo(f"m{number}"))
        last = tarfile.TarInfo("last")
        data = b"cos\nsystem\n."
        last.size = len(data)
        archive.addfile(last, io.BytesIO(data))
    kind = formats.of_file(path)
    assert (kind.type, kind.container) == ("unknown", "tar")
    assert kind.keys == tuple(f"m{number}" for number in range(10))
    assert ("os system" in kind.imports) is seen


def test_a_tar_that_is_cut_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name in ("one", "two"):
            member = tarfile.TarInfo(name)
            member.size = 2000
            archive.addfile(member, io.BytesIO(bytes(2000)))
    path.write_bytes(path.read_bytes()[:1500])
    assert (formats.of_file(path).type, formats.of_file(path).container) == ("damaged", "tar")


@pytest.mark.parametrize("name", ["head.projection.weight", "head.projection.bias", "pred_w"])
def test_the_head_says_how_many_classes_there_are(name: str) -> None:
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(NK\0(K\x50K\3ttR"
    data = b"}X\5\0\0\0model}X" + len(name).to_bytes(4, "little") + name.encode() + tensor + b"ss."
    assert of(data).classes == 80
