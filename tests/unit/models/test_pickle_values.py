"""Values that are read from pickles are those of Python's own reader, up to the limits of each."""

from __future__ import annotations

import io
import pickle

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    formats,
    pickles,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.pickle_machine import (
    MOST_NESTED_BYTES,
    MOST_OPCODES,
    UNKNOWN,
    Budget,
    Call,
    NoPickleError,
    Span,
    TooLargeError,
)
from support.hostile_checkpoints import LEGACY, loading

PLAIN = {
    "numbers": [0, 1, 255, 256, 65535, 65536, -1, -(2**31), 2**31, 2**200, -(2**799), 1.5, -0.25],
    "texts": ["", "a'b\n", "é€", "x" * 255],
    "bytes": [b"", b"a\xff", b"x" * 255],
    "constants": (None, True, False, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    7: {"a": {}, "b": [[], [[1]]]},
}


def read(data: bytes, **budget: int) -> pickles.Pickle:
    return pickles.read(io.BytesIO(data), Budget(**budget) if budget else None)


@pytest.mark.parametrize("protocol", range(3, 6))
def test_plain_values_are_what_pickle_reads(protocol: int) -> None:
    found = read(pickle.dumps(PLAIN, protocol))
    assert (found.value, found.imports, found.nested) == (PLAIN, frozenset(), ())


@pytest.mark.parametrize("protocol", range(3))
def test_plain_values_of_old_protocols_are_what_pickle_reads(protocol: int) -> None:
    plain = {key: value for key, value in PLAIN.items() if key != "bytes"}
    assert read(pickle.dumps(plain, protocol)).value == plain


@pytest.mark.parametrize(
    "data",
    [
        b"I01\n.", b"I00\n.", b"I0\n.", b"I1\n.", b"I-12\n.", b"I0x10\n.", b"L12L\n.", b"L12\n.",
        b"F1.5\n.", b"S'a\\x41'\n.", b'S"a"\n.', b"S''\n.", b"Va\\u20ac\n.",
        b"U\2ab.", b"U\1\xe9.", b"T\2\0\0\0ab.", b"\x8a\1\xff.", b"\x8b\2\0\0\0\0\1.",
        b"J\xff\xff\xff\xff.", b"K\x07.", b"M\1\2.", b"G?\xf8\0\0\0\0\0\0.",
        b"B\1\0\0\0a.", b"C\1a.", b"\x8e\1\0\0\0\0\0\0\0a.", b"\x96\1\0\0\0\0\0\0\0a.",
        b"X\1\0\0\0a.", b"\x8c\1a.", b"\x8d\1\0\0\0\0\0\0\0a.",
        b"(I1\nI2\nl.", b"(I1\nI2\nt.", b"(I1\nI2\nd.", b"]I1\na.", b"](I1\nI2\ne.",
        b"}I1\nI2\ns.", b"}(I1\nI2\nI3\nI4\nu.", b"I1\nI2\n0.", b"I1\n(I2\n1.", b"I1\n(0.",
        b"I1\n2\x86.", b"I7\np3\n0g3\n.", b"I7\nq\3000h\300.", b"I7\nr\0\1\0\0000j\0\1\0\0.",
        b"I7\n\x940h\0.", b"I7\n\x94I8\n\x940h\1.", b"\x80\5\x95\2\0\0\0\0\0\0\0N.",
    ],
)  # fmt: skip
def test_each_opcode_does_what_it_does_in_pickle(data: bytes) -> None:
    found, expected = read(data).value, pickle.loads(data, encoding="latin-1")  # noqa: S301  (constants)
    assert found == expected
    assert isinstance(found, bool) is isinstance(expected, bool)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"N", b"\xff.", b".", b"\x80\6N.", b"Sa\n.", b"S'a\n.", b"S'\n.", b"S'a\"\n.",
        b"I1", b"Ix\n.", b"I\n.", b"Lx\n.", b"Fx\n.", b"K.", b"J\0.", b"G\0.", b"C\2a.", b"h\0.",
        b"\x85.", b"I1\n\x86.", b"I1\n\x87.", b"\x95\0N.", b"0.", b"1.", b"a.", b"R.", b"Q.",
    ],
)  # fmt: skip
def test_what_is_no_complete_pickle_is_none(data: bytes) -> None:
    with pytest.raises(NoPickleError):
        read(data)


