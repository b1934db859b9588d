"""One HTTP server for all tests: serves a folder or one file, and fails on request."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
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
    modified_s: float | None = None  # seconds before the answer; None: no Last-Modified
    named_again: bool = True  # whether an answer with a range repeats the validators
    redirect: str = ""  # to where every request is sent
    if_range: bool = True
    length: bool = True
    down_after: int | None = None  # requests for wheels until no request is answered
    pause: float = 0.0  # seconds after each block
    block: int = 1 << 16
    served: list[tuple[str, int]] = field(default_factory=list)  # range asked for, bytes sent
    sent: dict[str, int] = field(default_factory=dict)  # path: bytes of all answers
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    times: dict[bytes, float] = field(default_factory=dict)  # content: when it was modified
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
        if of.redirect:
            self.send_response(302)
            self.send_header("Location", f"{of.redirect}/{path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
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
        modified = self._modified()
        ranged = of.ranges and "Range" in self.headers and self._unchanged(etag, modified)
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
        named = of.named_again or not ranged
        if etag and named:
            self.send_header("ETag", etag)
        if modified and named:
            self.send_header("Last-Modified", modified)
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

    def _modified(self) -> str:
        """Return the time of modification, the same for each answer to one content."""
        of = self.of
        if of.modified_s is None:
            return ""
        name = of.content if isinstance(of.content, bytes) else bytes(of.content)
        return formatdate(of.times.setdefault(name, time.time() - of.modified_s), usegmt=True)

    def _unchanged(self, etag: str, modified: str) -> bool:
        """Compare as RFC 9110 does: a weak ETag never equals the one of an If-Range."""
        asked = self.headers.get("If-Range")
        same = asked in (etag, modified) and not str(asked).startswith("W/")
        return not self.of.if_range or asked is None or same

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


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for loopback; return it and its key."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    argv += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*argv, "-keyout", key, "-out", made], check=True, capture_output=True)
    return made, key


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """A client that goes away is no news here."""


@contextlib.contextmanager
def listening(
    handler: type[BaseHTTPRequestHandler], certificate: Path | None = None, key: Path | None = None
) -> Iterator[str]:
    """Let a handler answer on loopback until the end of the block; yield the address."""
    server = _Server(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def serving(
    server: FileServer, certificate: Path | None = None, key: Path | None = None
) -> Iterator[FileServer]:
    """Serve until the end of the block; the address is in ``server.address``."""
    handler = type("Handler", (_Handler,), {"of": server})
    with listening(handler, certificate, key) as server.address:
        yield server
