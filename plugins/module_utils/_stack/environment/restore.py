"""Prepare a stack whose files have changed, so that `up` makes what differs again."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

from . import bytecode, stack_files
from .python_env import PRUNE_S, UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ..core.process import Commands
    from .stack_files import Difference

# A changed source tree is kept beside the new one: its changes may be work.
ASIDE = "changed"


def prepare(stack: Path, differences: Sequence[Difference]) -> list[str]:
    """Remove what differs and return what was done, as clauses.

    The environment is marked, so that it is built again; a source tree is moved aside. FFmpeg and
    the activation script are verified by their roles. Raises ``OSError``.
    """
    done, tops = [], set()
    for row in differences:
        if bytecode.is_copy(row.path):
            stack_files.place(stack, row.path).unlink(missing_ok=True)
            done.append("compiled copies were removed")
        else:
            top, rest = row.path.split("/", 1) if "/" in row.path else (row.path, "")
            tops.add(f"{top}/{rest.split('/', 1)[0]}" if top == "src" else top)
    for top in sorted(tops):
        if top.startswith("src/"):
            done += _move_aside(stack / top)
        elif top in ("env", stack_files.PYTHON):
            done += _rebuild(stack, top)
    return list(dict.fromkeys(done))


def mark(stack: Path) -> None:
    """Have the next `up` build the environment again."""
    if (stack / "env").is_dir():
        (stack / "env" / UNFINISHED).touch()


def forget(commands: Commands, uv: str, packages: Iterable[str]) -> None:
    """Remove packages from uv's cache, whose files are not those of their wheels."""
    commands.within(PRUNE_S).run([uv, "cache", "clean", "--quiet", *packages])


def _rebuild(stack: Path, top: str) -> list[str]:
    mark(stack)
    own = stack_files.own_python(stack)
    if top == stack_files.PYTHON and own:
        shutil.rmtree(own)
        return ["the interpreter and the environment are installed again"]
    return ["the environment is built again"]


def _move_aside(tree: Path) -> list[str]:
    if not tree.is_dir() or tree.is_symlink():
        return []
    names = (tree.with_name(f"{tree.name}.{ASIDE}-{number}") for number in itertools.count(1))
    aside = next(path for path in names if not path.exists())
    tree.rename(aside)
    return [f"the changed tree is now {aside}"]
