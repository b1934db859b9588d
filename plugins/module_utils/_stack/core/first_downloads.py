"""Record size and SHA-256 of files at their first download.

Upstream publishes no digests, so later downloads are compared with the first: a file that has
changed since is refused until the user accepts the change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import names, saved
from .construct import construct, plain, read
from .files import locked
from .redaction import redacted
from .validation import mapping

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Recorded:
    """One file: its size in bytes, its SHA-256, and where known its address, path and kind."""

    size: int
    sha256: str = read(names.sha256)
    url: str = read(default="", omit=True)
    file: str = read(names.relative_path, default="", omit=True)
    type: str = read(default="", omit=True)


class FirstDownloads:
    """The record in one JSON file; several processes and threads may add to it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, Recorded]:
        """Return the recorded files by name or address. Raises ``Unreadable``."""
        hint = "Restore it, or move it away to start again."
        return saved.read(self._path, _parse, hint) or {}

    def add(self, name: str, row: Recorded) -> None:
        """Record one file."""
        with locked(self._path.with_name(f".{self._path.name}.lock")):
            files = self.load()
            row = replace(row, url=redacted(row.url))
            if files.get(name) != row:
                data = {"schema": 1, "files": plain(dict(sorted({**files, name: row}.items())))}
                saved.write(self._path, data, indent=2)


def _parse(data: Any) -> dict[str, Recorded]:  # noqa: ANN401  (it is JSON)
    rows = mapping(data["files"], "files")
    return {
        name: construct(Recorded, row, f"files.{name}", ignore_unknown=True)
        for name, row in rows.items()
    }
