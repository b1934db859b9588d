"""Fetch files over HTTP so that each is whole and verified, or not there at all.

What has arrived lies in ``NAME.part``; what was known of it when it began (size and the server's
mark for the version) in ``NAME.part.json``. Going on asks the server for the rest of that same
version; where the file has changed meanwhile, the server sends all of it and it begins anew
(RFC 9110, sections 13.1.5 and 14).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import IO, TYPE_CHECKING, Any, Callable, Optional

from .errors import StackError
from .files import Busy, locked, replacing, size_and_sha256
from .http import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Progress = Callable[[int, Optional[int]], None]
Open = Callable[[urllib.request.Request], HTTPResponse]

TIMEOUT_S = 30.0
_BLOCK = 1 << 18
_PAUSE = 0.5  # seconds, once more for each failure in a row
_PARTIAL, _RANGE_REFUSED = 206, 416
_FOR_NOW = frozenset({408, 429, 500, 502, 503, 504})
_WHY_STATUS = {
    401: "The server wants a name and a password.",
    403: "The server refuses it: the link may have been withdrawn.",
    404: "The server does not have it: the link is dead.",
    410: "The server does not have it any more.",
}


class Unfetchable(StackError):
    """A file that could not be brought here; nothing that was there has changed."""


class Refused(StackError):
    """A file that arrived and is not what it should be; it was not put in place."""

    code = "download.checksum-mismatch"


class _Busy(OSError):
    """The server cannot answer now, or its answer broke off; it may do better later."""


class _Answer(Exception):
    """A status that brings no file."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the server answered {code} {reason}")
        self.code = code


@dataclass(frozen=True)
class Wanted:
    """A file to have at ``path``: ``sha256`` (hexadecimal) and ``size`` (bytes) where known.

    Where ``keep`` is set, a file that is there and differs is an error; else it is replaced.
    """

    url: str
    path: Path
    sha256: str | None = None
    size: int | None = None
    keep: bool = True


@dataclass(frozen=True)
class Got:
    """A whole file: its place, size in bytes and SHA-256, and whether it was fetched now."""

    path: Path
    size: int
    sha256: str
    new: bool


def open_url(request: urllib.request.Request) -> HTTPResponse:
    """Open an HTTP address; proxies and certificates are those of the environment."""
    return opened(request, TIMEOUT_S)


def _silent(_done: int, _total: int | None) -> None:
    """Tell nobody."""


def _anything(_path: Path) -> None:
    """Accept every content."""


def get(
    wanted: Wanted,
    *,
    progress: Progress = _silent,
    look: Callable[[Path], None] = _anything,
    attempts: int = 5,
    open_: Open = open_url,
) -> Got:
    """Return the file, from the network only where it is not there as it should be.

    ``look(path)`` may raise a StackError for a content that must not appear; ``attempts`` is how
    often in a row a connection may bring nothing new. Raises ``Unfetchable`` and ``Refused``.
    """
    with alone(wanted.path):
        if wanted.path.is_file():
            size, sha256 = size_and_sha256(wanted.path)
            if wanted.keep or not difference(wanted, size, sha256):
                _verify(wanted, size, sha256)
                discard(wanted.path)
                return Got(wanted.path, size, sha256, new=False)
        size, sha256 = _fetch(wanted, progress, attempts, open_)
        try:
            _verify(wanted, size, sha256)
            look(part_of(wanted.path))
        except StackError:
            discard(wanted.path)
            raise
        _accept(wanted.path)
        return Got(wanted.path, size, sha256, new=True)


@contextlib.contextmanager
def alone(target: Path) -> Iterator[None]:
    """Let only one process fetch a file; the lock goes with the process. Raises Unfetchable."""
    part, lock = part_of(target), contextlib.ExitStack()
    try:
        lock.enter_context(locked(part, wait=False))
    except Busy as error:
        message = f"{part} is being fetched by another process."
        raise Unfetchable(
            message,
            "Two would spoil each other's file.",
            "Wait for it.",
            code="download.in-progress",
        ) from error
    except OSError as error:
        raise _unwritable(str(part), error) from error
    with lock:
        try:
            yield
        finally:
            if part.exists() and part.stat().st_size == 0:
                part.unlink()


def part_of(target: Path) -> Path:
    """Return where a file lies while it arrives."""
    return target.with_name(f"{target.name}.part")


def discard(target: Path) -> None:
    """Throw away what was fetched of a file."""
    for path in (part_of(target), _notes(part_of(target))):
        if path.exists():
            path.unlink()


