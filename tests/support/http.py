"""One HTTP server for all tests: serves a folder or one file, and fails on request."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit


@dataclass
class FileServer:
    """What is served, how the next requests are treated, and what was sent.

    ``content`` is a folder, or the bytes that every path gives.
    """

    content: Path | bytes
    status: list[int] = field(default_factory=list)  # of the next answers, one for each request
    dead: dict[str, int] = field(default_factory=dict)  # path: status
    cut_after: list[int] = field(default_factory=list)  # bytes of the next answers
    cut: dict[str, int] = field(default_factory=dict)  # path: bytes of the file
    ranges: bool = True
    etag: str = "strong"  # or "weak", or "" for none
    if_range: bool = True
    length: bool = True
    down_after: int | None = None  # requests for wheels until no request is answered
    pause: float = 0.0  # seconds after each block
    block: int = 1 << 16
    served: list[tuple[str, int]] = field(default_factory=list)  # range asked for, bytes sent
    sent: dict[str, int] = field(default_factory=dict)  # path: bytes of all answers
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: list[int] = field(default_factory=list)  # of the requests whose answers have ended
    _count: Iterator[int] = field(default_factory=itertools.count)

    def note(self, number: int, asked: str, sent: int) -> None:
        """Record an answer at the place of its request, whichever ended first."""
        with self.lock:
            later = sum(other > number for other in self._numbers)
            self._numbers.append(number)
            self.served.insert(len(self.served) - later, (asked, sent))

    def open(self, path: str) -> tuple[BinaryIO, str] | None:
        """Open what is at a path, with its ETag; ``None`` where nothing is."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content), self._etag(hashlib.sha256(self.content).hexdigest())
        place = self.content / path
        if place.is_dir():
            place /= "index.html"
        if not place.is_file():
            return None
        file = place.open("rb")
        status = os.fstat(file.fileno())
        return file, self._etag(f"{status.st_size:x}-{status.st_mtime_ns:x}")

    def _etag(self, tag: str) -> str:
        return {"strong": f'"{tag}"', "weak": f'W/"{tag}"', "": ""}[self.etag]

    @property
    def folder(self) -> Path:
        assert isinstance(self.content, Path)
        return self.content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    of: FileServer

    def do_GET(self) -> None:
        of, path = self.of, unquote(urlsplit(self.path).path).lstrip("/")
        if of.down_after is not None:
            with of.lock:
                of.down_after -= path.endswith(".whl")
            if of.down_after < 0:
                self.close_connection = True
                return
        with of.lock:
            status = of.dead.get(path) or (of.status.pop(0) if of.status else 0)
        found = None if status else of.open(path)
        if found is None:
            self._refuse(status or 404)
            return
        with found[0] as file:
            self._answer(file, path, found[1])

    def _answer(self, file: BinaryIO, path: str, etag: str) -> None:
        of, size = self.of, file.seek(0, io.SEEK_END)
        ranged = of.ranges and "Range" in self.headers and self._unchanged(etag)
        begin, end = self._range(size) if ranged else (0, size)
        if begin >= size and ranged:
            self._refuse(416, f"bytes */{size}")
            return
        self.send_response(206 if ranged else 200)
        kind = (
            "text/html"
            if str(getattr(file, "name", "")).endswith(".html")
            else "application/octet-stream"
        )
        self.send_header("Content-Type", kind)
        if ranged:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        if of.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if etag:
            self.send_header("ETag", etag)
        if of.length:
            self.send_header("Content-Length", str(end - begin))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            stop = min(end, of.cut.get(path, end))
            if of.cut_after:
                stop = min(stop, begin + of.cut_after.pop(0))
            file.seek(begin)
            self._send(file, path, stop - begin)
            if stop < end or not of.length:
                self.close_connection = True

    do_HEAD = do_GET  # noqa: N815  (the base class calls it so)

    def _unchanged(self, etag: str) -> bool:
        """Compare as RFC 9110 does: a weak ETag never equals the one of an If-Range."""
        asked = self.headers.get("If-Range")
        return (
            not self.of.if_range or asked is None or (asked == etag and not etag.startswith("W/"))
        )

    def _range(self, size: int) -> tuple[int, int]:
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        return int(first or 0), min(int(last) + 1 if last else size, size)

    def _send(self, file: BinaryIO, path: str, count: int) -> None:
        of, left, number = self.of, count, next(self.of._count)
        with contextlib.suppress(ConnectionError):
            while left > 0 and (part := file.read(min(of.block, left))):
                with of.lock:  # first: who has the last byte may look at once
                    of.sent[path] = of.sent.get(path, 0) + len(part)
                self.wfile.write(part)
                self.wfile.flush()
                left -= len(part)
                time.sleep(of.pause)
        of.note(number, self.headers.get("Range", ""), count - left)

    def _refuse(self, status: int, content_range: str = "") -> None:
        self.send_response(status)
        if content_range:
            self.send_header("Content-Range", content_range)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """A client that goes away is no news here."""


@contextlib.contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Let a handler answer on loopback until the end of the block; yield the address."""
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def serving(server: FileServer) -> Iterator[FileServer]:
    """Serve until the end of the block; the address is in ``server.address``."""
    with listening(type("Handler", (_Handler,), {"of": server})) as server.address:
        yield server
