"""What root may use: files and folders that no other user can change.

The rule is that of ``StrictModes`` in sshd_config(5), for a path and every folder above it. Who is
not root may use whatever the system lets them use.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from .errors import StackError

ROOT = 0
_STAFF = 50
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def is_root() -> bool:
    """Return whether this process may do anything."""
    return os.geteuid() == ROOT


def require_own(path: Path, found: os.stat_result) -> None:
    """Raise ``StackError`` for what is no regular file, and as root for a file of another user."""
    if not stat.S_ISREG(found.st_mode):
        raise foreign(path, "It is not a regular file.")
    if is_root() and found.st_uid != ROOT:
        raise foreign(path, f"It belongs to the user {found.st_uid}.")
    if is_root() and found.st_nlink > 1:
        raise foreign(path, "It has more than one name.")


def require_private(path: Path) -> None:
    """As root, raise ``StackError`` where another user can change what ``path`` names."""
    if is_root() and (weakness := weakness_of(path)):
        raise untrusted(path, weakness)


def require_program(name: str) -> None:
    """As root, raise ``StackError`` for a program, given by its path, that another user can change.

    Whoever started this Python decided to trust what is installed beside it.
    """
    program = Path(name)
    if program.is_absolute() and program.parent != Path(sys.executable).parent:
        require_private(program)


def weakness_of(path: Path, *, scratch: bool = False) -> str:
    """Return how another user than root can change what a path names, empty where none can.

    Links are followed. Of a path that does not exist, the folders above it are judged. A folder in
    which users may only remove their own files, such as /tmp, may be above it; with ``scratch`` it
    may also be the path itself.
    """
    steps, place, links = list(reversed(path.absolute().parts[1:])), Path("/"), 0
    if found := _weak(place, place.lstat(), last=not steps and not scratch):
        return found
    while steps:
        step = steps.pop()
        if step == "..":
            place = place.parent
            continue
        place = place / step
        try:
            state = place.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        if stat.S_ISLNK(state.st_mode):
            links += 1
            target = place.readlink()
            if state.st_uid != ROOT or links > 40:  # noqa: PLR2004  (as the kernel, path_resolution(7))
                return f"{place} is a link of the user {state.st_uid}."
            place = Path("/") if target.is_absolute() else place.parent
            steps += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        elif found := _weak(place, state, last=not steps and not scratch):
            return found
    return ""


def _weak(place: Path, state: os.stat_result, *, last: bool) -> str:
    if _is_staffs(place, state):
        return ""
    if state.st_uid != ROOT:
        return f"{place} belongs to the user {state.st_uid}."
    sticky = stat.S_ISDIR(state.st_mode) and state.st_mode & stat.S_ISVTX and not last
    if state.st_mode & _OTHERS and not sticky:
        return (
            f"{place} has the mode {stat.S_IMODE(state.st_mode):o}: others than root can write it."
        )
    return ""


def foreign(path: object, cause: str) -> StackError:
    """Return the error for a file in a place where this project makes its own."""
    return StackError(
        f"{path} is not used.",
        f"{cause} Writing to it could change another file.",
        "Remove it, or run as the user who owns it.",
        code="file.untrusted",
    )


def _is_staffs(place: Path, state: os.stat_result) -> bool:
    """Return whether the group staff may write there, which is root's equal on Debian (policy 9.1.2)."""
    local = Path("/usr/local") in (place, *place.parents)
    return local and state.st_gid == _STAFF and state.st_uid == ROOT and not state.st_mode & 0o002


def untrusted(path: object, cause: str) -> StackError:
    """Return the error for what root does not use."""
    return StackError(
        f"{path} is not used.",
        f"{cause} What another user can change must not be used by root.",
        "Let it and every folder above it belong to root without write permission for others "
        "(`chown root`, `chmod go-w`), choose another place, or run as the user who owns it.",
        code="file.untrusted",
    )
