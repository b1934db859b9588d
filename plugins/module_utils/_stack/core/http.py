"""Open a URL with the standard library; proxies and certificates are those of the environment."""

from __future__ import annotations

import urllib.request
from typing import IO, TYPE_CHECKING, cast

from .errors import StackError

if TYPE_CHECKING:
    from http.client import HTTPMessage, HTTPResponse


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but never from https to http, where anyone on the way answers."""

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
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def opened(request: str | urllib.request.Request, timeout_s: float) -> HTTPResponse:
    """Return a response with a successful status.

    Raises ``OSError`` and ``ValueError``, and ``StackError`` for a redirect from https to http.
    """
    opener = urllib.request.build_opener(_NoDowngrade)
    return cast("HTTPResponse", opener.open(request, timeout=timeout_s))
