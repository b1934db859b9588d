"""Download files over HTTP: they resume, are verified, and appear complete or not at all.

Received bytes are in ``NAME.part``; size and strong validator of the version that they belong to in
``NAME.part.json``. To resume, the rest of that version is requested; if the file has changed since,
the server sends all of it (RFC 9110, sections 13.1.5 and 14). An answer with another validator or
without one is not appended, and without a strong validator a download starts again.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPResponse
from typing import IO, TYPE_CHECKING, Callable, Optional

from . import saved
from .errors import StackError, not_writable
from .files import Busy, locked, open_own, size_and_sha256
from .http import opened
from .progress import Progress, silent
from .redaction import redacted
from .validation import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Open = Callable[[urllib.request.Request], HTTPResponse]
Report = Callable[[int, Optional[int]], None]

TIMEOUT_S = 30.0
SCHEMA = 1
_BLOCK = 1 << 18
_PAUSE = 0.5  # seconds, times the number of failures in a row
_SETTLED_S = 60
_PARTIAL, _RANGE_REFUSED = 206, 416
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
_CAUSES = {
    401: "The server requires a user name and a password.",
    403: "The server refuses access: the link may have expired.",
    404: "The server does not have it: the link is broken.",
    410: "The server no longer has it.",
}


class DownloadError(StackError):
    """A file that could not be downloaded; an existing file has not changed."""


class MismatchError(StackError):
    """A downloaded file that is not the expected one; it was discarded."""

    code = "download.checksum-mismatch"


class _TemporaryError(OSError):
    """The server cannot answer now, or its response was truncated; a retry may succeed."""


class _StatusError(Exception):
    """A response whose status is an error."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the server answered {code} {reason}")
        self.code = code


@dataclass(frozen=True)
class _Version:
    """A file as a server sent it: its redacted address, its strong validator, its size in bytes."""

    url: str
    validator: str | None = None
    size: int | None = None
    schema: int = SCHEMA


@dataclass(frozen=True)
class Download:
    """A file to download to ``path``: ``sha256`` (hexadecimal) and ``size`` (bytes) where known.

    If ``keep`` is set, an existing file that differs is an error; else it is replaced.
    """

    url: str
    path: Path
    sha256: str | None = None
    size: int | None = None
    keep: bool = True


@dataclass(frozen=True)
class Downloaded:
    """A complete file: its path, size in bytes and SHA-256, and whether it was downloaded now."""

    path: Path
    size: int
    sha256: str
    new: bool


def open_url(request: urllib.request.Request) -> HTTPResponse:
    """Open an HTTP address; proxies and certificates are those of the environment."""
    return opened(request, TIMEOUT_S)


def _accept_any(_path: Path) -> None:
    """Accept every content."""


def get(
    download: Download,
    *,
    progress: Progress = silent,
    validate: Callable[[Path], None] = _accept_any,
    attempts: int = 5,
    open_: Open = open_url,
) -> Downloaded:
    """Return the file; download it if it is missing, or differs and may be replaced.

    ``validate(path)`` may raise a StackError for a content that must not appear; ``attempts`` is how
    often in a row a connection may fail without receiving data. Raises ``DownloadError`` and
    ``MismatchError``.
    """
    with exclusive(download.path):
        if download.path.is_file():
            size, sha256 = size_and_sha256(download.path)
            if download.keep or not difference(download, size, sha256):
                _verify(download, size, sha256)
                discard(download.path)
                return Downloaded(download.path, size, sha256, new=False)
        size, sha256 = _fetch(download, partial(progress, download.path.name), attempts, open_)
        try:
            _verify(download, size, sha256)
            validate(part_of(download.path))
        except StackError:
            discard(download.path)
            raise
        _accept(download.path)
        return Downloaded(download.path, size, sha256, new=True)


