"""Get a checkpoint: fetch it, verify it, look into it, and only then let it appear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..core import download
from ..core.download import Refused
from . import formats, known_digests

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.download import Progress
    from .formats import Kind
    from .known_digests import Seen

_OTHER = {
    True: "It was another one when it was first seen. If this one is meant: --accept-change.",
    False: "Look at the digest that you gave. A file in place is left as it is.",
}
UNUSABLE = (formats.UNKNOWN, formats.DAMAGED)


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

    def of(self, *, sha256: str | None, changed_is_meant: bool, attempts: int) -> Wish:
        """Return the same wish with what a person says about the file."""
        return replace(self, sha256=sha256, changed_is_meant=changed_is_meant, attempts=attempts)


@dataclass(frozen=True)
class Got:
    """A checkpoint that is there, whole and looked into."""

    path: Path
    size: int
    sha256: str
    kind: Kind
    new: bool
    verified_by: str


def get(wish: Wish, progress: Progress) -> Got:
    """Return the checkpoint, from the network only when it is not there already."""
    sha256, by = _vouched(wish, known_digests.load(wish.folder).get(wish.recorded_as))
    wanted = download.Wanted(wish.url, wish.path, sha256=sha256)
    try:
        found = download.get(wanted, progress=progress, look=_look, attempts=wish.attempts)
    except Refused as error:
        if error.message.startswith(str(wish.path)):
            hint = _OTHER[wish.sha256 is None]
            raise Refused(error.message, error.cause, hint, code="checkpoint.changed") from error
        raise
    kind = _usable(found.path)
    got = Got(found.path, found.size, found.sha256, kind, new=found.new, verified_by=by)
    _note(wish, got)
    return got


def _vouched(wish: Wish, seen: Seen | None) -> tuple[str | None, str]:
    """Return the SHA-256 that the bytes must have, and what vouches for them."""
    if wish.sha256 is not None:
        return wish.sha256, "SHA-256 given"
    if seen is None or wish.changed_is_meant:
        return None, "first sight; now recorded"
    return seen["sha256"], "SHA-256 of the first sight"


def _usable(path: Path) -> Kind:
    """Return what a file is. Raises Refused where it is no checkpoint."""
    kind = formats.of_file(path)
    if kind.type in UNUSABLE:
        raise Refused(
            f"{path.name} is no checkpoint.",
            kind.cause,
            "Look at the address in a browser; a login page or a proxy may have answered.",
            code="checkpoint.unusable",
        )
    return kind


def _look(path: Path) -> None:
    _usable(path)


def _note(wish: Wish, got: Got) -> None:
    seen: Seen = {
        "file": wish.file,
        "size": got.size,
        "sha256": got.sha256,
        "type": got.kind.type,
    }
    if known_digests.load(wish.folder).get(wish.recorded_as) != seen:
        known_digests.note(wish.folder, wish.recorded_as, seen)
