"""ZIP files of others: damaged, large, or read differently by two programs."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zipfile

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import zips
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fuzz import examples


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def read(data: bytes) -> dict[str, str]:
    with zips.opened(io.BytesIO(data), "it.zip") as archive:
        zips.require_small(archive, len(data))
        return {info.filename: "".join(zips.text(archive, info)) for info in archive.infolist()}


INTACT = packed({"a.csv": "é,1\n".encode() * 20, "b/c.txt": b"x"})


def test_text_is_read_in_blocks() -> None:
    long = "é" * 200_001
    noise = random.Random(7).randbytes(300_000).hex()
    data = packed({"a": long.encode(), "b": noise.encode()})
    assert read(data) == {"a": long, "b": noise}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        INTACT[:-1],
        INTACT + b"x",
        b"x" + INTACT,
        INTACT + INTACT,
        INTACT.replace(b"a.csv", b"a.csx", 1),
        INTACT.replace(b"b/c.txt", b"a.csvxx").replace(b"a.csvxx", b"a.csv\0\0"),
        packed({"a": b"\xff\xfe"}),
        packed({"a": b"cut\xc3"}),
        packed({"a": bytes(50 << 20)}),
        packed({str(number): b"" for number in range(1001)}),
    ],
)
def test_what_cannot_be_trusted_is_refused(data: bytes) -> None:
    with pytest.raises(zips.BadZipError) as raised:
        read(data)
    assert raised.value.code == "archive.unreadable"


def test_no_more_than_the_limit_is_read() -> None:
    with zips.opened(io.BytesIO(packed({"a": bytes(5000)})), "it.zip") as archive:
        (info,) = archive.infolist()
        assert zips.read_at_most(archive, info, 5000) == bytes(5000)
        assert zips.read_at_most(archive, info, 4999) is None


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(INTACT)), st.binary(max_size=4)), max_size=4))
def test_no_change_makes_it_fail_otherwise(changes: list[tuple[int, bytes]]) -> None:
    data = INTACT
    for place, new in changes:
        data = data[:place] + new + data[place + len(new) :]
    with contextlib.suppress(zips.BadZipError):
        read(data)


def test_the_limits_of_a_zip_file(monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 20
    data = packed({"a": content, "b": b""})
    with zips.opened(io.BytesIO(data), "it.zip") as archive:
        for name, most in (("_MOST_MEMBERS", 2), ("_LARGEST_CONTENT", len(content))):
            for less, small in ((0, True), (1, False)):
                with monkeypatch.context() as patched:
                    patched.setattr(zips, name, most - less)
                    if small:
                        zips.require_small(archive, len(data))
                        continue
                    with pytest.raises(zipfile.BadZipFile):
                        zips.require_small(archive, len(data))
        least = -(-len(content) // 100)
        zips.require_small(archive, least)
        with pytest.raises(zipfile.BadZipFile):
            zips.require_small(archive, least - 1)


def test_a_directory_of_the_largest_size_is_read_and_of_one_byte_more_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = int.from_bytes(INTACT[-10:-6], "little")
    for limit, accepted in ((size, True), (size - 1, False)):
        monkeypatch.setattr(zips, "_LARGEST_DIRECTORY", limit)
        if accepted:
            assert len(read(INTACT)) == 2
            continue
        with pytest.raises(zips.BadZipError, match="too large"):
            read(INTACT)


def wide(length: int | None = None, start: int | None = None, sign: bytes = b"PK\6\6") -> bytes:
    """Return INTACT with a directory's end of 64 bits, whose narrow one says this."""
    size, place = (int.from_bytes(INTACT[a:b], "little") for a, b in ((-10, -6), (-6, -2)))
    end = struct.pack("<4sQ2H2L4Q", sign, 44, 45, 45, 0, 0, 2, 2, size, place)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(INTACT) - 22, 1)
    narrow = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, 2, 2,
        size if length is None else length, place if start is None else start, 0,
    )  # fmt: skip
    return INTACT[:-22] + end + locator + narrow


def test_a_directory_of_64_bits_says_what_the_narrow_one_says() -> None:
    many = 0xFFFFFFFF
    for data in (wide(), wide(many, many), wide(many), wide(start=many)):
        assert read(data) == read(INTACT)
    for data in (wide(1), wide(start=1), wide(many, 1), wide(sign=b"PK\6\5")):
        with pytest.raises(zips.BadZipError):
            read(data)
