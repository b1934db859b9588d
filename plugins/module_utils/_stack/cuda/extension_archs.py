"""Refuse a compiled extension that lacks code for the planned GPUs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import StackError, reason
from . import cubin

if TYPE_CHECKING:
    from ..core.process import Commands
    from .cubin import Code

HINT = (
    "Remove the cached wheels below the folder `cache` of the prefix and run the same command"
    " again: they are built with FORCE_CUDA and TORCH_CUDA_ARCH_LIST of the plan."
)


def find(env: Path, package: str) -> Path:
    """Return the extension ``_C`` of a package. Raises ``StackError`` where there is none."""
    found = sorted(env.glob(f"lib/python*/site-packages/{package}/_C*.so"))
    if not found:
        raise StackError(
            f"{package} has no compiled extension in {env}.",
            "There is no file _C*.so in its folder.",
            HINT,
            code="extension.not-found",
        )
    return found[0]


def code_of(path: Path, home: str | None, commands: Commands) -> Code:
    """List the GPU code of an extension with the toolkit's cuobjdump, or without one."""
    tool = Path(home or "") / "bin" / "cuobjdump"
    if home and tool.is_file():
        listings = [
            commands.checked(
                f"{path} cannot be read",
                [str(tool), option, str(path)],
                code="extension.unreadable",
            )
            for option in ("--list-elf", "--list-ptx")
        ]
        return cubin.of_listing("".join(listings))
    try:
        return cubin.of_bytes(path.read_bytes())
    except ValueError as error:
        raise StackError(
            f"{path} cannot be read.", reason(error), HINT, code="extension.unreadable"
        ) from error


def require(path: Path, arch_list: str, code: Code) -> None:
    """Raise ``StackError`` where an architecture of the list has no code."""
    lacks = cubin.missing(arch_list, code)
    if lacks:
        raise StackError(
            f"{path.name} of {path.parent.name} has no code for {', '.join(lacks)}.",
            f"Planned is TORCH_CUDA_ARCH_LIST={arch_list}; in the file is {code}.",
            HINT,
            code="extension.missing-architecture",
        )
