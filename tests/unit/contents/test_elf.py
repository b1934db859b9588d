"""What ELF files say of themselves, compared with readelf; damaged ones say nothing."""

from __future__ import annotations

import random
import re
import shutil
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
