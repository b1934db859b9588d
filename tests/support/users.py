"""Run a part of a test as a user who is not root, in a folder that this user can reach."""

from __future__ import annotations

import contextlib
import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

OTHER_USER = 65534


def as_user(act: Callable[[], object]) -> None:
    """Run ``act`` in a process whose user is not root; fail where it fails."""
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(OTHER_USER)
                os.setuid(OTHER_USER)
            act()
        except BaseException:  # noqa: BLE001  (nothing may leave the child)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def give(path: Path) -> None:
    """Let a tree belong to the user of ``as_user``."""
    if os.geteuid() == 0:
        for each in (path, *path.rglob("*")):
            os.chown(each, OTHER_USER, OTHER_USER, follow_symlinks=False)


@contextlib.contextmanager
def user_folder() -> Iterator[Path]:
    """Give a folder of that user; those of pytest are root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        own = Path(folder, "own")
        own.mkdir()
        give(own)
        yield own