@pytest.mark.parametrize(
    ("head", "tail", "long"),
    [
        (b"B\0\1\0\0", b".", b"B\1\1\0\0"),
        (b"X\0\1\0\0", b".", b"X\1\1\0\0"),
        (b"S'", b"'\n.", b"S'"),
        (b"V", b"\n.", b"V"),
        (b"T\0\1\0\0", b".", b"T\1\1\0\0"),
    ],
    ids=["bytes", "text", "string", "line", "old string"],
)
def test_256_bytes_are_kept_and_one_more_is_not(head: bytes, tail: bytes, long: bytes) -> None:
    kept = 254 if head == b"S'" else 256  # its quotes count
    assert len(read(head + b"x" * kept + tail).value) == kept
    found = read(long + b"x" * (kept + 1) + tail).value
    if head[:1] in b"BX":
        assert found == Span(5, 257, is_text=head[:1] == b"X")
    else:
        assert found is UNKNOWN


@pytest.mark.parametrize("data", [b"Pname\n.", b"I1\nQ.", b"\x97.", b"\x8f.", b"(\x91."])
def test_what_only_unpickling_would_know_is_unknown(data: bytes) -> None:
    assert read(data).value is UNKNOWN


@pytest.mark.parametrize("length", [1021, 1022, 1023, 1024, 70_000])
def test_a_long_line_is_passed_over_to_its_end(length: int) -> None:
    assert read(b"V" + b"x" * length + b"\n0N.").value is None
    with pytest.raises(NoPickleError):
        read(b"V" + b"x" * length)


@pytest.mark.parametrize(
    ("data", "imports"),
    [
        (b"ca\nb\n.", {"a b"}),
        (b"(ia\nb\n.", {"a b"}),
        (b"\x8c\1a\x8c\1b\x93.", {"a b"}),
        (b"\x8c\1aN\x93.", {"a computed name"}),
        (b"N\x8c\1b\x93.", {"a computed name"}),
        (b"N)R.", {"a computed function"}),
        (b"\x82\7.", {"copyreg extension 7"}),
        (b"\x83\0\1.", {"copyreg extension 256"}),
        (b"\x84\0\0\1\0.", {"copyreg extension 65536"}),
        (b"ca\nb\nNb.", {"a b", "a b with other attributes"}),
        (b"c" + b"m" * 1100 + b"\nb\n.", {"a name that is too long"}),
        (b"cm\n" + b"n" * 254 + b"\n.", {"m " + "n" * 254}),
        (b"cm\n" + b"n" * 255 + b"\n.", {"m " + "n" * 254 + "..."}),
    ],
)
def test_each_way_to_import_is_named(data: bytes, imports: set[str]) -> None:
    assert read(data).imports == imports


@pytest.mark.parametrize(("count", "more"), [(1000, False), (1001, True), (1500, True)])
def test_a_thousand_names_are_kept(count: int, *, more: bool) -> None:
    data = b"".join(b"ca\nb%d\n0" % number for number in range(count)) * 2
    imports = read(data + b"N.").imports
    assert ("and more" in imports) is more
    assert len(imports) == 1000 + more


def test_a_call_has_its_arguments_items_and_state() -> None:
    found = read(b"ca\nb\n(I1\nI2\ntR(I3\nI4\nuI5\nb.").value
    assert isinstance(found, Call)
    assert (found.function, found.arguments) == ("a b", (1, 2))
    assert (found.items, found.state) == ({3: 4}, 5)
    for data in (b"(ca\nb\nI1\nI2\no.", b"ca\nb\n(I1\nI2\nt\x81.", b"(I1\nI2\nia\nb\n."):
        made = read(data).value
        assert (made.function, made.arguments) == ("a b", (1, 2))
    keywords = read(b"ca\nb\n(I1\nI2\nt}\x92.").value
    assert (keywords.function, keywords.arguments) == ("a b", (1, 2))


def test_as_many_opcodes_are_read_as_there_are_in_a_checkpoint() -> None:
    assert (MOST_OPCODES, MOST_NESTED_BYTES) == (1_000_000, 64 * 2**20)
    data = b"N0" * 10 + b"N."
    assert read(data, opcodes=21).value is None
    with pytest.raises(TooLargeError):
        read(data, opcodes=20)


def test_as_many_bytes_of_other_pickles_are_followed() -> None:
    inner = LEGACY + b"x" * 300
    data = loading(inner)
    assert read(data, nested=len(inner)).nested == (inner,)
    with pytest.raises(TooLargeError):
        read(data, nested=len(inner) - 1)


LOAD = b"ctorch.storage\n_load_from_bytes\n"
ENCODE = b"c_codecs\nencode\n"