def takes_ranges(url: str, open_: Open = open_url) -> bool:
    """Tell whether a server gives parts of a file. Raises ``Unfetchable`` for a dead address."""
    try:
        with _ask(open_, url, {"Range": "bytes=0-0"}) as response:
            return response.status == _PARTIAL
    except _Answer as error:
        if error.code == _RANGE_REFUSED:  # an empty file
            return False
        raise _refused(url, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unfetchable(
            f"{url} cannot be reached.", f"{error}.", _AGAIN, code="download.unreachable"
        ) from error


def difference(wanted: Wanted, size: int, sha256: str) -> str:
    """Say in which way bytes are not what was wanted; nothing where they are."""
    if wanted.sha256 and wanted.sha256.lower() != sha256:
        return f"SHA-256 {sha256} ({size} bytes) differs from the expected {wanted.sha256}."
    if wanted.size is not None and wanted.size != size:
        return f"It has {size} bytes; {wanted.size} were expected."
    return ""


def _verify(wanted: Wanted, size: int, sha256: str) -> None:
    wrong = difference(wanted, size, sha256)
    if wrong:
        raise Refused(
            f"{wanted.path} is not the file that was expected.",
            f"{wrong} It comes from {wanted.url}.",
            "Look at the address in a browser; a proxy or a login page may have answered, or the "
            "file was replaced. A file in place is left as it is.",
        )


def _accept(target: Path) -> None:
    part = part_of(target)
    part.replace(target)
    discard(target)


def _fetch(wanted: Wanted, progress: Progress, attempts: int, open_: Open) -> tuple[int, str]:
    part, failures = part_of(wanted.path), 0
    while True:
        before = part.stat().st_size
        try:
            _receive(wanted.url, part, progress, open_)
            return size_and_sha256(part)
        except _Answer as error:
            if error.code not in _FOR_NOW:
                raise _refused(wanted.url, error) from error
            reason: Exception = error
        except (
            _Busy,
            urllib.error.URLError,
            ConnectionError,
            TimeoutError,
            # Until Python 3.10 another exception.
            socket.timeout,
            http.client.HTTPException,
        ) as error:
            reason = error
        except OSError as error:
            raise _unwritable(str(part), error) from error
        failures = 0 if part.stat().st_size > before else failures + 1
        if failures >= attempts:
            raise _interrupted(wanted.url, reason, attempts) from reason
        time.sleep(_PAUSE * failures)


def _receive(url: str, part: Path, progress: Progress, open_: Open) -> None:
    have = part.stat().st_size
    known = _load(_notes(part), url) if have else {}
    if not known:  # of another time or address: nothing vouches for these bytes
        have = 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if known["mark"]:
            headers["If-Range"] = known["mark"]
    try:
        response = _ask(open_, url, headers)
    except _Answer as error:
        if error.code != _RANGE_REFUSED or not have:
            raise
        if known["size"] == have:  # it was whole already
            progress(have, have)
            return
        _begin_anew(part)
        _receive(url, part, progress, open_)
        return
    with response:
        start, total = _place(response)
        if start not in (0, have) or (start and total != known["size"]):
            if not have:
                raise Unfetchable(
                    f"{url} cannot be fetched.",
                    "The server sent a part unasked.",
                    code="download.unexpected-answer",
                )
            _begin_anew(part)
            _receive(url, part, progress, open_)
            return
        known = {"url": url, "mark": _mark(response), "size": total}
        with replacing(_notes(part)) as fresh:
            fresh.write_text(json.dumps(known), encoding="utf-8")
        with part.open("r+b") as file:
            _write(response, file, (start, total), progress)
    if total is not None and part.stat().st_size != total:
        raise _Busy(f"{part.stat().st_size} of {total} bytes arrived")


def _write(
    response: HTTPResponse, file: IO[bytes], place: tuple[int, int | None], progress: Progress
) -> None:
    done, total = place
    file.truncate(done)
    file.seek(done)
    progress(done, total)
    try:
        for block in iter(lambda: _read(response), b""):
            file.write(block)
            done += len(block)
            progress(done, total)
    finally:
        file.flush()
        os.fsync(file.fileno())


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(_BLOCK)
    except OSError as error:  # the connection's, not the disk's
        raise _Busy(*error.args) from error


def _ask(open_: Open, url: str, headers: dict[str, str]) -> HTTPResponse:
    try:
        return open_(_request(url, headers))
    except urllib.error.HTTPError as error:
        with error:  # it holds the connection
            raise _Answer(error.code, str(error.reason)) from error


def _request(url: str, headers: dict[str, str]) -> urllib.request.Request:
    if not url.startswith(("http://", "https://")):
        raise Unfetchable(
            f"{url} is no address.",
            "It begins with neither http:// nor https://.",
            code="download.invalid-url",
        )
    try:
        return urllib.request.Request(url, headers=headers)  # noqa: S310  (checked above)
    except ValueError as error:
        raise Unfetchable(
            f"{url} is no address.", f"{error}.", code="download.invalid-url"
        ) from error


def _place(response: HTTPResponse) -> tuple[int, int | None]:
    """Return where the body begins and the size of the whole file, from ``bytes 5-9/10``."""
    if response.status != _PARTIAL:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    place, _slash, total = response.headers.get("Content-Range", "").partition("/")
    start = place[len("bytes ") :].partition("-")[0]
    return int(start) if start.isdigit() else -1, int(total) if total.isdigit() else None


def _mark(response: HTTPResponse) -> str | None:
    """Return what names this version for If-Range: only a strong mark does."""
    tag = str(response.headers.get("ETag", ""))
    if tag and not tag.startswith("W/"):
        return tag
    modified = response.headers.get("Last-Modified")
    return str(modified) if modified else None


_AGAIN = "Run the same command again: what has arrived is kept."


def _refused(url: str, error: _Answer) -> Unfetchable:
    cause = _WHY_STATUS.get(error.code, f"{error}.")
    hint = f"Give another address or a mirror, or put the file there yourself. {_AGAIN}"
    return Unfetchable(
        f"{url} cannot be fetched.", f"{cause} (HTTP {error.code})", hint, code="download.refused"
    )


def _interrupted(url: str, error: Exception, attempts: int) -> Unfetchable:
    cause = str(getattr(error, "reason", "") or error) or type(error).__name__
    return Unfetchable(
        f"{url} could not be fetched.",
        f"The connection failed {attempts} times in a row: {cause}.",
        _AGAIN,
        code="download.interrupted",
    )


def _unwritable(path: str, error: OSError) -> Unfetchable:
    return Unfetchable(
        f"{path} cannot be written.",
        f"{error.strerror}.",
        "Free the place.",
        code="file.not-writable",
    )


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _begin_anew(part: Path) -> None:
    os.truncate(part, 0)
    if _notes(part).exists():
        _notes(part).unlink()


def _load(path: Path, url: str) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(known, dict) and {"url", "mark", "size"} <= known.keys()
    return known if whole and known["url"] == url else {}
