"""Secrets that are planted in every way in, a server that asks for them, and a search for them."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import re
import secrets
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from support.http import listening

USER = "ivy"
BACKEND = "/usr/lib/git-core/git-http-backend"


class Canaries(dict[str, str]):
    """Secrets by the name of the way in; each one is unlike the others, and has to be encoded."""

    def __missing__(self, name: str) -> str:
        self[name] = f"{secrets.token_hex(6)}/+{name}"
        return self[name]

    def quoted(self, name: str) -> str:
        """Return a secret as it is written in an address."""
        return quote(self[name], safe="")

    def found_in(self, data: bytes) -> set[str]:
        """Return the names of the secrets that are in some bytes, in any way of writing."""
        text = data.decode("utf-8", "replace")
        return {name for name, value in self.items() if self._pattern(value).search(text)}

    @staticmethod
    def _pattern(value: str) -> re.Pattern[str]:
        ways = [value, quote(value), quote(value, safe=""), value.replace("/", "\\/")]
        ways += [re.sub("%..", lambda found: found.group().lower(), way) for way in ways]
        for padding in range(3):
            digits = base64.b64encode(bytes(padding) + value.encode()).decode()
            ways.append(digits[4:-4])
        ways += [way.replace("+", "-").replace("/", "_") for way in ways[-3:]]
        # The middle alone shows a secret as well.
        ways.append(value.partition("/")[0])
        return re.compile("|".join(map(re.escape, dict.fromkeys(ways))))


@dataclass
class Server:
    """A server of git, of packages and of files that answers no one without the password."""

    root: Path
    passwords: set[str]
    signature: str
    used: set[str] = field(default_factory=set)
    address: str = ""

    @contextlib.contextmanager
    def running(self) -> Iterator[Server]:
        """Serve until the end of the block."""
        with listening(type("Handler", (_Handler,), {"of": self})) as self.address:
            yield self

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 0


class _Handler(BaseHTTPRequestHandler):
    of: Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        signed = parse_qs(url.query).get("X-Amz-Signature") == [self.of.signature]
        if not signed and self._password() not in self.of.passwords:
            self._send(401, b"", {"WWW-Authenticate": 'Basic realm="test"'})
            return
        self.of.used.add(self._password())
        if url.path.startswith("/git/"):
            self._git(url.path.removeprefix("/git"), url.query)
        elif url.path.startswith("/elsewhere/"):
            place = f"http://localhost:{self.of.port}{url.path.removeprefix('/elsewhere')}"
            self._send(302, b"", {"Location": place})
        else:
            self._file(url.path.lstrip("/"))

    do_POST = do_GET  # noqa: N815  (the base class calls it so)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _password(self) -> str:
        scheme, _, text = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(text).decode().partition(":")[2] if scheme == "Basic" else ""

    def _file(self, path: str) -> None:
        place = self.of.root / path
        place = place / "index.html" if place.is_dir() else place
        if not place.is_file():
            self._send(404, b"")
            return
        kind = "text/html" if place.suffix == ".html" else "application/octet-stream"
        self._send(200, place.read_bytes(), {"Content-Type": kind})

    def _git(self, path: str, query: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.of.root / "git"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": USER,
        }
        done = subprocess.run(
            [BACKEND], input=body, env=environment, capture_output=True, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = int(headers.pop("Status", "200").split()[0])
        self._send(status, content, headers)

    def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


class Processes:
    """The command lines of all processes, read again and again while the block runs."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @contextlib.contextmanager
    def watched(self) -> Iterator[set[bytes]]:
        """Yield what is seen, which is complete after the block."""
        self._thread.start()
        try:
            yield self.seen
        finally:
            self._end.set()
            self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            for entry in os.listdir("/proc"):  # noqa: PTH208  (thousands of times)
                if entry.isdigit():
                    with contextlib.suppress(OSError), open(f"/proc/{entry}/cmdline", "rb") as file:  # noqa: PTH123
                        self.seen.add(file.read())
            time.sleep(0.02)


def commit(repository: Path, files: dict[str, str]) -> str:
    """Make a repository with these files in one commit, and return its id."""
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    for name, text in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    subprocess.run([*git, "config", "uploadpack.allowAnySHA1InWant", "true"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return head.stdout.strip()


def wheel(folder: Path, name: str, version: str) -> None:
    """Add an empty package to a folder of packages by name, as an index serves them."""
    made, info = io.BytesIO(), f"{name}-{version}.dist-info"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    file = f"{name}-{version}-py3-none-any.whl"
    (folder / name).mkdir(parents=True)
    (folder / name / file).write_bytes(made.getvalue())
    (folder / name / "index.html").write_text(f'<a href="{file}">{file}</a>')
