"""Read a bundle from its first byte to its last, and name each byte that is not as it should be."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO, Callable, NamedTuple, Optional

from ..core.errors import StackError
from . import manifest
from .manifest import BLOCK, CHUNK, Manifest, Member

if TYPE_CHECKING:
    from .parts import Pieces

_SHOWN = 5
Sink = Callable[[Member], Optional[BinaryIO]]
Progress = Callable[[int, int], None]


class Damage(NamedTuple):
    """Bytes that are wrong: what they are, where in the bundle they begin and end, and how."""

    message: str
    offset: int
    end: int
    how: str


class Damaged(StackError):
    """A bundle that is not as it was made; ``damages`` names everything that is wrong."""

    code = "bundle.damaged"

    def __init__(self, source: Pieces, damages: list[Damage]) -> None:
        said = []
        for damage in damages[:_SHOWN]:
            first, *_between, last = source.files_of(damage.offset, damage.end) * 2
            place = first if first == last else f"{first} to {last}"
            said.append(f"{damage.message}: {damage.how} ({place}).")
        more = len(damages) - _SHOWN
        said += [f"And {more} more."] if more > 0 else []
        spans = [source.files_of(damage.offset, damage.end) for damage in damages]
        names = ", ".join(dict.fromkeys(name for span in spans for name in span))
        super().__init__(
            "The bundle is damaged; nothing of it was used.",
            "\n".join(said),
            f"Bring {names} again, or create the bundle again.",
        )
        self.damages = tuple(damages)


def manifest_of(source: Pieces) -> Manifest:
    """Read the head of a bundle. Raises ``Damaged`` and ``Malformed``; the members are not read."""
    seal = _head(source, manifest.SEAL, manifest.SEAL_SIZE)
    text = _head(source, manifest.MANIFEST, None)
    digest = hashlib.sha256(text).hexdigest()
    if seal != f"{digest}\n".encode():
        how = f"its SHA-256 is {digest}, which is not what the seal says"
        raise Damaged(source, [Damage(manifest.MANIFEST, BLOCK, source.offset, how)])
    return manifest.parse(text)


def _head(source: Pieces, name: str, size: int | None) -> bytes:
    """Return one of the first two files; a size of None is taken from its header."""
    start = source.offset
    block = source.read(BLOCK)
    if size is None:
        digits = block[124:135]
        size = int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else -1
    if block != (manifest.header(name, size) if 0 <= size <= manifest.MANIFEST_LIMIT else b""):
        how = "this is no bundle" if name == manifest.SEAL else "its header is not as written"
        raise Damaged(source, [Damage(f"the head of {name}", start, start + BLOCK, how)])
    start = source.offset
    data = source.read(size + manifest.padding(size))
    if len(data) < size + manifest.padding(size):
        raise Damaged(source, [Damage(name, source.size, source.size, "the file ends in it")])
    if data[size:].strip(b"\0"):
        where = Damage(f"the space after {name}", start + size, source.offset, "it is not empty")
        raise Damaged(source, [where])
    return data[:size]


def read(source: Pieces, sink: Sink | None = None, progress: Progress | None = None) -> Manifest:
    """Read the whole bundle and return its contents; each member goes to what ``sink`` opens.

    Raises ``Damaged`` after the last byte, with everything that is wrong, and ``Malformed``.
    """
    contents = manifest_of(source)
    damages: list[Damage] = []
    for member in contents.members:
        _member(source, member, sink, progress, damages)
        if source.offset >= source.size:
            break
    start = source.offset
    if source.read(len(manifest.END)) != manifest.END and source.size >= contents.size:
        damages.append(Damage("the end mark", start, source.offset, "it is not empty"))
    if source.size < contents.size:
        how = f"{contents.size - source.size} bytes are missing at the end"
        damages.append(Damage("the bundle", source.size, source.size, how))
    if source.size > contents.size:
        how = f"{source.size - contents.size} bytes follow that do not belong to it"
        damages.append(Damage("the bundle", contents.size, source.size, how))
    if damages:
        raise Damaged(source, damages)
    return contents


def _member(
    source: Pieces,
    member: Member,
    sink: Sink | None,
    progress: Progress | None,
    damages: list[Damage],
) -> None:
    start = source.offset
    if source.read(len(member.head)) != member.head:
        where = Damage(f"the head of {member.path}", start, source.offset, "it is not as written")
        damages.append(where)
    start, left, digest, found = source.offset, member.size, hashlib.sha256(), []
    target = sink(member) if sink else None
    try:
        while left:
            data = source.read(min(CHUNK, left))
            if not data:
                return
            digest.update(data)
            found.append(manifest.check(data))
            if target:
                target.write(data)
            left -= len(data)
            if progress:
                progress(source.offset, source.size)
    finally:
        if target:
            target.close()
    if digest.hexdigest() != member.sha256:
        how = f"its SHA-256 is {digest.hexdigest()}, expected {member.sha256}"
        damages.append(Damage(member.path, *_extent(member, start, found), how))
    start = source.offset
    if source.read(manifest.padding(member.size)).strip(b"\0"):
        where = Damage(f"the space after {member.path}", start, source.offset, "it is not empty")
        damages.append(where)


def _extent(member: Member, start: int, found: list[str]) -> tuple[int, int]:
    """Return the first and the last byte between which a member differs, to the MiB."""
    wrong = [n for n, check in enumerate(found) if check != member.checks[8 * n : 8 * n + 8]]
    first, last = (wrong[0], wrong[-1]) if wrong else (0, max(len(found) - 1, 0))
    return start + first * CHUNK, min(start + (last + 1) * CHUNK, start + member.size)
