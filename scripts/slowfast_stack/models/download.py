"""Fetch a file over HTTP so that it is whole or not there at all.

What has arrived lies in ``NAME.part``; what was known of it when it began (size and the server's
mark for the version) in ``NAME.part.json``. Going on asks the server for the rest of that same
version; when the file has changed meanwhile, the server sends all of it and it begins anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from ansible_collections.slowfast.stack.plugins.module_utils._stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Progress = Callable[[int, int | None], None]

_BLOCK = 1 << 20
_PAUSE = 0.5  # seconds, once more for each failure in a row
_TIMEOUT = httpx.Timeout(30.0)
_PARTIAL, _OK, _RANGE_REFUSED = 206, 200, 416
_FOR_NOW = frozenset({429, 500, 502, 503, 504})
_WHY_STATUS = {
    403: "The server refuses it: the link may have been withdrawn.",
    404: "The server does not have it: the link is dead.",
    410: "The server does not have it any more.",
}


class Unfetchable(StackError):
    """A file that could not be brought here; nothing that was there has changed."""


class _Busy(httpx.TransportError):
    """The server cannot answer now; it may later."""


@dataclass(frozen=True)
class Fetched:
    """A whole file: its size and its digest."""

    size: int
    sha256: str


def fetch(
    url: str, target: Path, progress: Progress, client: httpx.Client, *, attempts: int
) -> Fetched:
    """Bring a file to ``target`` with ``.part`` appended, going on where an earlier run stopped.

    ``attempts`` is how often in a row a connection may bring nothing new.
    The caller holds ``alone(target)``, looks at the file, and accepts or discards it.
    """
    part, failures = part_of(target), 0
    while True:
        before = _size(part)
        try:
            return _receive(url, part, progress, client)
        except httpx.TransportError as error:
            failures = 0 if _size(part) > before else failures + 1
            if failures >= attempts:
                raise _interrupted(url, error, attempts) from error
            time.sleep(_PAUSE * failures)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unfetchable(f"{url} cannot be fetched.", f"{error}", _NEXT) from error
        except OSError as error:
            why = f"{part}: {error.strerror}"
            raise Unfetchable(f"{url} cannot be written.", why, "Free the place.") from error


@contextlib.contextmanager
def alone(target: Path) -> Iterator[None]:
    """Let only one process fetch a file; the lock goes with the process."""
    part = part_of(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            what = f"{part} is being fetched by another process."
            raise Unfetchable(what, "Two would spoil each other's file.", "Wait for it.") from error
        try:
            yield
        finally:
            if _size(part) == 0:
                part.unlink(missing_ok=True)


def part_of(target: Path) -> Path:
    """Return where a file lies while it arrives."""
    return target.with_name(f"{target.name}.part")


def accept(target: Path) -> None:
    """Let a fetched file appear under its name."""
    part = part_of(target)
    part.replace(target)
    _notes(part).unlink(missing_ok=True)


def discard(target: Path) -> None:
    """Throw away what was fetched."""
    part = part_of(target)
    part.unlink(missing_ok=True)
    _notes(part).unlink(missing_ok=True)


def digest(path: Path) -> Fetched:
    """Return size and SHA-256 of a file."""
    sha, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha.update(block)
            size += len(block)
    return Fetched(size, sha.hexdigest())


def client() -> httpx.Client:
    """Return a client that follows redirects, as downloads need it."""
    return httpx.Client(follow_redirects=True, timeout=_TIMEOUT)


def _receive(url: str, part: Path, progress: Progress, client: httpx.Client) -> Fetched:
    have = _size(part)
    known = _load(_notes(part), url) if have else {}
    if have and not known:  # of another time or address: nothing vouches for these bytes
        have = 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-"}
        headers |= {"If-Range": known["mark"]} if known["mark"] else {}
    with client.stream("GET", url, headers=headers) as response:
        start, total = _where(response, url, have, known)
        if start is None:
            _empty(part)
            return _receive(url, part, progress, client)
        _save(_notes(part), {"url": url, "mark": _mark(response), "size": total})
        _write(response, part, start, total, progress)
    done = digest(part)
    if total is not None and done.size != total:
        raise Unfetchable(
            f"{url} has {done.size} bytes instead of {total}.",
            "The server sent another length than it announced.",
            "Run the same command again; what has arrived is kept.",
        )
    return done


def _where(
    response: httpx.Response, url: str, have: int, known: dict[str, Any]
) -> tuple[int | None, int | None]:
    """Return where the body begins, None to begin anew, and the size of the whole file."""
    if response.status_code == _OK:
        return 0, _length(response)
    if response.status_code == _PARTIAL:
        start, total = _range(response)
        same = start == have and total == known["size"]
        return (have, total) if same else (None, total)
    if response.status_code == _RANGE_REFUSED and have:
        return (have, have) if known["size"] == have else (None, None)
    code = response.status_code
    if code in _FOR_NOW:
        raise _Busy(f"the server answered {code} {response.reason_phrase}")
    why = _WHY_STATUS.get(code, f"The server answered {code} {response.reason_phrase}.")
    raise Unfetchable(f"{url} cannot be fetched.", f"{why} (HTTP {code})", _NEXT)


_NEXT = "Give another address with --url or --mirror, or put the file there yourself: models check."


def _write(
    response: httpx.Response, part: Path, start: int, total: int | None, progress: Progress
) -> None:
    if response.status_code == _RANGE_REFUSED:
        return
    with part.open("r+b") as file:
        file.truncate(start)
        file.seek(start)
        done = start
        progress(done, total)
        for block in response.iter_raw():
            file.write(block)
            done += len(block)
            progress(done, total)
        file.flush()
        os.fsync(file.fileno())


def _range(response: httpx.Response) -> tuple[int, int | None]:
    """Read ``bytes 5-9/10``."""
    place, _, total = response.headers.get("Content-Range", "").partition("/")
    start = place.removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() else -1, int(total) if total.isdigit() else None


def _length(response: httpx.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _mark(response: httpx.Response) -> str | None:
    """Return what names this version for If-Range: only a strong mark does."""
    tag = str(response.headers.get("ETag", ""))
    if tag and not tag.startswith("W/"):
        return tag
    modified = response.headers.get("Last-Modified")
    return str(modified) if modified else None


def _interrupted(url: str, error: httpx.TransportError, attempts: int) -> Unfetchable:
    return Unfetchable(
        f"{url} could not be fetched.",
        f"The connection failed {attempts} times in a row: {str(error) or type(error).__name__}",
        "Run the same command again: it goes on where it stopped.",
    )


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _empty(part: Path) -> None:
    """Empty a partial file whose bytes are of another version."""
    os.truncate(part, 0)
    _notes(part).unlink(missing_ok=True)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _load(path: Path, url: str) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(known, dict) and {"url", "mark", "size"} <= known.keys()
    return known if whole and known["url"] == url else {}


def _save(path: Path, notes: dict[str, Any]) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(notes), encoding="utf-8")
    new.replace(path)