@contextlib.contextmanager
def exclusive(target: Path) -> Iterator[None]:
    """Let only one process download a file; its end releases the lock. Raises DownloadError."""
    part, lock = part_of(target), contextlib.ExitStack()
    try:
        lock.enter_context(locked(part, wait=False))
    except Busy as error:
        message = f"{part} is being downloaded by another process."
        raise DownloadError(
            message,
            "Concurrent downloads would corrupt the file.",
            "Wait for it.",
            code="download.in-progress",
        ) from error
    except OSError as error:
        raise not_writable(part, error) from error
    with lock:
        try:
            yield
        finally:
            if part.exists() and part.stat().st_size == 0:
                part.unlink()


def part_of(target: Path) -> Path:
    """Return the path of a file while it is downloaded."""
    return target.with_name(f"{target.name}.part")


def discard(target: Path) -> None:
    """Remove the incomplete download of a file."""
    for path in (part_of(target), _state_file(part_of(target))):
        if path.exists():
            path.unlink()


def takes_ranges(url: str, open_: Open = open_url) -> bool:
    """Return whether a server supports ranges. Raises ``DownloadError`` if it has no such file."""
    try:
        with _ask(open_, url, {"Range": "bytes=0-0"}) as response:
            return response.status == _PARTIAL
    except _StatusError as error:
        if error.code == _RANGE_REFUSED:  # an empty file
            return False
        raise _refused(url, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(
            f"{url} cannot be reached.", f"{error}.", _AGAIN, code="download.unreachable"
        ) from error


def difference(download: Download, size: int, sha256: str) -> str:
    """Return how a file differs from the expected one; empty if it does not."""
    if download.sha256 and download.sha256.lower() != sha256:
        return f"SHA-256 {sha256} ({size} bytes) differs from the expected {download.sha256}."
    if download.size is not None and download.size != size:
        return f"It has {size} bytes; {download.size} were expected."
    return ""


def _verify(download: Download, size: int, sha256: str) -> None:
    wrong = difference(download, size, sha256)
    if wrong:
        raise MismatchError(
            f"{download.path} is not the expected file.",
            f"{wrong} It comes from {download.url}.",
            "Open the address in a browser: a proxy or a login page may have answered, or the "
            "file was replaced. An existing file is not changed.",
        )


def _accept(target: Path) -> None:
    part = part_of(target)
    part.replace(target)
    discard(target)


def _fetch(download: Download, report: Report, attempts: int, open_: Open) -> tuple[int, str]:
    part, failures = part_of(download.path), 0
    while True:
        before = part.stat().st_size
        try:
            _receive(download, part, report, open_)
            return size_and_sha256(part)
        except _StatusError as error:
            if error.code not in _TEMPORARY:
                raise _refused(download.url, error) from error
            reason: Exception = error
        except (
            _TemporaryError,
            urllib.error.URLError,
            ConnectionError,
            TimeoutError,
            # Until Python 3.10 another exception.
            socket.timeout,
            http.client.HTTPException,
        ) as error:
            reason = error
        except OSError as error:
            raise not_writable(part, error) from error
        failures = 0 if part.stat().st_size > before else failures + 1
        if failures >= attempts:
            raise _interrupted(download.url, reason, attempts) from reason
        time.sleep(_PAUSE * failures)


def _receive(download: Download, part: Path, report: Report, open_: Open) -> None:
    known = _resumable(download, part)
    have = part.stat().st_size if known else 0
    headers = {"Accept-Encoding": "identity"}
    if known:
        headers["Range"] = f"bytes={have}-"
        headers["If-Range"] = str(known.validator)
    try:
        response = _ask(open_, download.url, headers)
    except _StatusError as error:
        if error.code != _RANGE_REFUSED or not known:
            raise
        if known.size == have:  # it was complete already
            report(have, have)
            return
        _restart(part)
        _receive(download, part, report, open_)
        return
    with response:
        start, total = _place(response)
        found = _Version(redacted(download.url), _validator(response), total)
        if start not in (0, have) or (start and known != found):
            if not known:
                raise DownloadError(
                    f"{download.url} cannot be downloaded.",
                    "The server sent a range that was not requested.",
                    "Run again, or use another mirror.",
                    code="download.unexpected-answer",
                )
            _restart(part)
            _receive(download, part, report, open_)
            return
        if not start:
            saved.save(_state_file(part), found)
        with open_own(part) as file:
            _write(response, file, (start, total), report)
    if total is not None and part.stat().st_size != total:
        raise _TemporaryError(f"{part.stat().st_size} of {total} bytes arrived")


def _write(
    response: HTTPResponse, file: IO[bytes], place: tuple[int, int | None], report: Report
) -> None:
    done, total = place
    file.truncate(done)
    file.seek(done)
    report(done, total)
    try:
        for block in iter(lambda: _read(response), b""):
            file.write(block)
            done += len(block)
            report(done, total)
    finally:
        file.flush()
        os.fsync(file.fileno())


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(_BLOCK)
    except OSError as error:  # the connection's, not the disk's
        raise _TemporaryError(*error.args) from error


def _ask(open_: Open, url: str, headers: dict[str, str]) -> HTTPResponse:
    try:
        return open_(_request(url, headers))
    except urllib.error.HTTPError as error:
        with error:  # it holds the connection
            raise _StatusError(error.code, str(error.reason)) from error


def _request(url: str, headers: dict[str, str]) -> urllib.request.Request:
    if not url.startswith(("http://", "https://")):
        raise DownloadError(
            f"{url} is not a valid address.",
            "It starts with neither http:// nor https://.",
            "Correct the address.",
            code="download.invalid-url",
        )
    try:
        return urllib.request.Request(url, headers=headers)  # noqa: S310  (checked above)
    except ValueError as error:
        raise DownloadError(
            f"{url} is not a valid address.",
            f"{error}.",
            "Correct the address.",
            code="download.invalid-url",
        ) from error


def _place(response: HTTPResponse) -> tuple[int, int | None]:
    """Return where the body begins and the size of the complete file, from ``bytes 5-9/10``."""
    if response.status != _PARTIAL:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if is_number(length) else None
    place, _slash, total = response.headers.get("Content-Range", "").partition("/")
    start = place[len("bytes ") :].partition("-")[0]
    return int(start) if is_number(start) else -1, int(total) if is_number(total) else None


def _validator(response: HTTPResponse) -> str | None:
    """Return the validator of this version for If-Range; None where it has no strong one.

    A time of modification is strong where the answer is at least a minute younger (RFC 9110,
    section 8.8.2.2): within a second, a file may have changed twice.
    """
    tag = str(response.headers.get("ETag", ""))
    if tag:
        return None if tag.startswith("W/") else tag
    modified, sent = (response.headers.get(name) for name in ("Last-Modified", "Date"))
    try:
        age = parsedate_to_datetime(str(sent)) - parsedate_to_datetime(str(modified))
    except (TypeError, ValueError):
        return None
    return str(modified) if age.total_seconds() >= _SETTLED_S else None


_AGAIN = "Run the same command again; it resumes."


def _refused(url: str, error: _StatusError) -> DownloadError:
    cause = _CAUSES.get(error.code, f"{error}.")
    hint = f"Use another address or a mirror, or copy the file to its place. {_AGAIN}"
    return DownloadError(
        f"{url} cannot be downloaded.",
        f"{cause} (HTTP {error.code})",
        hint,
        code="download.refused",
    )


def _interrupted(url: str, error: Exception, attempts: int) -> DownloadError:
    cause = str(getattr(error, "reason", "") or error) or type(error).__name__
    return DownloadError(
        f"{url} could not be downloaded.",
        f"The connection failed {attempts} times in a row: {cause}.",
        _AGAIN,
        code="download.interrupted",
    )


def _state_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _restart(part: Path) -> None:
    with open_own(part) as file:
        file.truncate(0)
    if _state_file(part).exists():
        _state_file(part).unlink()


def _resumable(download: Download, part: Path) -> _Version | None:
    """Return the version that the received bytes belong to; None if the download starts again."""
    known = saved.load(_Version, _state_file(part), SCHEMA)
    if known is None or not known.validator or known.url != redacted(download.url):
        return None
    return known if part.stat().st_size else None
