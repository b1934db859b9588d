"""ZIP files of others: damaged, large, or read differently by two programs."""

from __future__ import annotations

import contextlib
import io
import random
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
