"""Judge an archive of an artifact by what it contains: nothing is extracted, nothing is run."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import tarfile
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, cast

from ..core import names
from ..core.errors import StackError
from .cache import MANIFEST, parse_manifest
from .key import key_of

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from .cache import Artifact

# An FFmpeg has 60 MiB in 300 files, a Detectron2 wheel for all architectures 300 MiB.
LIMIT = 4 << 30  # bytes, compressed or not
MEMBERS = 20_000
_BLOCK = 1 << 20  # bytes
_HEADER_LIMIT = 1 << 20  # bytes; longer headers are for names that an artifact does not have


class _Bounded:
    """A stream that refuses to read much at once, or much in all: a small archive can be huge."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream, self._left = stream, LIMIT

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, fewer at the end. Raises ``StackError``."""
        self._left -= size
        if not 0 <= size <= _HEADER_LIMIT or self._left < 0:
            raise _refused("It unpacks to more than an artifact has.")
        return self._stream.read(size)

    def __getattr__(self, name: str) -> object:
        """Return how the stream is positioned."""
        return getattr(self._stream, name)


def _refused(cause: str) -> StackError:
    return StackError(
        "The archive of an artifact is not used.",
        cause,
        "It was removed; another one is built.",
        code="artifact.refused",
    )


def require_intact(archive: Path, key: str) -> Artifact:
    """Return the artifact that is in an archive, where it is that of ``key``.

    It has the one folder ``key``; of that regular files and links that stay inside, each with the
    SHA-256 of its manifest, whose inputs have that key. Raises ``StackError``.
    """
    try:
        with gzip.open(archive) as stream:
            bounded = cast("IO[bytes]", _Bounded(stream))
            with closing(tarfile.open(fileobj=bounded, mode="r:")) as packed:
                manifest, files = _contents(packed, key)
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, OverflowError) as error:
        raise _refused(f"It cannot be read: {error}.") from error
    artifact = parse_manifest(manifest, archive.parent / key)
    if artifact is None or key_of(artifact.inputs) != key:
        raise _refused("Its manifest is not that of the key.")
    if dict(artifact.files) != files:
        raise _refused("Its files do not match its manifest and its key.")
    return artifact


def _contents(packed: tarfile.TarFile, key: str) -> tuple[bytes, dict[str, str]]:
    manifest, files, links, folders = b"", {}, {}, {""}
    for count, member in enumerate(packed, 1):
        name = _name(member, key)
        if count > MEMBERS or name in files or name in links:
            raise _refused("It has too many members, or one of them twice.")
        if member.isdir():
            folders.add(name)
        elif member.issym():
            links[name] = posixpath.normpath(
                posixpath.join(posixpath.dirname(name), member.linkname)
            )
        elif not member.isreg() or member.size > LIMIT:
            raise _refused(f"{member.name!r} is no regular file.")
        elif name == MANIFEST:
            manifest = _content(packed, member)
        else:
            files[name] = _digest(packed, member)
    if any(posixpath.dirname(name) not in folders for name in (*files, *links)):
        raise _refused("A file of it is not in one of its folders.")
    return manifest, {**files, **{name: files[_target(name, links, files)] for name in links}}


def _target(name: str, links: dict[str, str], files: dict[str, str]) -> str:
    """Return the file that a link leads to, over other links. Raises ``StackError``."""
    target = name
    for _step in links:
        target = links.get(target, target)
    if target not in files:
        raise _refused(f"The link {name!r} leads out of it.")
    return target


def _name(member: tarfile.TarInfo, key: str) -> str:
    """Return the path of a member below the folder of the key, empty for the folder itself."""
    first, _slash, rest = member.name.partition("/")
    if first != key or member.linkname.startswith("/"):
        raise _refused(f"{member.name[:80]!r} is not in the folder of the key.")
    return names.relative_path(rest, "The member of an archive") if rest else ""


def _content(packed: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = packed.extractfile(member)
    if file is None or member.size > names.RECORD_LIMIT:
        raise _refused("Its manifest is too large.")
    return b"".join(iter(lambda: file.read(_BLOCK), b""))


def _digest(packed: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    digest, file = hashlib.sha256(), packed.extractfile(member)
    while block := file.read(_BLOCK) if file else b"":
        digest.update(block)
    return digest.hexdigest()
