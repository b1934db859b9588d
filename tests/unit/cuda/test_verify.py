"""A toolkit is proven by the machine code that it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda.verify import (
    options,
    prove,
)
from ansible_collections.slowfast.stack.plugins.modules import cuda_check
from support.errors import fails

from .test_cubin import ELF, fat_binary

# A compiler that notes what it was asked for, and a reader that lists the code in it.
NVCC = r"""#!/bin/sh
here=$(dirname "$0")
for last; do :; done
for source; do case $source in *.cu) cp "$source" "$here/source" ;; esac; done
echo "$*" >>"$here/asked"
case "$*" in *-fatbin*) ;; *) cp "$here/program" "$last"; exit ;; esac
printf '%s\n' "$@" |
  sed -n 's/.*code=\(sm_.*\)/\1.cubin/p; s/.*code=\(compute_.*\)/\1.ptx/p' >"$last"
"""
CUOBJDUMP = """#!/bin/sh
case $1 in --list-elf) grep cubin "$2" ;; --list-ptx) grep ptx "$2" ;; esac
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name, text in (("nvcc", NVCC), ("cuobjdump", CUOBJDUMP)):
        tool = tmp_path / "bin" / name
        tool.write_text(text)
        tool.chmod(0o755)
    return tmp_path


def test_the_architecture_list_becomes_options() -> None:
    assert options("8.0;9.0+PTX") == [
        "-gencode=arch=compute_80,code=sm_80",
        "-gencode=arch=compute_90,code=sm_90",
        "-gencode=arch=compute_90,code=compute_90",
    ]


def test_a_toolkit_that_makes_all_code_is_proven(home: Path) -> None:
    assert prove(home, "8.0;12.0+PTX", None, Commands()).endswith("code for 8.0;12.0+PTX")


def test_a_toolkit_that_leaves_code_out_is_refused(home: Path) -> None:
    (home / "bin" / "cuobjdump").write_text("#!/bin/sh\necho x.1.sm_80.cubin\n")
    with pytest.raises(StackError) as refused:
        prove(home, "8.0;9.0", None, Commands())
    assert refused.value.code == "cuda.missing-architecture"
    assert "sm_90" in refused.value.message


def test_a_compiler_that_fails_is_quoted(home: Path) -> None:
    (home / "bin" / "nvcc").write_text("#!/bin/sh\necho unsupported GNU version >&2\nexit 1\n")
    with pytest.raises(StackError) as refused:
        prove(home, "9.0", "/usr/bin/g++-15", Commands())
    assert refused.value.code == "cuda.compile-failed"
    assert "unsupported GNU version" in refused.value.cause


def test_a_program_that_was_not_inspected_is_reported(home: Path) -> None:
    (home / "bin" / "cuobjdump").unlink()
    assert "not inspected" in prove(home, "9.0", None, Commands())


@pytest.mark.parametrize(("code", "complete"), [((90,), True), ((80, 90), True), ((80,), False)])
def test_without_cuobjdump_the_fat_binary_is_read(
    home: Path, code: tuple[int, ...], *, complete: bool
) -> None:
    (home / "bin" / "cuobjdump").unlink()
    made = home / "made.fatbin"
    made.write_bytes(fat_binary(*((ELF, sm, 0x11) for sm in code)))
    copy = f'#!/bin/sh\nfor last; do :; done\ncp {made} "$last"\n'
    (home / "bin" / "nvcc").write_text(copy)
    if complete:
        assert prove(home, "9.0", None, Commands()) == "compiled, with code for 9.0"
    else:
        with fails("cuda.missing-architecture", "sm_90", "sm_80"):
            prove(home, "9.0", None, Commands())


def test_a_verification_is_recorded_and_repeated_for_another_request(home: Path) -> None:
    want: dict[str, Any] = {"home": str(home), "arch_list": "9.0", "cxx": None}
    want["record"] = str(home / "records" / "cuda.json")
    assert cuda_check.act(want, check=True) == {"changed": True, "seen": None}
    assert cuda_check.act(want, check=False)["changed"]
    assert not cuda_check.act(want, check=False)["changed"]
    assert cuda_check.act({**want, "arch_list": "8.0"}, check=False)["changed"]


@pytest.mark.parametrize(
    ("cxx", "asked"), [("/usr/bin/g++-12", "-ccbin /usr/bin/g++-12 "), (None, "")]
)
def test_the_compiler_of_the_plan_compiles_the_program(
    home: Path, cxx: str | None, asked: str
) -> None:
    prove(home, "9.0", cxx, Commands())
    assert (home / "bin" / "asked").read_text().startswith(f"{asked}-gencode=")
    assert "__global__" in (home / "bin" / "source").read_text()


def program(home: Path, text: str) -> None:
    (home / "bin" / "program").write_text(f"#!/bin/sh\n{text}\n")
    (home / "bin" / "program").chmod(0o755)


def test_with_a_gpu_the_program_runs(home: Path) -> None:
    program(home, f"touch {home}/ran")
    assert "8.0, and run" in prove(home, "8.0", None, Commands(), gpu=True)
    assert (home / "ran").exists()


def test_a_program_that_fails_on_the_gpu_is_quoted(home: Path) -> None:
    program(home, "echo no kernel image; exit 1")
    with fails("cuda.program-failed", "no kernel image"):
        prove(home, "8.0", None, Commands(), gpu=True)
    (home / "bin" / "program").unlink()
    with fails("cuda.compile-failed"):
        prove(home, "8.0", None, Commands(), gpu=True)


def test_without_a_gpu_nothing_runs(home: Path) -> None:
    program(home, "exit 1")
    assert "run" not in prove(home, "8.0", None, Commands())
