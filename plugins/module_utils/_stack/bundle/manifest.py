"""The bytes of a bundle: a tar archive in which the manifest decides every byte.

First comes the SHA-256 of the manifest, then the manifest, then its members in its order, then the
end mark of tar. All headers are written from the manifest alone, so a reader knows each byte that
is not payload, and `tar -tf` reads the file, too. Header form: that of GNU tar.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT, SCHEMA = "slowfast-stack-bundle", 1
SEAL, MANIFEST = "manifest.sha256", "manifest.json"
BLOCK = 512
END = bytes(2 * BLOCK)
SEAL_SIZE = 65
MANIFEST_LIMIT = 64 << 20
SIZE_LIMIT = 8**11 - 1
CHUNK = 1 << 20
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~%!-]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
NAME_LIMIT = 100
CONDA = "conda"
_LONG_NAME = b"././@LongLink"
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s247x")


class Malformed(StackError):
    """A manifest that no program of this project wrote."""

    code = "bundle.malformed"


class Member(NamedTuple):
    """A file of the bundle: path with forward slashes, bytes, digest, and what it is.

    ``checks`` has eight digits for each MiB, its CRC-32: they tell where a member is damaged.
    """

    path: str
    size: int
    sha256: str
    kind: str
    executable: bool = False
    checks: str = ""

    @property
    def head(self) -> bytes:
        """Return the blocks before its content."""
        return header(self.path, self.size, executable=self.executable)


class Manifest(NamedTuple):
    """What a bundle holds: ``facts`` are all keys but members, ``digest`` names the bundle."""

    facts: Mapping[str, Any]
    members: tuple[Member, ...]
    text: bytes
    digest: str

    @property
    def size(self) -> int:
        """Return the bytes of the whole bundle."""
        sizes = [SEAL_SIZE, len(self.text), *(member.size for member in self.members)]
        heads = 2 * BLOCK + sum(len(member.head) for member in self.members)
        return heads + sum(size + padding(size) for size in sizes) + len(END)


def compose(facts: Mapping[str, Any], members: tuple[Member, ...]) -> Manifest:
    """Write the manifest of these members. Raises ``Malformed`` for a path that cannot be one."""
    rows = [member._asdict() for member in members]
    whole = {**facts, "format": FORMAT, "schema": SCHEMA, "members": rows}
    text = json.dumps(whole, indent=1, sort_keys=True).encode() + b"\n"
    return parse(text)


def parse(text: bytes) -> Manifest:
    """Read a manifest. Raises ``Malformed`` for anything that could mislead an unpacker."""
    try:
        data = json.loads(text)
        rows = data.pop("members")
        known = (data["format"], data["schema"]) == (FORMAT, SCHEMA)
        seen: set[str] = set()
        members = tuple(_member(row, seen) for row in rows)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _malformed(f"it cannot be read: {error!r}") from error
    if not known:
        raise _malformed(f"its format is {data['format']!r} {data['schema']!r}")
    return Manifest(data, members, text, hashlib.sha256(text).hexdigest())


def _member(row: dict[str, Any], seen: set[str]) -> Member:
    """Read a member; ``seen`` are the paths before it, folders with a slash at their end."""
    path, size, digest = row["path"], row["size"], row["sha256"]
    if "/" not in path or not all(map(_PART.fullmatch, path.split("/"))):
        raise _malformed(f"the member {path!r} has no safe name in a folder")
    folders = {path[:end] for end, letter in enumerate(path) if letter == "/"}
    if path in seen or f"{path}/" in seen or folders & seen:
        raise _malformed(f"the member {path!r} is in the way of another one")
    seen |= {path, *(f"{folder}/" for folder in folders)}
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= SIZE_LIMIT:
        raise _malformed(f"the member {path!r} has the size {size!r}")
    if not _DIGEST.fullmatch(digest):
        raise _malformed(f"the member {path!r} has the digest {digest!r}")
    executable = row["executable"] is True
    return Member(path, size, digest, str(row["kind"]), executable, str(row["checks"]))


def header(path: str, size: int, *, executable: bool = False) -> bytes:
    """Return the blocks before a file; a name that its field cannot hold has a file of its own."""
    name = path.encode()
    mode = b"0000755" if executable else b"0000644"
    if len(name) <= NAME_LIMIT:
        return _block(name, size, mode, b"0")
    long = name + b"\0"
    extra = _block(_LONG_NAME, len(long), b"0000644", b"L") + long + bytes(padding(len(long)))
    return extra + _block(name[:NAME_LIMIT], size, mode, b"0")


def _block(name: bytes, size: int, mode: bytes, kind: bytes) -> bytes:
    def packed(checksum: bytes) -> bytes:
        return _HEADER.pack(
            name, mode, b"0000000", b"0000000", b"%011o" % size, b"%011o" % 0, checksum, kind,
            b"", b"ustar  \0",
        )  # fmt: skip

    return packed(b"%06o\0 " % sum(packed(b" " * 8)))


def padding(size: int) -> int:
    """Return how many zero bytes follow a file."""
    return -size % BLOCK


def installer_path(sha256: str) -> str:
    """Return where a bundle has the installer of this digest."""
    return f"tools/{sha256}.sh"


def check(data: bytes) -> str:
    """Return the digits of one MiB of a member."""
    return f"{zlib.crc32(data):08x}"


def frame(manifest: Manifest) -> Iterator[tuple[Member, bytes | None]]:
    """Yield seal, manifest and members in order, with the bytes of the first two."""
    seal = f"{manifest.digest}\n".encode()
    yield Member(SEAL, len(seal), hashlib.sha256(seal).hexdigest(), "seal"), seal
    yield Member(MANIFEST, len(manifest.text), manifest.digest, "manifest"), manifest.text
    for member in manifest.members:
        yield member, None


def _malformed(cause: str) -> Malformed:
    return Malformed(
        "This is not a bundle that can be used.",
        f"The manifest is not as it should be: {cause}.",
        "Create the bundle again with slowfast-stack bundle create.",
    )
