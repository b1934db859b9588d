"""Check checkpoints that are there: what they are, and whether they are still the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    formats,
    known_digests,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.fetch import (
    UNUSABLE,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import sha256_of
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.formats import (
        Kind,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.known_digests import (
        Seen,
    )

_SUFFIXES = (".pkl", ".pyth", ".pth", ".pt")


@dataclass(frozen=True)
class Checked:
    """A file that was looked at; ``error`` is empty when it is fine."""

    path: Path
    error: str
    verified_by: str
    kind: Kind | None


def check(files: list[Path], folder: Path) -> list[Checked]:
    """Look at these files, or at all of a folder and at all that its record names."""
    seen = {folder / line["file"]: line for line in known_digests.load(folder).values()}
    chosen = files or sorted({*seen, *_found(folder)})
    if not chosen:
        raise UsageError(
            f"There is no checkpoint in {folder}.",
            hint="Name files, or get some: slowfast-stack models get NAME",
            code="checkpoint.none-found",
        )
    by_place = {path.resolve(): line for path, line in seen.items()}
    return [_one(path, by_place.get(path.resolve())) for path in chosen]


def _found(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file()]


def _one(path: Path, seen: Seen | None) -> Checked:
    try:
        kind = formats.of_file(path)
        return Checked(path, _wrong(path, kind, seen), _by(seen), kind)
    except OSError as error:
        return Checked(path, error.strerror or str(error), "", None)


def _wrong(path: Path, kind: Kind, seen: Seen | None) -> str:
    if kind.type in UNUSABLE:
        return kind.cause
    if seen is None:
        return ""
    if path.stat().st_size != seen["size"]:
        return f"It has {path.stat().st_size} bytes; {seen['size']} were recorded."
    if sha256_of(path) != seen["sha256"]:
        return "Its SHA-256 differs from the recorded one."
    return ""


def _by(seen: Seen | None) -> str:
    return "SHA-256 of the first sight" if seen else "not recorded: only its form was looked at"
