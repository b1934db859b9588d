"""The copies of artifacts on the controller: one folder, one file for each key, no links."""

from __future__ import annotations

import contextlib
import resource
from typing import TYPE_CHECKING, Callable

from ..core.errors import StackError, not_writable
from ..core.files import replacing
from ..core.names import is_regular
from . import archive
from .key import archive_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def path_of(folder: Path, key: object) -> Path:
    """Return the path of the copy of a key, directly in ``folder``. Raises ``StackError``."""
    return folder / archive_name(key)


def find(folder: Path, key: object) -> Path | None:
    """Return the copy of a key; None where there is none. A link is none. Raises ``StackError``."""
    path = path_of(folder, key)
    return path if is_regular(path) else None


def add(folder: Path, key: str, fetch: Callable[[Path], None]) -> Path:
    """Keep what ``fetch`` writes to a path, where it is the artifact of ``key``.

    Raises ``StackError``; the folder is as it was then.
    """
    path = path_of(folder, key)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path, mode=0o600) as fresh:
            with _bounded():
                fetch(fresh)
            if not is_regular(fresh):
                raise StackError(
                    "A host sent no file.",
                    f"It should be the artifact of the key {key}.",
                    "Correct the host, or leave it out.",
                    code="artifact.refused",
                )
            archive.require_intact(fresh, key)
    except OSError as error:
        raise not_writable(path, error) from error
    return path


def discard(folder: Path, key: str) -> bool:
    """Remove the copy of a key where it is damaged; return whether it was.

    What a host says of a copy does not matter: others may need it. Raises ``StackError``.
    """
    path = find(folder, key)
    if path is None:
        return False
    try:
        archive.require_intact(path, key)
    except StackError:
        path.unlink(missing_ok=True)
        return True
    return False


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Let neither this process nor a child of it write a file that is larger than an artifact."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = archive.LIMIT if before[1] == resource.RLIM_INFINITY else min(archive.LIMIT, before[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
