"""Get a checkpoint: fetch it, verify it, look into it, and only then let it appear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.errors import StackError
from slowfast_stack.models import download, kinds, record

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from slowfast_stack.models.download import Fetched, Progress
    from slowfast_stack.models.kinds import Kind
    from slowfast_stack.models.record import Seen

UNUSABLE = (kinds.UNKNOWN, kinds.DAMAGED)


class Refused(StackError):
    """A file that arrived and is not what it should be; it was not put in place."""


@dataclass(frozen=True)
class Wish:
    """What to get: from where, under which name it is recorded, into which file of a folder."""

    url: str
    recorded_as: str
    folder: Path
    file: str
    sha256: str | None = None
    changed_is_meant: bool = False
    attempts: int = 5

    @property
    def path(self) -> Path:
        """Return where the file will be."""
        return self.folder / self.file


@dataclass(frozen=True)
class Got:
    """A checkpoint that is there, whole and looked into."""

    path: Path
    size: int
    sha256: str
    kind: Kind
    new: bool
    verified_by: str


def get(wish: Wish, progress: Progress, client: httpx.Client) -> Got:
    """Return the checkpoint, from the network only when it is not there already."""
    seen = record.load(wish.folder).get(wish.recorded_as)
    with download.alone(wish.path):
        if wish.path.is_file():
            got = _there(wish, seen)
            download.discard(wish.path)
        else:
            got = _fetched(wish, seen, progress, client)
        _note(wish, got)
    return got


def _there(wish: Wish, seen: Seen | None) -> Got:
    found = download.digest(wish.path)
    kind = kinds.of_file(wish.path)
    by = _verify(wish, found, seen)
    _usable(kind, str(wish.path))
    return Got(wish.path, found.size, found.sha256, kind, new=False, verified_by=by)


def _fetched(wish: Wish, seen: Seen | None, progress: Progress, client: httpx.Client) -> Got:
    found = download.fetch(wish.url, wish.path, progress, client, attempts=wish.attempts)
    kind = kinds.of_file(download.part_of(wish.path))
    try:
        by = _verify(wish, found, seen)
        _usable(kind, wish.url)
    except Refused:
        download.discard(wish.path)
        raise
    download.accept(wish.path)
    return Got(wish.path, found.size, found.sha256, kind, new=True, verified_by=by)


def _verify(wish: Wish, found: Fetched, seen: Seen | None) -> str:
    """Return what vouches for the bytes."""
    if wish.sha256 is not None:
        _same(wish, found, wish.sha256, "the SHA-256 that you gave")
        return "SHA-256 given"
    if seen is None or wish.changed_is_meant:
        return "first sight; now recorded"
    _same(wish, found, seen["sha256"], f"the first one seen ({seen['size']} bytes)")
    return "SHA-256 of the first sight"


def _same(wish: Wish, found: Fetched, sha256: str, what: str) -> None:
    if found.sha256 == sha256.lower():
        return
    raise Refused(
        f"{wish.path} is not the file that was expected.",
        f"SHA-256 {found.sha256} ({found.size} bytes) differs from {what}, {sha256}.",
        "If the new file is meant: --accept-change. A file in place is left as it is.",
    )


def _usable(kind: Kind, source: str) -> None:
    if kind.type not in UNUSABLE:
        return
    raise Refused(
        f"{source} is no checkpoint.",
        kind.why,
        "Look at the address in a browser; a login page or a proxy may have answered.",
    )


def _note(wish: Wish, got: Got) -> None:
    seen: Seen = {
        "file": wish.file,
        "size": got.size,
        "sha256": got.sha256,
        "type": got.kind.type,
    }
    if record.load(wish.folder).get(wish.recorded_as) != seen:
        record.note(wish.folder, wish.recorded_as, seen)
