"""Write a bundle, whole or in pieces, so that it is there complete or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import manifest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.parts import (
    piece,
    pieces_of,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
        Manifest,
        Member,
    )


class Item(NamedTuple):
    """A file and what it is in the bundle."""

    member: Member
    source: Path


def item(source: Path, path: str, kind: str, *, executable: bool = False) -> Item:
    """Describe a file of this machine as a member."""
    digest, checks, size = hashlib.sha256(), [], 0
    with source.open("rb") as stream:
        while data := stream.read(manifest.CHUNK):
            digest.update(data)
            checks.append(manifest.check(data))
            size += len(data)
    made = manifest.Member(path, size, digest.hexdigest(), kind, executable, "".join(checks))
    return Item(made, source)


def write(
    target: Path,
    facts: Mapping[str, object],
    items: list[Item],
    *,
    piece_size: int | None = None,
    progress: Callable[[int, int], None],
) -> tuple[Manifest, tuple[Path, ...]]:
    """Write the bundle and return its contents and its files. Raises StackError.

    An earlier bundle of that name is replaced by the last step; a failure leaves it as it was.
    """
    sources = {entry.member.path: entry.source for entry in items}
    contents = manifest.compose(facts, tuple(entry.member for entry in items))
    out = _Output(target, piece_size)
    try:
        for member, data in manifest.frame(contents):
            out.write(member.head)
            if data is None:
                _copy(sources[member.path], member, out, lambda: progress(out.done, contents.size))
            else:
                out.write(data)
            out.write(bytes(manifest.padding(member.size)))
        out.write(manifest.END)
        return contents, out.publish()
    except OSError as error:
        raise StackError(
            f"{target} could not be written.",
            f"{error.strerror}; it takes {contents.size >> 20} MiB.",
            "Choose a place with more room with -o. What was fetched is kept.",
            code="bundle.not-written",
        ) from error
    finally:
        out.close()


def _copy(source: Path, member: Member, out: _Output, tell: Callable[[], None]) -> None:
    digest = hashlib.sha256()
    with source.open("rb") as stream:
        while data := stream.read(manifest.CHUNK):
            digest.update(data)
            out.write(data)
            tell()
    if digest.hexdigest() != member.sha256:
        raise StackError(
            f"{source} is not what it was a moment ago.",
            f"Its SHA-256 is {digest.hexdigest()}, expected {member.sha256}.",
            "Remove that file, then run again: it is fetched anew.",
            code="bundle.source-changed",
        )


class _Output:
    """Hidden files beside the target that get their names at the end."""

    def __init__(self, target: Path, piece_size: int | None) -> None:
        self.target, self.piece_size, self.done = target, piece_size, 0
        self._files: list[Path] = []
        self._stream: BinaryIO | None = None
        self._room = 0

    def write(self, data: bytes) -> None:
        while data:
            if not self._room:
                self._begin()
            part, data = data[: self._room], data[self._room :]
            if self._stream:
                self._stream.write(part)
            self._room -= len(part)
            self.done += len(part)

    def _begin(self) -> None:
        self._end()
        number = len(self._files) + 1
        file = self.target.with_name(f".{self.target.name}.{number:03d}.new")
        self._files.append(file)
        self._stream = file.open("wb")
        self._room = self.piece_size or manifest.SIZE_LIMIT**2

    def _end(self) -> None:
        if self._stream:
            self._stream.close()
            self._stream = None

    def publish(self) -> tuple[Path, ...]:
        self._end()
        names = [piece(self.target, number) for number in range(1, len(self._files) + 1)]
        names = names if self.piece_size else [self.target]
        stale = {self.target, *pieces_of(self.target).values()}.difference(names)
        for file, name in zip(self._files, names, strict=True):
            file.replace(name)
        self._files = []
        for file in stale:
            file.unlink(missing_ok=True)
        return tuple(names)

    def close(self) -> None:
        self._end()
        for file in self._files:
            file.unlink(missing_ok=True)
