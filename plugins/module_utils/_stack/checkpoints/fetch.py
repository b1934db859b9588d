"""Download a checkpoint; it appears after it was verified and its type is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..core import download
from ..core.download import MismatchError
from ..core.first_downloads import FirstDownloads, Recorded
from . import formats

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.progress import Progress
    from .formats import Kind

_HINTS = {
    True: "The file differs from the first download. To accept it, add --accept-change.",
    False: "Check the digest that you gave. An existing file is not changed.",
}
RECORD = "models.json"


@dataclass(frozen=True)
class Request:
    """What to download: the address, the name for the record, the file in a folder."""

    url: str
    recorded_as: str
    folder: Path
    file: str
    sha256: str | None = None
    accept_change: bool = False
    attempts: int = 5

    @property
    def path(self) -> Path:
        """Return the path of the file."""
        return self.folder / self.file

    def of(self, *, sha256: str | None, accept_change: bool, attempts: int) -> Request:
        """Return the same request with options of the user."""
        return replace(self, sha256=sha256, accept_change=accept_change, attempts=attempts)


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint of a known kind."""

    path: Path
    size: int
    sha256: str
    kind: Kind
    new: bool
    verified_by: str


def record_of(folder: Path) -> FirstDownloads:
    """Return the record of a folder of checkpoints; its keys are addresses."""
    return FirstDownloads(folder / RECORD)


def get(request: Request, progress: Progress) -> Checkpoint:
    """Return the checkpoint; download it only if it does not exist yet."""
    record = record_of(request.folder)
    sha256, by = _expected(request, record.load().get(request.recorded_as))
    file = download.Download(request.url, request.path, sha256=sha256)
    try:
        found = download.get(file, progress=progress, validate=_validate, attempts=request.attempts)
    except MismatchError as error:
        if error.message.startswith(str(request.path)):
            hint = _HINTS[request.sha256 is None]
            raise MismatchError(
                error.message, error.cause, hint, code="checkpoint.changed"
            ) from error
        raise
    kind = _usable(found.path)
    row = Recorded(found.size, found.sha256, file=request.file, type=kind.type)
    record.add(request.recorded_as, row)
    return Checkpoint(found.path, found.size, found.sha256, kind, new=found.new, verified_by=by)


def _expected(request: Request, recorded: Recorded | None) -> tuple[str | None, str]:
    """Return the SHA-256 that the file must have, and where it is from."""
    if request.sha256 is not None:
        return request.sha256, "SHA-256 given"
    if recorded is None or request.accept_change:
        return None, "first download; now recorded"
    return recorded.sha256, "SHA-256 of the first download"


def _usable(path: Path) -> Kind:
    """Return the kind of a file. Raises MismatchError if it is not a checkpoint, or has code."""
    kind = formats.of_file(path)
    if kind.suspicious:
        raise MismatchError(
            f"{path.name} asks for code.",
            kind.refusal,
            "Ask its author for the tensors alone. The file was not kept.",
            code="checkpoint.runs-code",
        )
    if kind.refusal:
        raise MismatchError(
            f"{path.name} is not a checkpoint.",
            kind.cause,
            "Open the address in a browser: a login page or a proxy may have answered.",
            code="checkpoint.unusable",
        )
    return kind


def _validate(path: Path) -> None:
    _usable(path)
