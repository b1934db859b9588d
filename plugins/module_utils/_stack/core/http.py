"""Open a URL with the standard library; proxies and certificates are those of the environment."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from http.client import HTTPResponse


def opened(request: str | urllib.request.Request, timeout_s: float) -> HTTPResponse:
    """Return a response with a successful status. Raises ``OSError`` and ``ValueError``."""
    opener = urllib.request.build_opener()
    return cast("HTTPResponse", opener.open(request, timeout=timeout_s))
