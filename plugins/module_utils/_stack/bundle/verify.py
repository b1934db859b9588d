"""Read a bundle from its first byte to its last and report every damage with its file."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, BinaryIO, Callable, NamedTuple

from ..core.errors import StackError
from ..core.progress import Progress, silent
from . import manifest

if TYPE_CHECKING:
    from .manifest import Manifest, Member
    from .parts import PartReader

    OpenMember = Callable[[Member], BinaryIO]

_SHOWN = 5
MANIFEST_LIMIT = 64 << 20


class Damage(NamedTuple):
    """Wrong bytes of a bundle: of what, from which offset to which, and the cause."""

    what: str
    start: int
    end: int
    cause: str


class DamagedBundle(StackError):
    """A bundle that differs from what was written; ``damages`` lists all that is wrong."""

    code = "bundle.damaged"

    def __init__(self, source: PartReader, damages: list[Damage]) -> None:
        files = [source.files_of(damage.start, damage.end) for damage in damages]
        lines = [
            f"{damage.what}: {damage.cause} ({', '.join(names)})."
            for damage, names in zip(damages[:_SHOWN], files)
        ]
        lines += [f"And {len(damages) - _SHOWN} more."] if len(damages) > _SHOWN else []
        copies = ", ".join(dict.fromkeys(name for names in files for name in names))
        super().__init__(
            "The bundle is damaged and was not used.",
            "\n".join(lines),
            f"Copy {copies} again, or create the bundle again.",
        )
        self.damages = tuple(damages)


def read_manifest(source: PartReader, digest: str | None = None) -> Manifest:
    """Read the first member of a bundle; ``digest`` is what it must have.

    Raises ``DamagedBundle``, ``UnusableManifest``, and ``StackError`` for another bundle.
    """
    info = manifest.parse_header(source.read(manifest.BLOCK))
    if info and info.name == manifest.FIRST_OF_SCHEMA_1:
        raise manifest.other_format(f"{manifest.FORMAT} 1")
    name = manifest.FIRST_MEMBER.fullmatch(info.name) if info else None
    if info is None or name is None or info.size > MANIFEST_LIMIT:
        cause = "this is not a bundle, or its first bytes are damaged"
        raise DamagedBundle(source, [Damage("the first header", 0, manifest.BLOCK, cause)])
    data = source.read(manifest.padded(info.size))
    text = data[: info.size]
    found = hashlib.sha256(text).hexdigest()
    if data != manifest.pad(text) or found != name[1]:
        cause = f"its SHA-256 is {found}, expected {name[1]}, or it does not end with zero bytes"
        raise DamagedBundle(source, [Damage(manifest.MANIFEST, 0, source.offset, cause)])
    if digest not in (None, found):
        raise StackError(
            f"{source.files[0].name} is another bundle than expected, and was not used.",
            f"Its digest is {found}, expected {digest}.",
            "Use the bundle with the expected digest.",
            code="bundle.other-bundle",
        )
    return manifest.parse(text)


def read(source: PartReader, progress: Progress = silent, *, digest: str | None = None) -> Manifest:
    """Read and verify a complete bundle; ``digest`` is what it must have. Raises ``StackError``."""
    contents = read_manifest(source, digest)
    read_members(source, contents, progress=progress)
    return contents


def read_members(
    source: PartReader,
    contents: Manifest,
    open_member: OpenMember | None = None,
    progress: Progress = silent,
) -> None:
    """Read and verify what follows the manifest; write each member to the file that ``open_member`` returns.

    Raises ``DamagedBundle`` after the last byte, with everything that is wrong.
    """
    damages: list[Damage] = []
    for member in contents.members:
        if source.offset < source.size:
            damages += _read_member(source, member, open_member, progress)
    start = source.offset
    if source.read(len(manifest.END)) != manifest.END or source.offset < source.size:
        size = f"the bundle has {source.size} bytes, expected {contents.size}"
        damages.append(Damage("the end", start, source.size, f"{size}, the last 1024 zero"))
    if damages:
        raise DamagedBundle(source, damages)


def _read_member(
    source: PartReader, member: Member, open_member: OpenMember | None, progress: Progress
) -> list[Damage]:
    start, left, digest = source.offset, member.size, hashlib.sha256()
    wrong: list[int] = []  # the first and the last offset of each damaged extent
    with open_member(member) if open_member else contextlib.nullcontext() as file:
        for number, size in enumerate(member.extents()):
            data = source.read(size)
            if manifest.check(data) != member.checks[8 * number : 8 * number + 8]:
                wrong += [source.offset - len(data), source.offset]
            content = data[:left] if number else b""
            left -= len(content)
            digest.update(content)
            if file:
                file.write(content)
            progress(source.files[0].name, source.offset, source.size)
    if digest.hexdigest() != member.sha256 and not wrong:
        wrong = [start, source.offset]
    cause = "its content was changed"
    return [Damage(member.path, wrong[0], wrong[-1], cause)] if wrong else []
