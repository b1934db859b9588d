"""Every pickle of every container is followed, and nothing in it makes the check run, fail or hang."""

from __future__ import annotations

import collections
import io
import json
import pickle
import struct
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import sha256_of
from hypothesis import given, settings
from hypothesis import strategies as st

from slowfast_stack.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHECKPOINTS = Path(__file__).parent / "checkpoints"
CODE = b"cposix\nsystem\n(S'touch ran'\ntR."
SAFE = pickle.dumps({"model_state": {}}, protocol=2)
MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
PLAIN = pickle.dumps(1001, protocol=2)
NESTED = "ctorch.storage\n_load_from_bytes\n"


def _zip(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _twice(first: bytes, second: bytes) -> bytes:
    """Return a zip with two members of one name."""
    return _zip({"archive/data.pkl": first, "archive/dataXpkl": second}).replace(
        b"dataXpkl", b"data.pkl"
    )


def _tar(members: Mapping[str, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _without_magic(tar: bytes) -> bytes:
    """Return a tar of 1979, which has no magic number, with its checksum."""
    header = bytearray(tar[:512])
    header[257:265] = b"\0" * 8
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + tar[512:]


def _loads(data: bytes) -> bytes:
    """Return a pickle in which torch would load bytes again."""
    return b"\x80\x03" + NESTED.encode() + b"B" + struct.pack("<I", len(data)) + data + b"\x85R."


def _as_text(data: bytes) -> bytes:
    """Return the same with the bytes as encoded text, as Python writes them before protocol 3."""
    text = data.decode("latin-1").encode()
    length = struct.pack("<I", len(text))
    call = b"c_codecs\nencode\nX" + length + text + b"X\x06\0\0\0latin1\x86R\x85R."
    return b"\x80\x02" + NESTED.encode() + call


LEGACY = MAGIC + PLAIN + PLAIN + SAFE
HIDDEN: dict[str, bytes] = {
    "zip": _zip({"archive/data.pkl": CODE}),
    "zip, deflated": _zip({"archive/data.pkl": CODE}, zipfile.ZIP_DEFLATED),
    "zip, decoy first": _zip({"decoy/data.pkl": SAFE, "archive/data.pkl": CODE}),
    "zip, decoy last": _zip({"archive/data.pkl": CODE, "decoy/data.pkl": SAFE}),
    "zip, duplicate first": _twice(CODE, SAFE),
    "zip, duplicate last": _twice(SAFE, CODE),
    "zip, upper case": _zip({"archive/data.pkl": SAFE, "archive/DATA.PKL": CODE}),
    "zip, at the root": _zip({"data.pkl": CODE}),
    "zip, in another folder": _zip({"archive/data.pkl": SAFE, "archive/data/data.pkl": CODE}),
    "zip, constants": _zip({"archive/data.pkl": SAFE, "archive/constants.pkl": CODE}),
    "zip, another name": _zip({"archive/data.pkl": SAFE, "archive/extra": CODE}),
    "zip, a program": _zip({"archive/data.pkl": SAFE, "archive/code/a.py": b""}),
    "zip, another after it": _zip({"a/data.pkl": SAFE}) + _zip({"a/data.pkl": CODE}),
    "zip, hidden in the comment": _zip({"a/data.pkl": SAFE})[:-2] + b"\x04\0PK\5\6",
    "legacy, magic": CODE,
    "legacy, protocol": MAGIC + CODE,
    "legacy, system": MAGIC + PLAIN + CODE,
    "legacy, value": MAGIC + PLAIN + PLAIN + CODE,
    "legacy, storages": LEGACY + CODE,
    "tar": _tar({"pickle": CODE}),
    "tar, tensors": _tar({"pickle": SAFE, "tensors": PLAIN + CODE}),
    "tar, storages": _tar({"storages": PLAIN + CODE, "pickle": SAFE}),
    "tar, without magic": _without_magic(_tar({"pickle": CODE})),
    "tar, pax": _tar({"pickle": CODE}, tarfile.PAX_FORMAT),
    "tar that is a pickle": _tar({CODE.decode() + "#": SAFE}),
    "after the pickle": SAFE + CODE,
    "text beyond ASCII": b"(dS'blobs'\nS'\xe9\xff'\nscposix\nsystem\n(S'touch \xff'\ntR.",
    "truncated after the call": CODE[:-1],
    "unknown opcode after the call": CODE[:-1] + b"\xff",
    "stack global": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x01a\x85R.",
    "stack global by the memo": (
        b"\x80\x04\x8c\x06system\x94\x8c\x05posix\x94h\x01h\x00\x93\x8c\x01a\x85R."
    ),
    "stack global, computed": b"\x80\x04]\x8c\x06system\x93.",
    "stack global of attributes": b"\x80\x04\x8c\x08builtins\x8c\x0dset.__class__\x93.",
    "long name": b"c" + b"a" * 5000 + b"\nb\n.",
    "inst": b"(S'touch ran'\niposix\nsystem\n.",
    "object": b"(cposix\nsystem\nS'touch ran'\no.",
    "extension": b"\x80\x02\x82\x01.",
    "wide extension": b"\x80\x02\x84\x01\0\0\0.",
    "new object": b"\x80\x02cposix\nsystem\n)\x81.",
    "new object with keywords": b"\x80\x04cposix\nsystem\n)}\x92.",
    "call of a result": b"cbuiltins\nset\n)R)R.",
    "call of a persistent object": b"\x80\x02K\x01Q)R.",
    "attributes of an import": b"ccollections\nOrderedDict\n(dS'a'\nI1\nsb.",
    "bytes that torch loads": _loads(MAGIC + PLAIN + PLAIN + CODE),
    "bytes that torch loads as zip": _loads(_zip({"archive/data.pkl": CODE})),
    "text that torch loads": _as_text(MAGIC + PLAIN + PLAIN + CODE),
    "bytes in bytes": _loads(MAGIC + PLAIN + PLAIN + _loads(LEGACY + SAFE) + SAFE),
    "computed bytes": b"\x80\x02" + NESTED.encode() + b"cbuiltins\nbytearray\n)R\x85R.",
}


@pytest.mark.parametrize("case", HIDDEN)
def test_code_is_found_wherever_it_is(
    case: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("it.pyth").write_bytes(HIDDEN[case])
    assert run(["models", "check", "it.pyth"]) == 1
    said = capsys.readouterr().out
    assert "CHECKPOINT_TYPE" not in said
    assert said.startswith("it.pyth: FAILED")
    assert [path.name for path in tmp_path.iterdir()] == ["it.pyth"]


class _Holder:
    """An object that is pickled as a call."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_what_checkpoints_hold_is_not_refused(protocol: int, tmp_path: Path) -> None:
    value = {
        "blobs": collections.OrderedDict(a={1, 2}, b=bytearray(b"x")),
        "more": [collections.defaultdict(list), b"\xff" * 300, 1 << 400, -1.5, None, True, "é"],
    }
    value["more"][0] = _Holder(collections.Counter)  # type: ignore[index]
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    kind = formats.of_file(path)
    assert (kind.type, kind.refusal, kind.keys) == ("caffe2", "", ("blobs", "more"))


@pytest.mark.parametrize("data", [_loads(LEGACY + PLAIN), _as_text(LEGACY + PLAIN)])
def test_harmless_bytes_that_torch_loads_are_followed(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(data)
    assert formats.of_file(path).suspicious == ()


def test_a_file_that_the_user_trusts_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "it.pkl"
    path.write_bytes(b"(dS'blobs'\n(dsS'a'\ncargparse\nNamespace\ns.")
    assert run(["models", "check", str(path)]) == 1
    assert "CHECKPOINT_TYPE" not in capsys.readouterr().out
    monkeypatch.setenv("SLOWFAST_TRUSTED_SHA256", sha256_of(path))
    assert run(["models", "check", str(path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["models"]
    assert (row["error"], row["would_run"]) == (None, ["argparse Namespace"])


LARGE: dict[str, Callable[[], bytes]] = {
    "nested tuples": lambda: b")" + b"\x85" * 60_000 + b".",
    "nested marks": lambda: b"(" * 200_000 + b"l" * 200_000 + b".",
    "a million lists": lambda: b"]" * 1_100_000 + b".",
    "doubling memo": lambda: b"]" + b"q\0(" + b"h\0" * 200_000 + b"e.",
    "doubling lists": lambda: (
        b"]q\0" + b"".join(b"0](h%ch%cetq%c" % (i, i, i + 1) for i in range(60))
    ),
    "long integer": lambda: b"\x8b" + struct.pack("<I", 40 << 20) + b"\x7f" * (40 << 20) + b".",
    "long line": lambda: b"S'" + b"x" * (40 << 20) + b"'\n.",
    "declared sizes": lambda: b"\x8e" + b"\xff" * 8 + b".",
    "declared frame": lambda: b"\x80\x04\x95" + b"\xff" * 8 + b"N.",
    "many names": lambda: b"".join(b"ca\nb%d\n0" % i for i in range(100_000)) + b"N.",
    "zip of zeros": lambda: _zip({"a/data.pkl": bytes(200 << 20)}, zipfile.ZIP_DEFLATED),
    "many members": lambda: _zip({f"a/{i}": b"" for i in range(4_000)}),
    "deep parameters": lambda: b"(dS'model'\n(dS'pred_w'\n" + _parameters(20_000) + b"ss.",
}


def _parameters(depth: int) -> bytes:
    function = b"ctorch._utils\n_rebuild_parameter\n"
    return function * depth + b"N" + b"\x85R" * depth


@pytest.mark.parametrize("case", LARGE)
def test_a_large_pickle_costs_little(case: str, tmp_path: Path) -> None:
    path = tmp_path / "large.pkl"
    path.write_bytes(LARGE[case]())
    tracemalloc.start()
    began = time.process_time()
    formats.of_file(path)
    took, most = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert took < 30  # seconds, while every allocation is traced
    assert most < 300 << 20


WORDS = st.sampled_from(
    [
        *(
            CODE,
            SAFE,
            MAGIC,
            PLAIN,
            NESTED.encode(),
            b"ccollections\nOrderedDict\n",
            b"(",
            b"t",
            b"R",
        ),
        *(
            b"\x80\x02",
            b"\x85",
            b"d",
            b"]",
            b"e",
            b"b",
            b"0",
            b"2",
            b"1",
            b"q\0",
            b"h\0",
            b"\x94",
            b".",
        ),
        *(
            b"\x95",
            b"\x8e",
            b"\x8b",
            b"I1\n",
            b"S'a'\n",
            b"X\1\0\0\0a",
            b"Q",
            b"\x93",
            b"\x81",
            b"o",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS | st.binary(max_size=4), max_size=30).map(b"".join))
def test_no_row_of_opcodes_makes_the_check_fail(data: bytes) -> None:
    kind = formats.of(io.BytesIO(data))
    assert kind.refusal or not kind.suspicious


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(CHECKPOINTS.iterdir())),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_no_change_of_a_checkpoint_makes_the_check_fail(
    path: Path, changes: list[tuple[int, bytes]]
) -> None:
    data = path.read_bytes()
    for place, new in changes:
        place %= len(data) + 1  # noqa: PLW2901
        data = data[:place] + new + data[place + len(new) // 2 :]
    kind = formats.of(io.BytesIO(data))
    assert kind.refusal or kind.type in ("pytorch", "caffe2", "detectron2")
