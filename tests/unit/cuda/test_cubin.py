"""The GPU code in a file is listed, with NVIDIA's own tool and without it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda import (
    cubin,
    extension_archs,
)
from ansible_collections.slowfast.stack.plugins.modules import cuda_arch_info
from support.errors import fails

PTX, ELF = 1, 2


def fat_binary(*entries: tuple[int, int, int], header: int = 16) -> bytes:
    """Write a container with an entry for each (kind, architecture, flags)."""
    body = b""
    for kind, arch, flags in entries:
        payload = b"\x55" * 40
        fields = (kind, 0x101, 64, len(payload), 0, 0, 8, 1, arch, 0, 0, flags, 0, 0)
        body += struct.pack("<HHIQIIHHIIIQQQ", *fields) + payload
    return struct.pack("<IHHQ", 0xBA55ED50, 1, header, len(body)).ljust(header, b"\0") + body


def shared_library(section: bytes, content: bytes, *, lacks: int = 0, names_at: int = 2) -> bytes:
    """Write a 64-bit ELF file with one named section beside the table of names.

    The section is the end of the file, which ``lacks`` some bytes of it. ``names_at`` is the
    number of the section with the names.
    """
    names = b"\0" + section + b"\0.shstrtab\0"
    start = 64
    table = start + len(names)
    place = table + 3 * 64
    elf = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    elf += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, table, 0, 64, 0, 0, 64, 3, names_at)
    sections = [
        (0, 0, 0, 0),
        (1, 1, place, len(content)),
        (len(section) + 2, 3, start, len(names)),
    ]
    rows = b"".join(
        struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, size, 0, 0, 1, 0)
        for name, kind, offset, size in sections
    )
    return elf + names + rows + content[: len(content) - lacks]


TWO = fat_binary((ELF, 80, 0x11), (ELF, 90, 0x100011), (PTX, 120, 0x8011))


def test_code_and_ptx_are_read_from_a_fat_binary_and_from_a_library() -> None:
    padded = TWO + b"\0" * 8 + fat_binary((ELF, 75, 0x11))
    for data in (padded, shared_library(b".nv_fatbin", padded)):
        code = cubin.of_bytes(data)
        assert code.sm == {"75", "80", "90a"}
        assert code.ptx == {"120"}
        assert str(code) == "sm_75, sm_80, sm_90a, compute_120"


def test_a_library_without_gpu_code_has_none() -> None:
    assert str(cubin.of_bytes(shared_library(b".text", b"\x90" * 32))) == "no GPU code"


@pytest.mark.parametrize("cut", [20, 60, 100])
def test_a_file_that_was_cut_off_is_no_answer(cut: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (an error of the file; its text is for people)
        cubin.of_bytes(TWO[:-cut])
    with pytest.raises(ValueError):  # noqa: PT011  (an error of the file; its text is for people)
        cubin.of_bytes(shared_library(b".nv_fatbin", TWO)[:-cut])


LIBRARY = shared_library(b".nv_fatbin", TWO)


@pytest.mark.parametrize(
    "data",
    [
        LIBRARY[:48],
        LIBRARY[:100],
        shared_library(b".nv_fatbin", TWO + b"\0" * 8, lacks=8),
        shared_library(b".nv_fatbin", TWO, names_at=9),
        LIBRARY[:4] + b"\x01" + LIBRARY[5:],
        struct.pack("<IHHQ", 0xBA55ED51, 1, 16, 0),
        fat_binary((ELF, 80, 0))[:-1],
    ],
    ids=["header", "table", "section", "names", "32-bit", "magic", "entry"],
)
def test_what_cannot_be_read_is_no_answer(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (an error of the file; its text is for people)
        cubin.of_bytes(data)


def test_a_container_with_a_longer_header_is_read_to_its_end() -> None:
    assert cubin.of_bytes(fat_binary((ELF, 80, 0), (ELF, 90, 0), header=64)).sm == {"80", "90"}


def test_architectures_are_in_the_order_of_their_numbers() -> None:
    assert cubin.ordered(frozenset({"120", "90a", "80", "90"})) == ["80", "90", "90a", "120"]


def test_an_architecture_list_may_have_spaces_and_empty_entries() -> None:
    assert cubin.wanted("8.0; 9.0a+PTX;") == cubin.Code(
        frozenset({"80", "90a"}), frozenset({"90a"})
    )


def test_what_is_missing_is_named_as_the_tools_name_it() -> None:
    listing = "ELF file    1: scale.1.sm_80.cubin\nPTX file    1: scale.2.sm_80.ptx\n"
    code = cubin.of_listing(listing)
    assert cubin.missing("8.0", code) == []
    assert cubin.missing("8.0;9.0+PTX", code) == ["sm_90", "compute_90"]


def built(env: Path, content: bytes) -> dict[str, object]:
    package = env / "lib" / "python3.11" / "site-packages" / "detectron2"
    package.mkdir(parents=True)
    (package / "_C.cpython-311-x86_64-linux-gnu.so").write_bytes(content)
    return {"env": str(env), "package": "detectron2", "arch_list": "9.0", "cuda_home": None}


def test_an_extension_with_the_planned_code_is_accepted(tmp_path: Path) -> None:
    want = built(tmp_path, shared_library(b".nv_fatbin", fat_binary((ELF, 90, 0x11))))
    assert cuda_arch_info.act(want, _check=False) == {"changed": False, "code": "sm_90"}


def test_a_cpu_only_extension_is_refused(tmp_path: Path) -> None:
    want = built(tmp_path, shared_library(b".text", b"\x90" * 32))
    with pytest.raises(StackError) as refused:
        cuda_arch_info.act(want, _check=False)
    assert refused.value.code == "extension.missing-architecture"
    assert "sm_90" in refused.value.message


def test_an_absent_extension_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError) as refused:
        extension_archs.find(tmp_path, "detectron2")
    assert refused.value.code == "extension.not-found"


def test_the_toolkits_own_tool_is_asked_where_it_is_there(tmp_path: Path) -> None:
    want = built(tmp_path / "env", b"anything")
    tool = tmp_path / "bin" / "cuobjdump"
    tool.parent.mkdir()
    tool.write_text(
        "#!/bin/sh\n[ $1 = --list-elf ] && echo 'ELF file 1: x.1.sm_90.cubin'; exit 0\n"
    )
    tool.chmod(0o755)
    path = extension_archs.find(Path(str(want["env"])), "detectron2")
    assert extension_archs.code_of(path, str(tmp_path), Commands()).sm == {"90"}


def test_without_the_toolkits_tool_the_file_itself_is_read(tmp_path: Path) -> None:
    want = built(tmp_path / "env", shared_library(b".nv_fatbin", fat_binary((ELF, 90, 0))))
    path = extension_archs.find(Path(str(want["env"])), "detectron2")
    for home in (None, str(tmp_path)):
        assert extension_archs.code_of(path, home, Commands()).sm == {"90"}


def test_an_extension_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    want = built(tmp_path, LIBRARY[:48])
    with fails("extension.unreadable"):
        cuda_arch_info.act(want, _check=False)