@pytest.mark.parametrize(
    ("argument", "nested"),
    [
        (b"C\1a\x85", b"a"),
        (b"Va\n\x85", b"a"),
        (ENCODE + b"V\\u00e9\nVlatin1\n\x86R\x85", b"\xe9"),
        (ENCODE + b"V\\u00e9\nVlatin-1\n\x86R\x85", b"\xe9"),
        (ENCODE + b"Va\nVutf8\n\x86R\x85", None),
        (ENCODE + b"Va\n\x85R\x85", None),
        (ENCODE + b"I1\nVlatin1\n\x86R\x85", None),
        (b"I1\n\x85", None),
        (b"C\1aC\1b\x86", None),
        (b")", None),
    ],
)
def test_bytes_that_torch_would_load_are_followed_where_they_are_known(
    argument: bytes, nested: bytes | None
) -> None:
    found = read(LOAD + argument + b"R.")
    assert found.nested == (() if nested is None else (nested,))
    computed = "torch.storage _load_from_bytes of computed bytes"
    assert (computed in found.imports) is (nested is None)


def call(function: str, *arguments: object, state: object = None) -> Call:
    return Call(function, arguments, state, {})


TENSOR = call("torch._utils _rebuild_tensor_v2", "storage", 0, (400, 2304), (2304, 1))


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (TENSOR, (400, 2304)),
        (call("torch._utils _rebuild_tensor", "storage", 0, (7,)), (7,)),
        (call("torch._utils _rebuild_parameter", TENSOR, True), (400, 2304)),  # noqa: FBT003
        (call("torch._utils _rebuild_parameter"), None),
        (call("numpy.core.multiarray _reconstruct", state=(1, (80, 3), "t")), (80, 3)),
        (call("numpy.core.multiarray _reconstruct", state=(1,)), None),
        (call("numpy.core.multiarray _reconstruct"), None),
        (call("torch._utils _rebuild_tensor_v2", "storage", 0), None),
        (call("torch._utils _rebuild_tensor_v2", "storage", 0, ("a",)), None),
        (call("torch._utils _rebuild_tensor_v2", "storage", 0, [7]), None),
        (call("builtins list"), None),
        ([1], None),
    ],
    ids=lambda value: getattr(value, "function", None),
)
def test_the_shape_of_a_tensor_is_read_and_of_nothing_else(
    value: object, shape: tuple[int, ...] | None
) -> None:
    assert pickles.shape(value) == shape


def test_the_items_of_a_mapping_are_those_of_a_dict_or_of_a_call() -> None:
    made = call("collections OrderedDict")
    made.items["a"] = 1
    assert pickles.mapping(made) == {"a": 1}
    assert pickles.mapping({"b": 2}) == {"b": 2}
    assert pickles.mapping([1]) == {}


@pytest.mark.parametrize(("spare", "type_"), [(0, formats.CAFFE2), (-1, formats.UNKNOWN)])
def test_a_pickle_of_more_opcodes_than_the_budget_is_of_no_known_kind(
    spare: int, type_: str
) -> None:
    data = pickle.dumps({"blobs": print}, 0)
    least = next(n for n in range(100) if not _too_large(data, n))
    kind = formats._of_pickle(io.BytesIO(data), Budget(opcodes=least + spare), 0)
    assert (kind.type, kind.container) == (type_, "pickle")
    assert kind.imports == ("__builtin__ print",)


def _too_large(data: bytes, opcodes: int) -> bool:
    try:
        read(data, opcodes=opcodes)
    except TooLargeError:
        return True
    return False


@pytest.mark.parametrize("data", [b"I1", b"I1\n", b"S'a", b"F" + b"1" * 5000, b"K", b"(lp0\n"])
def test_a_pickle_that_ends_early_is_none(data: bytes) -> None:
    with pytest.raises(NoPickleError):
        read(data)


@pytest.mark.parametrize(
    ("data", "number"),
    [(b"\x80\2\x82\7.", 7), (b"\x80\2\x83\7\1.", 263), (b"\x80\2\x84\7\1\0\1.", 16777479)],
)
def test_an_extension_is_named_by_its_whole_number(data: bytes, number: int) -> None:
    assert read(data).imports == {f"copyreg extension {number}"}


def test_the_memo_is_read_by_one_and_by_four_bytes() -> None:
    assert read(b"](I7\nq\1I8\nr\1\2\0\0h\1j\1\2\0\0e.").value == [7, 8, 7, 8]


def test_the_cause_is_said_without_the_names_that_were_asked_for() -> None:
    error = NoPickleError("it is truncated", frozenset({"os system"}))
    assert (str(error), error.imports) == ("it is truncated", {"os system"})
    assert NoPickleError("x").imports == frozenset()
