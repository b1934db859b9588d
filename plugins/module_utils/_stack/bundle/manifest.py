"""The format of a bundle: a tar archive whose manifest, the first member, describes every other byte.

The name of the first member has the SHA-256 of the manifest. Readers take paths and modes from the
manifest, never from a tar header.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..core.construct import construct
from ..core.errors import StackError
from ..core.validation import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT, SCHEMA = "slowfast-stack-bundle", 3
MANIFEST = "manifest.json"
FIRST_MEMBER = re.compile(r"manifest\.([0-9a-f]{64})\.json")
FIRST_OF_SCHEMA_1 = "manifest.sha256"
BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
CHUNK = 1 << 20  # bytes
CONDA = "conda"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9._+~%!-]*"
_PATH = re.compile(rf"{_NAME}(/{_NAME})+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHECKSUM = slice(148, 156)  # of a tar header


class UnusableManifest(StackError):
    """A manifest of another version, or one that could mislead an extraction."""

    code = "bundle.malformed"


@dataclass(frozen=True)
class Member:
    """A file of the bundle; ``path`` is relative, with forward slashes.

    ``checks`` is the CRC-32 of each of its ``extents``, in 8 digits: it locates a damage.
    """

    path: str
    size: int
    sha256: str
    kind: str
    executable: bool
    checks: str

    def extents(self) -> Iterator[int]:
        """Yield the sizes of its tar header, and of each MiB of its content with the padding."""
        yield len(header(self.path, self.size))
        total = padded(self.size)
        for offset in range(0, total, CHUNK):
            yield min(CHUNK, total - offset)


class Manifest(NamedTuple):
    """What a bundle contains: ``facts`` are all keys except members, ``digest`` is its SHA-256."""

    facts: Mapping[str, object]
    members: tuple[Member, ...]
    text: bytes
    digest: str

    @property
    def head(self) -> bytes:
        """Return the first member."""
        return header(f"manifest.{self.digest}.json", len(self.text)) + pad(self.text)

    @property
    def size(self) -> int:
        """Return the size of the bundle in bytes."""
        return len(self.head) + sum(sum(one.extents()) for one in self.members) + len(END)


def create(facts: Mapping[str, object], members: tuple[Member, ...]) -> Manifest:
    """Return the manifest of members. Raises ``UnusableManifest`` for a path that is not safe."""
    rows = [asdict(member) for member in members]
    data = {**facts, "format": FORMAT, "schema": SCHEMA, "members": rows}
    return parse(json.dumps(data, indent=1, sort_keys=True).encode() + b"\n")


def parse(text: bytes) -> Manifest:
    """Read a manifest. Raises ``UnusableManifest`` for anything that could mislead an extraction."""
    try:
        data = parse_json(text)
        found = (data["format"], data["schema"])
        rows = enumerate(data.pop("members") if found == (FORMAT, SCHEMA) else [])
        members = tuple(construct(Member, row, f"members[{n}]") for n, row in rows)
    except (ValueError, TypeError, KeyError, StackError) as error:
        raise _unusable(str(error)) from error
    if found != (FORMAT, SCHEMA):
        raise other_format(f"{found[0]} {found[1]}")
    bad = [member.path for member in members if not _is_valid(member)]
    paths = sorted(f"{member.path}/" for member in members)
    bad += [two for one, two in zip(paths, paths[1:]) if two.startswith(one)]
    if bad:
        raise _unusable(f"the member {bad[0]!r} is not safe, or conflicts with another one")
    return Manifest(data, members, text, hashlib.sha256(text).hexdigest())


def _is_valid(member: Member) -> bool:
    known = _PATH.fullmatch(member.path) and _SHA256.fullmatch(member.sha256)
    return known is not None and member.size >= 0


def header(path: str, size: int, *, executable: bool = False) -> bytes:
    """Return the tar header of a file. Its length, not its bytes, is the same in all Pythons."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o755 if executable else 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


def parse_header(block: bytes) -> tarfile.TarInfo | None:
    """Read a tar header of one block; return None if any byte of it is damaged."""
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, ValueError):
        return None
    # The checksum covers every byte except its own field.
    return info if block[_CHECKSUM] == b"%06o\0 " % info.chksum else None


def padded(size: int) -> int:
    """Return the size of a file with the zero bytes that follow it."""
    return size + -size % BLOCK


def pad(content: bytes) -> bytes:
    """Return the end of a file with the zero bytes that follow it."""
    return content + bytes(-len(content) % BLOCK)


def check(data: bytes) -> str:
    """Return the CRC-32 of bytes."""
    return f"{zlib.crc32(data):08x}"


def installer_path(sha256: str) -> str:
    """Return the path in a bundle of the installer with this SHA-256."""
    return f"tools/{sha256}.sh"


def other_format(found: str) -> UnusableManifest:
    """Return the error for a bundle of another version."""
    return UnusableManifest(
        "This bundle was created by another version of slowfast.stack and was not used.",
        f"Its format is {found}; this version reads {FORMAT} {SCHEMA}.",
        "Create it again with this version: slowfast-stack bundle create.",
        code="record.unsupported-schema",
    )


def _unusable(cause: str) -> UnusableManifest:
    return UnusableManifest(
        "The manifest of the bundle is invalid; the bundle was not used.",
        f"{cause}.",
        "Create the bundle again: slowfast-stack bundle create.",
    )
