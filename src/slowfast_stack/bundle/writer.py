"""Write a bundle, as one file or in parts, so that it appears complete or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import manifest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
    CHUNK,
    Manifest,
    Member,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.parts import (
    part_path,
    parts_of,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import (
    size_and_sha256,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.progress import (
        Progress,
    )


class Entry(NamedTuple):
    """A file of this machine and the member that it becomes."""

    member: Member
    source: Path


def entry(source: Path, path: str, kind: str, *, executable: bool = False) -> Entry:
    """Return a file of this machine as a member with the path ``path``."""
    size, sha256 = size_and_sha256(source)
    member = Member(path, size, sha256, kind, executable, "")
    checks = "".join(manifest.check(data) for data in _extents(member, source))
    return Entry(replace(member, checks=checks), source)


def _extents(member: Member, source: Path) -> Iterator[bytes]:
    """Yield the bytes of a member in the archive, extent by extent."""
    yield manifest.header(member.path, member.size, executable=member.executable)
    with source.open("rb") as stream:
        while data := stream.read(CHUNK):
            yield manifest.pad(data)


def write(
    target: Path,
    facts: Mapping[str, object],
    entries: list[Entry],
    *,
    part_size: int | None = None,
    progress: Progress,
) -> tuple[Manifest, tuple[Path, ...]]:
    """Write a bundle; return its manifest and its files. Raises ``StackError``.

    ``part_size`` is the size of a part in bytes, None for one file. An existing bundle of that name
    is replaced in the last step; if writing fails, it is unchanged.
    """
    contents = manifest.create(facts, tuple(entry.member for entry in entries))
    parts = _Parts(target, part_size)
    try:
        parts.write(contents.head)
        for member, source in entries:
            checks = ""
            for data in _extents(member, source):
                parts.write(data)
                checks += manifest.check(data)
                progress(target.name, parts.written, contents.size)
            if checks != member.checks:
                raise _changed(source)
        parts.write(manifest.END)
        return contents, parts.publish()
    except OSError as error:
        raise StackError(
            f"{target} could not be written.",
            f"{error.strerror}; the bundle needs {contents.size >> 20} MiB.",
            "Choose a folder with more free disk space with --output. Downloads are kept.",
            code="bundle.not-written",
        ) from error
    finally:
        parts.close()


def _changed(source: Path) -> StackError:
    return StackError(
        f"{source} was changed while the bundle was written.",
        "It does not have the content that its SHA-256 was computed from.",
        "Remove that file and run again: it is downloaded again.",
        code="bundle.source-changed",
    )


class _Parts:
    """Writes temporary files beside the target, which get their names at the end."""

    def __init__(self, target: Path, part_size: int | None) -> None:
        self.target, self.part_size, self.written = target, part_size, 0
        self._files: list[Path] = []
        self._stream: BinaryIO | None = None
        self._left = 0

    def write(self, data: bytes) -> None:
        while data:
            if self._stream is None or (self.part_size and not self._left):
                self._stream = self._begin()
            now, data = (data[: self._left], data[self._left :]) if self.part_size else (data, b"")
            self._stream.write(now)
            self._left -= len(now)
            self.written += len(now)

    def _begin(self) -> BinaryIO:
        self._end()
        number = len(self._files) + 1
        self._files.append(self.target.with_name(f".{self.target.name}.{number:03d}.new"))
        self._left = self.part_size or 0
        return self._files[-1].open("wb")

    def _end(self) -> None:
        if self._stream:
            self._stream.close()
            self._stream = None

    def publish(self) -> tuple[Path, ...]:
        self._end()
        names = [part_path(self.target, number + 1) for number in range(len(self._files))]
        names = names if self.part_size else [self.target]
        stale = {self.target, *parts_of(self.target).values()}.difference(names)
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
