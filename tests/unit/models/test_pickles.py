"""Every pickle of every container is followed, and nothing in it makes the check run, fail or hang."""

from __future__ import annotations

import collections
import io
import json
import pickle
import struct
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
from support.fuzz import examples
from support.hostile_checkpoints import (
    CODE,
    HIDDEN,
    LEGACY,
    MAGIC,
    NESTED,
    PLAIN,
    SAFE,
    as_text,
    loading,
    zipped,
)

from slowfast_stack.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKPOINTS = Path(__file__).parent / "checkpoints"


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


@pytest.mark.parametrize("data", [loading(LEGACY + PLAIN), as_text(LEGACY + PLAIN)])
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
    "zip of zeros": lambda: zipped({"a/data.pkl": bytes(200 << 20)}, zipfile.ZIP_DEFLATED),
    "many members": lambda: zipped({f"a/{i}": b"" for i in range(4_000)}),
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


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(WORDS | st.binary(max_size=4), max_size=30).map(b"".join))
def test_no_row_of_opcodes_makes_the_check_fail(data: bytes) -> None:
    kind = formats.of(io.BytesIO(data))
    assert kind.refusal or not kind.suspicious


@settings(max_examples=examples(300), deadline=None)
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


def test_what_a_pickle_inside_of_a_pickle_asks_for_is_named() -> None:
    inner = pickle.dumps({"model": collections.OrderedDict, "other": print}, 2)
    outer = loading(zipped({"a/data.pkl": inner}))
    found = formats._read(io.BytesIO(outer), formats.Budget(), 0)
    assert {"collections OrderedDict", "__builtin__ print"} <= found.imports
    assert "damaged bytes inside" not in found.imports
