"""What a record, an archive or another host may name: bare files, paths inside a folder, digests.

Each function returns the value where it is harmless as a part of a path or of a command line, and
raises ``StackError`` for anything else. They fit `construct.read`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import TYPE_CHECKING, Any, Callable

from . import redaction
from .errors import StackError
from .validation import LONGEST_SHOWN, InvalidValueError, bad

if TYPE_CHECKING:
    from pathlib import Path

    Reader = Callable[[Any, str], str]

_PATH_LIMIT = 1024
# A saved record of this project has at most a few thousand rows.
RECORD_LIMIT = 16 << 20  # bytes


def matching(pattern: str, wanted: str) -> Reader:
    """Return a reader of text that ``pattern`` matches from its first character to its last."""
    compiled = re.compile(pattern)

    def reader(value: Any, where: str) -> str:  # noqa: ANN401  (it is from outside)
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise bad(where, wanted, shortened(value))
        return str(value)

    return reader


def shortened(value: object) -> object:
    """Return a value for a message: long text is cut, and a value of another type is named."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 3] + "..."
    return value if isinstance(value, (int, float, type(None))) else type(value).__name__


CREDENTIALS = (
    "Omit them; they come from git's credential helper, ~/.netrc or the environment of the user who"
    " downloads. See docs/credentials.md."
)
sha256 = matching(r"[0-9a-f]{64}", "64 hexadecimal digits")
stack_id = matching(r"[0-9a-f]{12}", "the id of a stack, 12 hexadecimal digits")


# Not an option, and not EXT::ADDRESS, for which git runs a program.
_address = matching(
    r"(?!-)(?![A-Za-z0-9+.-]*::)[^\x00-\x20\x7f]+(?: [^\x00-\x20\x7f]+)*", "an address or a path"
)


def address(value: object, where: str) -> str:
    """Return an address or a path without a user, a password or a query: it is stored and shown."""
    text = _address(value, where)
    if not redaction.is_clean(text):
        raise InvalidValueError(
            where,
            "an address without user, password and query",
            redaction.redacted(text),
            CREDENTIALS,
            code="data.secret-in-address",
        )
    return text


package = matching(r"[~A-Za-z0-9][A-Za-z0-9._+-]{0,127}", "the name of a package")
package_version = matching(r"[A-Za-z0-9][A-Za-z0-9.!+:~^_-]{0,127}", "the version of a package")


def bare_name(value: object, where: str) -> str:
    """Return the name of a file without a folder."""
    text = value if isinstance(value, str) else ""
    if text in ("", ".", "..") or "/" in text or not text.isprintable() or len(text) > 255:  # noqa: PLR2004
        raise bad(where, "the name of a file without a folder", shortened(value))
    return str(text)


def relative_path(value: object, where: str) -> str:
    """Return a path below a folder: relative, without ``..``, hidden folders are allowed."""
    text = value if isinstance(value, str) else ""
    parts = text.split("/")
    clean = all(part not in ("", ".", "..") and part.isprintable() for part in parts)
    if not clean or len(text) > _PATH_LIMIT or "\\" in text:
        raise bad(where, "a relative path inside of its folder", shortened(value))
    return str(text)


def is_regular(path: Path) -> bool:
    """Return whether ``path`` is a regular file itself: no link, folder, pipe or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def inside(folder: Path, name: str) -> Path:
    """Return the regular file ``name`` below ``folder``, to which no link leads.

    Raises ``StackError``, also where it does not exist.
    """
    path = folder / relative_path(name, "The name of a file")
    if not is_regular(path) or path.resolve() != folder.resolve() / name:
        raise StackError(
            f"{shortened(name)} is not used.",
            f"It is no regular file inside of {folder}, or a link leads to it.",
            "Remove it, then run again.",
            code="file.not-inside",
        )
    return path


def read_regular(path: Path, limit: int = RECORD_LIMIT) -> bytes:
    """Return the bytes of a regular file of at most ``limit`` bytes.

    A link is not followed, and a pipe is not waited for. Raises OSError; its ``strerror`` says what
    the file is.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "It is a link", str(path)) from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "It is no regular file", str(path))
    with os.fdopen(handle, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"It has more than {limit} bytes", str(path))
    return content
