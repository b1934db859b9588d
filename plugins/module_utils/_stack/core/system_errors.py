"""Name what the operating system refused, by the number of the error."""

from __future__ import annotations

import errno
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from .errors import StackError, reason

if TYPE_CHECKING:
    from pathlib import Path

_TEMPORARY = 1 << 20  # bytes


class _Refusal(NamedTuple):
    """Why a call failed, and what to do next."""

    cause: str
    hint: str


_SPACE = "Free disk space there, or set TMPDIR to a folder with space if it is a temporary one."
_ALLOW = "Make it accessible to this user, or run as another one."
_REFUSALS = {
    errno.ENOSPC: _Refusal("The file system is full.", _SPACE),
    errno.EDQUOT: _Refusal("The quota of the disk is used up.", _SPACE),
    errno.EROFS: _Refusal("The file system is read-only.", "Use another folder, or remount it."),
    errno.EACCES: _Refusal("Access was denied.", _ALLOW),
    errno.EPERM: _Refusal("The operation is not permitted.", _ALLOW),
    errno.EIO: _Refusal("The device reported an error.", "See `dmesg`: the disk may be failing."),
    errno.EMFILE: _Refusal("This process has too many open files.", "Raise `ulimit -n`."),
    errno.ENFILE: _Refusal("The system has too many open files.", "Close other programs."),
    errno.ENOMEM: _Refusal("There is no memory left.", "Close other programs."),
    errno.ELOOP: _Refusal("Links lead in a circle.", "Remove the link."),
    errno.ENAMETOOLONG: _Refusal("The name is too long.", "Use a shorter path."),
}


def of_the_system(error: OSError) -> StackError | None:
    """Return the error that names what the system refused; None where it may be another fault."""
    if "No usable temporary directory" in str(error):  # tempfile reports a missing file
        return StackError(
            "No temporary file can be written.",
            "The temporary folders are full, or not writable.",
            "Free disk space there, or set TMPDIR to a folder with space.",
            code="system.refused",
        )
    refusal = _REFUSALS.get(error.errno or 0)
    if refusal is None:
        return None
    what = f"{error.filename} cannot be used." if error.filename else "The system refused a call."
    return StackError(what, refusal.cause, refusal.hint, code="system.refused")


def require_temporary_space(folder: Path) -> None:
    """Raise ``StackError`` where a folder for temporary files has no space for a few of them.

    Programs that need one, such as uv, would fail with it, and look as if there was no network.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_TEMPORARY))
    except OSError as error:
        cause = _REFUSALS.get(error.errno or 0, _Refusal(reason(error), "")).cause
        raise StackError(
            f"The folder for temporary files {folder} cannot be used.",
            cause,
            "Free disk space there, or set TMPDIR to a folder with space.",
            code="system.refused",
        ) from error
