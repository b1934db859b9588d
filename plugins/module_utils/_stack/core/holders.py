"""Who holds a lock: written into its file, for whoever waits for it."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import pwd
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import names, validation
from .construct import construct, plain, read
from .errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

# The most that a lock file holds, in bytes.
LIMIT = 1024
# Only such files: others that are locked, such as a part of a download, have a content of their own.
SUFFIX = ".lock"


def _since(value: object, where: str) -> str:
    text = validation.text(value, where)
    time.strptime(text, _TIME)
    return text


def _address(value: object, where: str) -> str | None:
    return None if value is None else str(ipaddress.ip_address(validation.text(value, where)))


_user = names.matching(r"[\w.@\\-]{1,64}", "the name of a user")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Holder:
    """A process of this host; ``since`` is a time in UTC, ``address`` that of its ssh client."""

    user: str = read(_user)
    process: int = read(validation.count)
    since: str = read(_since)
    address: str | None = read(_address, default=None)

    def __str__(self) -> str:
        """Return a phrase for a message."""
        origin = f" from {self.address}" if self.address else ""
        return f"{self.user}{origin}, process {self.process}, since {self.since}"


def note(path: Path, descriptor: int) -> None:
    """Write into a lock file that this process holds it; a full disk must not keep it from that."""
    if not path.name.endswith(SUFFIX):
        return
    client = os.environ.get("SSH_CONNECTION", "").partition(" ")[0]
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    me = Holder(user, os.getpid(), time.strftime(_TIME, time.gmtime()), client or None)
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(plain(me)).encode() + b"\n", 0)


def of(path: Path) -> Holder | None:
    """Return who holds a lock; None where its file does not say it, or names a process that does not."""
    try:
        data = validation.parse_json(names.read_regular(path, LIMIT))
        found = construct(Holder, data, path.name)
        return found if _holds(found.process, path) else None
    except (OSError, ValueError, StackError):
        return None


def _holds(process: int, path: Path) -> bool:
    """Return whether the kernel lists a lock of this process on a file.

    A holder that could not write its name, on a full disk, leaves that of the one before.
    """
    inode = str(path.stat().st_ino)
    with open("/proc/locks", encoding="ascii") as rows:  # noqa: PTH123
        # 1: FLOCK ADVISORY WRITE PROCESS MAJOR:MINOR:INODE START END
        fields = [row.split() for row in rows]
    return any(
        row[4] == str(process) and row[5].rpartition(":")[2] == inode
        for row in fields
        if len(row) > 5 and row[1] == "FLOCK"  # noqa: PLR2004
    )
