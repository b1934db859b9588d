"""Files and folders: SHA-256, atomic replacement, locks."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import shutil
import stat
from typing import IO, TYPE_CHECKING, Union

from . import holders, ownership
from .errors import StackError, not_writable

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
    with path.open("rb", buffering=0) as file:
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
        with replacing(path, mode=mode) as fresh, open_own(fresh) as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                for text in [content] if isinstance(content, str) else content:
                    file.write(text.encode())
    except OSError as error:
        raise not_writable(path, error) from error


@contextlib.contextmanager
def replacing(
    path: Path, *, mode: int | None = None, fresh: Path | None = None, suffix: str = ""
) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename the file made there to ``path`` at the end.

    The file takes over owner and mode of the one it replaces; ``mode`` overrides. File and folder
    are on the disk when this returns. After an error the temporary file is removed; what a killed
    process left is removed by the next call for the same file. ``fresh`` is the temporary name
    where the caller has a lock, ``suffix`` the end of its name where not. Raises ``OSError``.
    """
    held = None
    if fresh is None:
        fresh = path.with_name(f".{path.name[:50]}.new{suffix}")
        held = _claimed(fresh, 0o666 if mode is None else 0o600)
    elif fresh.exists() or fresh.is_symlink():
        open_own(fresh).close()  # what is written there could be followed
    try:
        yield fresh
        with open_own(fresh) as file:
            _take_over(path, file.fileno(), mode)
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        if held is not None:
            os.close(held)


def _claimed(fresh: Path, mode: int) -> int:
    """Create a temporary file for this process alone; return the descriptor that locks it."""
    while True:
        try:
            handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except FileExistsError:
            _remove_left(fresh)
            continue
        _lock(handle)
        if _names(fresh, handle):
            return handle
        os.close(handle)  # another process took it for the file of a killed one


def _remove_left(fresh: Path) -> None:
    """Remove a temporary file once its writer has ended."""
    try:
        handle = os.open(fresh, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        # A link, or a file of another user.
        fresh.unlink(missing_ok=True)
        return
    try:
        _lock(handle)
        if _names(fresh, handle):
            fresh.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        # Some network file systems have no locks.
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise


def _names(path: Path, handle: int) -> bool:
    """Return whether a path still names the file of a descriptor."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _take_over(path: Path, handle: int, mode: int | None) -> None:
    if path.is_file():
        before, now = path.stat(), os.fstat(handle)
        if (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
            # Only root may give a file away; in a shared folder others may still replace it.
            with contextlib.suppress(PermissionError):
                os.fchown(handle, before.st_uid, before.st_gid)
        os.fchmod(handle, before.st_mode & 0o7777)
    if mode is not None:
        os.fchmod(handle, mode)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # of a file system that cannot sync folders
            raise
    finally:
        os.close(handle)


def replace_link(link: Path, target: Path) -> None:
    """Let a link name ``target`` with one rename. Call it with a lock. Raises ``OSError``."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    _sync_folder(link.parent)


def fresh_folder(folder: Path) -> Path:
    """Return the name under which to make the new ``folder``, without what killed processes left there.

    Call it with a lock, also where nothing is to be made. Raises ``OSError``.
    """
    fresh, old = (folder.with_name(f".{folder.name}.{end}") for end in ("new", "old"))
    for left in (fresh, old):
        if left.exists():
            shutil.rmtree(left)
    return fresh


def replace_folder(fresh: Path, folder: Path) -> None:
    """Rename a complete folder to ``folder``; an earlier one is removed afterwards.

    Both are on one file system. Call it with a lock. Raises ``OSError``.
    """
    old = fresh.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists() and _exchanged(fresh, folder):
        old = fresh
    else:
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    _sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names at once; return False where this system cannot (renameat2(2))."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except AttributeError:  # glibc before 2.28
        return False
    return bool(rename(-100, os.fsencode(one), -100, os.fsencode(other), 2) == 0)


def keep_original(path: Path) -> Path:
    """Copy a file to ``NAME.before`` beside it; return the copy."""
    copy = path.with_name(f"{path.name}.before")
    atomic_write(copy, path.read_bytes())
    return copy


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Hold the lock file ``path`` and give its descriptor, which a child process may inherit.

    Waits for another holder, or raises ``Busy`` at once where ``wait`` is false. The kernel releases
    the lock when the last process that has the descriptor ends. Raises ``OSError``, and
    ``StackError`` for a lock that another user could have made for root.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_own(path, create=True) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise Busy(
                f"{path} is held by {holders.of(path) or 'another process'}.",
                "Only one process at a time may change the files that this lock protects.",
                "Wait until that process has ended.",
            ) from error
        holders.note(path, handle.fileno())
        yield handle.fileno()


def is_held(path: Path) -> bool:
    """Return whether a process holds a lock file, which exists; True where that cannot be found out."""
    try:
        with open_own(path) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (OSError, StackError):
        return True
    return False


def open_own(path: Path, *, create: bool = False) -> IO[bytes]:
    """Open a file for reading and writing at its start: neither a link nor, for root, another user's.

    With ``create`` a missing one is made. Raises ``OSError``, and ``StackError`` for another file.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags | (os.O_CREAT if create else 0), 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ownership.foreign(path, "It is a link.") from error
        raise
    try:
        ownership.require_own(path, os.fstat(handle))
    except StackError:
        os.close(handle)
        raise
    return os.fdopen(handle, "r+b")


def private_log(path: Path) -> IO[str]:
    """Open a log to append text, which its owner alone reads, also where it existed. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        os.fchmod(handle, 0o600)
    return os.fdopen(handle, "a", encoding="utf-8", errors="replace")
