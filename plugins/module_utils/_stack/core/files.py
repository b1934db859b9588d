"""Files and folders: SHA-256, atomic replacement, locks."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING, Union

from .errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    Content = Union[bytes, str, Iterable[str]]

_BLOCK = 1 << 18  # bytes


class Busy(StackError):
    """Another process holds the lock."""

    code = "lock.held"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as 64 hexadecimal digits."""
    return size_and_sha256(path)[1]


def size_and_sha256(path: Path) -> tuple[int, str]:
    """Return the size in bytes and the SHA-256 of a file, read in blocks."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def atomic_write(path: Path, content: Content, *, mode: int | None = None) -> None:
    """Write a file so that a reader sees the old content or the new one, also after a power cut.

    Text is written as UTF-8. An existing file keeps its owner, and its mode unless ``mode`` is
    given; a new file has ``mode``, or what the umask leaves. Missing folders are created. Raises
    ``StackError``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, mode=mode) as fresh, fresh.open("xb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                for text in [content] if isinstance(content, str) else content:
                    file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise not_writable(path, error) from error


def not_writable(path: object, error: OSError) -> StackError:
    """Return the error for a file or folder that could not be written."""
    return StackError(
        f"{path} cannot be written.",
        f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}.",
        "Free disk space there, or make the folder writable; then run the same command again.",
        code="file.not-writable",
    )


@contextlib.contextmanager
def replacing(path: Path, *, mode: int | None = None, fresh: Path | None = None) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename the file made there to ``path`` at the end.

    The file takes over owner and mode of the one it replaces; ``mode`` overrides. After an error it
    is removed. ``fresh`` is the temporary name where the caller has a lock: what a killed process
    left there is overwritten. Raises ``OSError``.
    """
    fresh = fresh or path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}.new")
    try:
        yield fresh
        if not fresh.is_symlink():
            _take_over(path, fresh, mode)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _take_over(path: Path, fresh: Path, mode: int | None) -> None:
    if path.is_file():
        before, now = path.stat(), fresh.stat()
        if (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
            # Only root may give a file away; in a shared folder others may still replace it.
            with contextlib.suppress(PermissionError):
                os.chown(fresh, before.st_uid, before.st_gid)
        fresh.chmod(before.st_mode & 0o7777)
    if mode is not None:
        fresh.chmod(mode)


def replace_folder(fresh: Path, folder: Path) -> None:
    """Rename a complete folder to ``folder``; an earlier one is removed afterwards.

    Both are on one file system. Call it with a lock. Raises ``OSError``.
    """
    old = fresh.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    handle = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    shutil.rmtree(old, ignore_errors=True)


def keep_original(path: Path) -> Path:
    """Copy a file to ``NAME.before`` beside it; return the copy."""
    copy = path.with_name(f"{path.name}.before")
    copy.write_bytes(path.read_bytes())
    return copy


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Hold the lock file ``path`` and give its descriptor, which a child process may inherit.

    Waits for another holder, or raises ``Busy`` at once where ``wait`` is false. The kernel releases
    the lock when the last process that has the descriptor ends. Raises ``OSError``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise Busy(
                f"{path} is held by another process.",
                "Only one process at a time may change the files that this lock protects.",
                "Wait until that process has ended.",
            ) from error
        yield handle.fileno()
