"""What ELF files say of themselves, compared with readelf; damaged ones say nothing."""

from __future__ import annotations

import random
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents import elf
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import Library
from support.fuzz import examples

MAPPED = [line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()]
LIBRARIES = sorted({Path(path) for path in MAPPED if ".so" in path})


@pytest.mark.skipif(not shutil.which("readelf"), reason="no readelf on this machine")
@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.name)
def test_it_reads_what_readelf_reads(path: Path) -> None:
    argv = ["readelf", "--wide", "--dynamic", "--notes", str(path)]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    soname, ids = re.findall(r"soname: \[(.*)\]", text), re.findall(r"Build ID: (\w+)", text)
    expected = Library(
        soname[0] if soname else "",
        tuple(re.findall(r"\(NEEDED\).*\[(.*)\]", text)),
        ids[0] if ids else "",
    )
    assert elf.read(path) == expected


def test_there_are_libraries_to_compare() -> None:
    assert len(LIBRARIES) > 2


def test_another_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text("#!/bin/sh\n")
    assert elf.read(path) is None


def test_a_damaged_file_is_read_or_says_nothing(tmp_path: Path) -> None:
    complete, path, chance = (
        Path("/bin/true").read_bytes(),
        tmp_path / "library.so",
        random.Random(15),
    )
    seen = set()
    for _example in range(examples(300)):
        data = bytearray(
            complete[: chance.choice([len(complete), chance.randrange(4, len(complete))])]
        )
        for _change in range(chance.randrange(6)):
            data[chance.randrange(4, min(len(data), 1000))] = chance.randrange(256)
        path.write_bytes(data)
        found = elf.read(path)
        assert found is not None
        seen.add(found == Library())
    assert seen == {True, False}


# Kinds of segments and of dynamic entries, elf(5).
LOAD, DYNAMIC, NOTES = 1, 2, 4
NEEDED, STRTAB, STRSZ, SONAME = 1, 5, 10, 14
BASE = 0x1000


def note(owner: bytes, kind: int, content: bytes) -> bytes:
    """Return a note; both parts are filled up to four bytes."""
    head = struct.pack("<III", len(owner), len(content), kind)
    return (
        head
        + owner.ljust(-(-len(owner) // 4) * 4, b"\0")
        + content.ljust(-(-len(content) // 4) * 4, b"\0")
    )


def made(
    entries: list[tuple[int, int]],
    strings: bytes = b"\0",
    notes: bytes = b"",
    *,
    before: int = 0,
    head: bytes = b"\x02\x01",
    address: int = BASE,
) -> bytes:
    """Return an ELF file with a string table in its second segment, and what refers to it."""
    count = 4 + before
    place = 64 + 56 * count
    table = [(STRTAB, address + 8), (STRSZ, len(strings)), *entries]
    dynamic = b"".join(struct.pack("<qQ", *row) for row in table)
    parts = [bytes(8) + strings, dynamic, notes]
    offsets = [place, place + len(parts[0]), place + len(parts[0]) + len(dynamic)]
    rows = [(0, 0, 0, 0)] * before + [(LOAD, 0, 0, 8)]
    rows += [(LOAD, offsets[0], BASE, len(parts[0])), (DYNAMIC, offsets[1], 0, len(dynamic))]
    rows += [(NOTES, offsets[2], 0, len(notes))]
    segments = b"".join(
        struct.pack("<IIQQQQQQ", kind, 7, offset, where, 5, size, 6, 9)
        for kind, offset, where, size in rows
    )
    # Type, machine, version, entry, segments, sections, flags, sizes and counts.
    fields = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 11, 64, 13, 0, 64, 56, count, 21, 22, 23)
    return elf.MAGIC + head + bytes(10) + fields + segments + b"".join(parts)


def said(folder: Path, data: bytes) -> Library | None:
    (folder / "library").write_bytes(data)
    return elf.read(folder / "library")


STRINGS = b"\0libx.so.1\0libc.so.6\0libm.so.6\0"


def test_a_library_says_its_name_what_it_loads_and_its_build_id(tmp_path: Path) -> None:
    notes = note(b"GNU\0", 1, b"12345") + note(b"stapsdt\0", 3, b"123") + note(b"GNU", 3, b"12")
    notes += note(b"GNU\0", 3, bytes(range(20))) + note(b"GNU\0", 3, b"other")
    data = made([(SONAME, 1), (NEEDED, 11), (NEEDED, 21), (99, 1)], STRINGS, notes)
    expected = Library("libx.so.1", ("libc.so.6", "libm.so.6"), bytes(range(20)).hex())
    assert said(tmp_path, data) == expected
    assert said(tmp_path, made([], STRINGS)) == Library()


def test_of_two_names_the_first_counts_and_a_long_one_is_cut(tmp_path: Path) -> None:
    assert said(tmp_path, made([(SONAME, 11), (SONAME, 1)], STRINGS)) == Library("libc.so.6")
    for length in (255, 256):
        strings = b"\0" + b"x" * length + b"\0"
        assert said(tmp_path, made([(SONAME, 1)], strings)) == Library("x" * 255)
    assert said(tmp_path, made([], b"\0", note(b"GNU\0", 3, bytes(65)))) == Library(
        build_id="00" * 64
    )


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (made([(SONAME, 1)], STRINGS), True),
        (made([(SONAME, 1)], STRINGS, head=b"\x01\x01"), False),
        (made([(SONAME, 1)], STRINGS, head=b"\x02\x02"), False),
        (made([(SONAME, 1)], STRINGS, address=BASE - 9), False),
        # At the first byte of a segment, eight before the names.
        (made([(SONAME, 9)], STRINGS, address=BASE - 8), True),
        (made([(SONAME, 1)], STRINGS, address=BASE + 9_000), False),
        (made([(SONAME, len(STRINGS) + 1)], STRINGS), False),
        (made([(SONAME, 1)], STRINGS, before=124), True),
        # More segments than are read: the last one has the notes alone.
        (made([(SONAME, 1)], STRINGS, note(b"GNU\0", 3, b"1"), before=125), True),
        (made([(SONAME, 1)], STRINGS, before=126), False),
        (made([(SONAME, 1)], STRINGS)[:-1], False),
    ],
)
def test_which_files_are_read(tmp_path: Path, data: bytes, *, read: bool) -> None:
    name = "libx.so.1" if read else ""
    assert said(tmp_path, data) == Library(name)


def test_a_large_number_of_names_is_cut(tmp_path: Path) -> None:
    for count, kept in ((256, 256), (257, 256)):
        found = said(tmp_path, made([(NEEDED, 1)] * count, STRINGS))
        assert found == Library(needed=("libx.so.1",) * kept)
