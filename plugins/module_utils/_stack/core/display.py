r"""Show text of hosts, files and servers: what steers a terminal is shown as an escape (``\x1b``)."""

from __future__ import annotations

import re

# All control characters but line feed and tab; marks of direction; line separators; surrogates.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def escaped(text: str) -> str:
    """Return text in which every character that steers a terminal is shown as an escape."""
    return _STEERING.sub(lambda found: ascii(found.group())[1:-1], text)
