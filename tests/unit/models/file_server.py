"""A real HTTP server that serves one file with ranges, and misbehaves as asked."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server holds and how it treats the next requests."""

    data: bytes
    status: list[int] = field(default_factory=list)  # answered first, one for each request
    cut_after: list[int] = field(default_factory=list)  # bytes until the connection breaks
    ranges: bool = True
    marks: bool = True
    length: bool = True
    pause: float = 0.0  # after each 64 KiB
    served: list[tuple[str, int]] = field(default_factory=list)  # range asked for, bytes sent

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.data).hexdigest()[:16]}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: Behaviour

    def do_GET(self) -> None:
        behaviour = self.behaviour
        asked = self.headers.get("Range", "")
        if behaviour.status:
            self._refuse(behaviour.status.pop(0))
            return
        whole = behaviour.data
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0) if behaviour.ranges else 0
        same = self.headers.get("If-Range", behaviour.etag) == behaviour.etag
        start = start if same else 0
        if start >= len(whole) > 0 and start:
            self._refuse(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        if behaviour.marks:
            self.send_header("ETag", behaviour.etag)
        if behaviour.length:
            self.send_header("Content-Length", str(len(whole) - start))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self._send(whole[start:], asked)

    def _send(self, body: bytes, asked: str) -> None:
        behaviour = self.behaviour
        cut = behaviour.cut_after.pop(0) if behaviour.cut_after else None
        body = body if cut is None else body[:cut]
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < len(body):
                self.wfile.write(body[sent : sent + 65536])
                self.wfile.flush()
                sent = min(sent + 65536, len(body))
                time.sleep(behaviour.pause)
        behaviour.served.append((asked, sent))
        if cut is not None or not behaviour.length:
            self.close_connection = True

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """A client that goes away is no news here."""


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Serve until the end of the block; yields the address."""
    handler = type("Handler", (_Handler,), {"behaviour": behaviour})
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
