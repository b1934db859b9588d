"""Let a build give the same bytes wherever, whenever and by whomever it is run.

What differed between two builds of Detectron2's wheel were the folders in the text of assertions
(``__FILE__``, of the source tree and of torch's headers), the times of the files in the wheel, and
their modes.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..core.process import Commands

# The first time that a zip can have, https://reproducible-builds.org/specs/source-date-epoch/
EPOCH_S = "315532800"
MODE = 0o644
EXECUTABLE = 0o755
_UMASK = 0o022
_MAP = "-ffile-prefix-map={}={}"  # GCC 8, Clang 10


def variables(
    commands: Commands, environment: Mapping[str, str], folders: Mapping[Path, str]
) -> dict[str, str]:
    """Return the variables of a build, with which ``folders`` are compiled under fixed names.

    A compiler that does not know the option compiles without it.
    """
    fixed = {**environment, "SOURCE_DATE_EPOCH": EPOCH_S, "PYTHONHASHSEED": "0"}
    flags, compiler = environment.get("CFLAGS"), environment.get("CC", "cc")
    if flags is None or not _knows_map(commands, compiler):
        return fixed
    # Of several that fit, GCC uses the last one.
    rows = sorted(folders.items(), key=lambda row: len(str(row[0])))
    maps = shell.join(_MAP.format(folder, name) for folder, name in rows)
    return {**fixed, "CFLAGS": f"{flags} {maps}"}


def _knows_map(commands: Commands, compiler: str) -> bool:
    argv = [*compiler.split(), _MAP.format("/a", "/b"), "-E", "-x", "c", os.devnull]
    return commands.run(argv).rc == 0


def set_modes(folder: Path) -> None:
    """Give the files of a tree the modes that git has for them, whatever the umask was."""
    for place, _folders, files in os.walk(folder):
        Path(place).chmod(EXECUTABLE)
        for name in files:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(EXECUTABLE if os.access(path, os.X_OK) else MODE)


@contextlib.contextmanager
def umask() -> Iterator[None]:
    """Create files meanwhile with modes that do not depend on the user."""
    before = os.umask(_UMASK)
    try:
        yield
    finally:
        os.umask(before)
