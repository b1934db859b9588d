"""Credentials go to the server that they are for, and to no other."""

from __future__ import annotations

import base64
import io
import urllib.request
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import http
from support.errors import fails
from support.http import listening

PASSWORD = "s3cr3t/+x"  # noqa: S105
ENCODED = "s3cr3t%2F%2Bx"


class Echo(BaseHTTPRequestHandler):
    """Answers with the password that it got; /to/ADDRESS is a redirect."""

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", f"http://{self.path.removeprefix('/to/')}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        text = self.headers.get("Authorization", "").partition(" ")[2]
        body = base64.b64decode(text) or b"nothing"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the host and port of a server; nothing of this user's own counts."""
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX"):
        monkeypatch.delenv(name, raising=False)
    with listening(Echo) as address:
        yield urlsplit(address).netloc


def got(url: str) -> str:
    with http.opened(url, 5) as answer:
        return answer.read().decode()


def test_user_and_password_of_an_address_are_sent_and_taken_out_of_it(place: str) -> None:
    with http.opened(f"http://ivy:{ENCODED}@{place}/", 5) as answer:
        assert answer.read().decode() == f"ivy:{PASSWORD}"
        assert answer.geturl() == f"http://{place}/"


def test_netrc_counts_for_the_host_that_it_names(place: str, tmp_path: Path) -> None:
    assert got(f"http://{place}/") == "nothing"
    (tmp_path / "netrc").write_text(
        f"machine 127.0.0.1 login ivy password {PASSWORD}\ndefault login x password y\n"
    )
    assert got(f"http://{place}/") == f"ivy:{PASSWORD}"
    assert got(f"http://{place}/".replace("127.0.0.1", "localhost")) == "nothing"


@pytest.mark.parametrize("written", ["{}", "own={} http://127.0.0.1:1/", "http://a/ {}"])
def test_an_index_of_uv_counts_for_its_server(
    written: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = f"http://ivy:{ENCODED}@{place}/simple"
    monkeypatch.setenv("UV_INDEX", written.format(index))
    assert got(f"http://{place}/file") == f"ivy:{PASSWORD}"
    other = f"http://{place}/file".replace("127.0.0.1", "localhost")
    assert got(other) == "nothing"


def test_a_redirect_carries_no_password_to_another_server(place: str) -> None:
    port = place.partition(":")[2]
    assert got(f"http://ivy:{ENCODED}@{place}/to/localhost:{port}/") == "nothing"
    # What a server writes into an address is not sent either.
    assert got(f"http://{place}/to/eve:hers@localhost:{port}/") == "nothing"


def test_no_header_for_one_server_reaches_another(place: str) -> None:
    token = base64.b64encode(b"ivy:x").decode()
    request = urllib.request.Request(f"http://{place}/to/{place}/")
    request.add_header("Authorization", f"Basic {token}")
    with http.opened(request, 5) as answer:
        assert answer.read() == b"nothing"


def test_from_https_no_redirect_leads_to_http() -> None:
    request = urllib.request.Request("https://example.org/a")
    follow = http._Redirects().redirect_request
    with fails("download.downgrade"):
        follow(request, io.BytesIO(), 302, "Found", Message(), "http://example.org/a")
    made = follow(request, io.BytesIO(), 302, "Found", Message(), "https://example.org/b")
    assert made
    assert made.full_url == "https://example.org/b"
