"""Arrange the compiler and the libraries of NVIDIA's wheels as the folder of a CUDA toolkit.

The wheels of CUDA 13 share one folder in site-packages, where libraries have no name to link with
and are not in ``lib64``. The toolkit is made of links into it, and of a script for nvcc.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import StackError
from ..core.files import atomic_write
from ..core.shell import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NEEDED = ("bin/nvcc", "bin/cudafe++", "bin/ptxas", "nvvm/bin/cicc", "include/cuda_runtime.h")
_LIBRARY = re.compile(r"(lib.+?\.so)(\.[0-9]+)+")
_NVCC = """\
#!/bin/sh
# Written by slowfast.stack: nvcc of the wheels in this environment, with their libraries.
exec {nvcc} -L{libraries} "$@"
"""


class Entry(NamedTuple):
    """A link of the toolkit with its target, or a script with its text."""

    path: Path
    target: str = ""
    text: str = ""

    def is_there(self) -> bool:
        """Return whether the entry is as it should be."""
        if self.target:
            return self.path.is_symlink() and str(self.path.readlink()) == self.target
        if self.path.is_symlink() or not self.path.is_file() or not os.access(self.path, os.X_OK):
            return False
        return self.path.read_bytes() == self.text.encode()


def arrange(env: Path, home: Path, *, check: bool = False) -> list[str]:
    """Make ``home`` the toolkit of the wheels in ``env``; return the paths that differed.

    Raises ``StackError`` where a wheel lacks something, or where ``home`` is not in ``env``.
    """
    if env not in home.parents or ".." in home.parts:
        raise StackError(
            f"{home} is not in {env}.",
            "The toolkit of wheels is a part of the environment that they are in.",
            "Plan the host again with this release: slowfast-stack plan",
            code="cuda.foreign-home",
        )
    entries = list(_entries(_wheels(env), home))
    wanted = {entry.path for entry in entries}
    wrong = [entry for entry in entries if not entry.is_there()]
    others = [path for path in sorted(home.glob("*/*")) if path not in wanted]
    for path in () if check else others:
        path.unlink()
    for entry in () if check else wrong:
        _make(entry)
    return [str(path) for path in (*others, *(entry.path for entry in wrong))]


def _wheels(env: Path) -> Path:
    """Return the folder that the wheels share. Raises ``StackError`` where it is not complete."""
    folders = sorted(env.glob("lib/python3*/site-packages/nvidia/cu[0-9]*"))
    found = [one for one in folders if all((one / name).is_file() for name in _NEEDED)]
    if len(found) == 1:
        return found[0]
    lacks = [name for name in _NEEDED if not any((one / name).is_file() for one in folders)]
    raise StackError(
        f"The wheels in {env} are no CUDA toolkit.",
        f"Missing: {', '.join(lacks) or 'one folder that has everything'}.",
        "Run `slowfast-stack up` again, which restores what changed in a proven stack.",
        code="cuda.incomplete-wheels",
    )


def _entries(wheels: Path, home: Path) -> Iterator[Entry]:
    """Yield everything that the toolkit is made of; links are relative."""
    for path in sorted((wheels / "bin").iterdir()):
        if path.name != "nvcc":
            yield _link(home / "bin" / path.name, path)
    text = _NVCC.format(nvcc=quote(wheels / "bin" / "nvcc"), libraries=quote(home / "lib64"))
    yield Entry(home / "bin" / "nvcc", text=text)
    for folder in ("include", "nvvm"):
        for path in sorted((wheels / folder).iterdir()):
            yield _link(home / folder / path.name, path)
    for path in sorted((wheels / "lib").iterdir()):
        yield _link(home / "lib64" / path.name, path)
        library = _LIBRARY.fullmatch(path.name)
        if library and not (wheels / "lib" / library.group(1)).exists():
            yield _link(home / "lib64" / library.group(1), path)


def _link(path: Path, to: Path) -> Entry:
    return Entry(path, target=os.path.relpath(to, path.parent))


def _make(entry: Entry) -> None:
    entry.path.parent.mkdir(parents=True, exist_ok=True)
    if entry.path.is_symlink() or entry.path.exists():
        entry.path.unlink()
    if entry.target:
        entry.path.symlink_to(entry.target)
    else:
        atomic_write(entry.path, entry.text, mode=0o755)
