"""Temporary folders: those that killed processes left are removed when the next one is made."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "slowfast-stack-"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Give a folder for this user alone, in TMPDIR or /tmp; it is removed at the end.

    Its lock is held meanwhile, which the kernel releases when this process ends. Raises ``OSError``.
    """
    place = Path(tempfile.gettempdir())
    _remove_left(place)
    made, handle = _made(place)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(handle)


def _made(place: Path) -> tuple[Path, int]:
    while True:
        path = place / f"{PREFIX}{secrets.token_hex(8)}"
        path.mkdir(mode=0o700)
        handle = _locked(path)
        if handle is not None:
            return path, handle


def _remove_left(place: Path) -> None:
    for path in place.glob(f"{PREFIX}{'[0-9a-f]' * 16}"):
        handle = _locked(path)
        if handle is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(handle)


def _locked(path: Path) -> int | None:
    """Return a descriptor that locks a folder of this user; None where another process has it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # removed, another user's, or no folder
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_uid == os.geteuid() and os.path.samestat(
            path.lstat(), os.fstat(handle)
        ):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None
