"""Read fingerprints of OpenPGP keys, so that a key is known before anything trusts it.

Binary or ASCII-armoured, as repositories publish them; RFC 4880 and RFC 9580 name the packets.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from ..core.errors import StackError, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
END = b"-----END PGP PUBLIC KEY BLOCK-----"
PUBLIC_KEY = 6
# The versions of keys in use, with the octet and the size of the length that their digest covers.
KEY_FORMS = {4: (b"\x99", 2, "sha1"), 6: (b"\x9b", 4, "sha256")}


def require_key(data: bytes, fingerprint: str, origin: str) -> None:
    """Refuse key material that is not exactly the key of this fingerprint."""
    wanted = "".join(fingerprint.split()).upper()
    found = fingerprints(data, origin)
    if found != [wanted]:
        raise StackError(
            f"The package key from {origin} is not the one that is trusted.",
            f"Its fingerprint is {', '.join(found)}; {wanted} was expected.",
            "Nothing was installed. Look at the mirror or proxy in between; if the vendor announced"
            " a new key, set `nvidia_repository_key_fingerprint`.",
            code="repository.untrusted-key",
        )


def fingerprints(data: bytes, origin: str) -> list[str]:
    """Return the fingerprint of each primary key, in order. Raises ``Unreadable``."""
    try:
        found = [_fingerprint(body) for tag, body in _packets(_binary(data)) if tag == PUBLIC_KEY]
    except (IndexError, KeyError, ValueError) as error:
        raise _unreadable(origin) from error
    if not found:
        raise _unreadable(origin)
    return found


def _unreadable(origin: str) -> Unreadable:
    return Unreadable(
        f"What lies at {origin} is no OpenPGP public key.",
        "A proxy or mirror that answers with a page of its own is the usual reason.",
        "Open the address and see what it returns.",
        code="repository.unreadable-key",
    )


def _binary(data: bytes) -> bytes:
    if BEGIN not in data:
        return data
    block = data.split(BEGIN, 1)[1].split(END, 1)[0].replace(b"\r", b"")
    lines = block.partition(b"\n\n")[2].split()
    # The last line may be the checksum of the armour; the fingerprint says more.
    text = b"".join(line for line in lines if not line.startswith(b"="))
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and body of each packet."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise ValueError("no packet")
        modern = head & 0x40
        tag = head & 0x3F if modern else head >> 2 & 0x0F
        start, size = _new_length(data, at + 1) if modern else _old_length(data, at + 1, head & 3)
        at = start + size
        if at > len(data):
            raise ValueError("cut off")
        yield tag, data[start:at]


def _old_length(data: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == 3:  # noqa: PLR2004  (a length without end, never used for keys)
        raise ValueError("indeterminate length")
    octets = 1 << kind
    return at + octets, int.from_bytes(data[at : at + octets], "big")


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 192:  # noqa: PLR2004  (RFC 4880, 4.2.2)
        return at + 1, first
    if first < 224:  # noqa: PLR2004
        return at + 2, ((first - 192) << 8) + data[at + 1] + 192
    if first < 255:  # noqa: PLR2004
        raise ValueError("partial length")
    return at + 5, int.from_bytes(data[at + 1 : at + 5], "big")


def _fingerprint(body: bytes) -> str:
    octet, size, digest = KEY_FORMS[body[0]]
    return hashlib.new(digest, octet + len(body).to_bytes(size, "big") + body).hexdigest().upper()
