"""Open a URL with the standard library; proxies, certificates and netrc are those of the environment.

A user and password of an address, of its server among uv's indexes, or of its host in netrc, are
sent to that server alone: a redirect does not carry them on. From https none leads to http.
"""

from __future__ import annotations

import base64
import functools
import netrc
import os
import re
import ssl
import threading
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from .errors import StackError

if TYPE_CHECKING:
    from http.client import HTTPMessage, HTTPResponse

# An index may have a name: NAME=ADDRESS.
_NAMED = re.compile(r"^[\w.-]+=(?=[a-z]+://)")
_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
_READING = threading.Lock()
# Headers that are for one server.
_OWN = ("Authorization", "Cookie", "X-auth-token")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow a redirect without the credentials of its server, and never from https to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request for the new address. Raises ``StackError`` for a downgrade."""
        if req.type == "https" and not newurl.startswith("https://"):
            fp.close()
            raise StackError(
                f"{req.full_url} cannot be downloaded.",
                f"The server redirects to {newurl}, which is not encrypted.",
                "Use another address or a mirror.",
                code="download.downgrade",
            )
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None:
            for name in _OWN:
                new.remove_header(name)
            _sign(new, given=False)
        return new


def opened(request: str | urllib.request.Request, timeout_s: float) -> HTTPResponse:
    """Return a response with a successful status.

    Raises ``OSError`` and ``ValueError``, and ``StackError`` for a redirect from https to http.
    """
    ready = urllib.request.Request(request) if isinstance(request, str) else request  # noqa: S310
    _sign(ready)
    opener = urllib.request.build_opener(_Redirects, _https())
    return cast("HTTPResponse", opener.open(ready, timeout=timeout_s))


def _https() -> urllib.request.HTTPSHandler:
    """Return a handler; the certificates are read once for many requests, which takes most of one."""
    places = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    with _READING:
        return urllib.request.HTTPSHandler(context=_context(*places))


@functools.lru_cache(maxsize=4)
def _context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Return what http.client makes for each connection; it reads these variables itself."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    context.post_handshake_auth = True
    return context


def _sign(request: urllib.request.Request, *, given: bool = True) -> None:
    """Take user and password out of the address and send them, where ``given``, or those of netrc."""
    if request.type not in ("http", "https"):
        return
    parts = urlsplit(request.full_url)
    user, _at, host = parts.netloc.rpartition("@")
    if user:
        request.full_url = urlunsplit(parts._replace(netloc=host))
    name, _colon, password = user.partition(":")
    given_here = (unquote(name), unquote(password)) if user and given else None
    found = given_here or _of_index(parts.scheme, host) or _of_netrc(parts.hostname)
    if found:
        text = base64.b64encode(":".join(found).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {text}")


def _of_index(scheme: str, host: str) -> tuple[str, str] | None:
    """Return what an index of uv has for this server: uv names files of it without its password."""
    for address in " ".join(os.environ.get(name, "") for name in _INDEXES).split():
        parts = urlsplit(_NAMED.sub("", address))
        if (parts.scheme, parts.netloc.rpartition("@")[2]) == (scheme, host) and parts.username:
            return unquote(parts.username), unquote(parts.password or "")
    return None


def _of_netrc(host: str | None) -> tuple[str, str] | None:
    """Return what netrc says of exactly this host."""
    path = Path(os.environ.get("NETRC") or "~/.netrc").expanduser()
    try:
        row = netrc.netrc(str(path)).hosts.get(host or "")
    except (OSError, RuntimeError, netrc.NetrcParseError, UnicodeDecodeError):
        return None
    return (row[0], row[2] or "") if row else None
