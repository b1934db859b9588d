"""Fetch checkpoints of the model zoo, and check local ones against the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    fetch,
    formats,
    requests,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    reason,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import sha256_of
from slowfast_stack import trusted
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.formats import (
        Kind,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.first_downloads import (
        Recorded,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.progress import (
        Progress,
    )

_SUFFIXES = (".pkl", ".pyth", ".pth", ".pt")
_TRUST = f"Use a file of tensors alone. To trust this one: {trusted.VARIABLE}=<its SHA-256>"
_AGAIN = "Remove it and fetch it again: slowfast-stack models get NAME"


@dataclass(frozen=True)
class Checked:
    """A checkpoint that was checked; ``error`` is None where it is as recorded."""

    path: Path
    error: StackError | None
    verified_by: str
    kind: Kind | None


def fetch_one(name: str, folder: Path, progress: Progress) -> Path:
    """Return the file of a checkpoint, from the network only where it does not exist yet."""
    return fetch.get(requests.request(name, folder, None), progress).path


def check(files: list[Path], folder: Path) -> list[Checked]:
    """Check these files, or all of a folder and all that its record names. Raises UsageError."""
    rows = fetch.record_of(folder).load().values()
    seen = {folder / line.file: line for line in rows if line.file}
    chosen = files or sorted({*seen, *_found(folder)})
    if not chosen:
        raise UsageError(
            f"There is no checkpoint in {folder}.",
            f"It has no file with the suffix {' or '.join(sorted(_SUFFIXES))}.",
            "Name files, or fetch one: slowfast-stack models get NAME",
            code="checkpoint.none-found",
        )
    by_place = {path.resolve(): line for path, line in seen.items()}
    return [_one(path, by_place.get(path.resolve())) for path in chosen]


def _found(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file()]


def _one(path: Path, seen: Recorded | None) -> Checked:
    try:
        kind = formats.of_file(path)
        return Checked(path, _difference(path, kind, seen), _by(seen), kind)
    except OSError as error:
        unreadable = StackError(
            f"{path} cannot be read.", reason(error), _AGAIN, code="file.unreadable"
        )
        return Checked(path, unreadable, "", None)


def _difference(path: Path, kind: Kind, seen: Recorded | None) -> StackError | None:
    size = path.stat().st_size
    if seen is not None and size != seen.size:
        cause = f"It has {size} bytes; {seen.size} were recorded."
        return StackError(f"{path} is not as recorded.", cause, _AGAIN, code="checkpoint.changed")
    refused = trusted.refusal(path, kind)
    if refused and kind.suspicious:
        return StackError(f"{path} asks for code.", refused, _TRUST, code="checkpoint.runs-code")
    if refused:
        return StackError(
            f"{path} is not a checkpoint.", refused, _AGAIN, code="checkpoint.unusable"
        )
    if seen is None or sha256_of(path) == seen.sha256:
        return None
    cause = "Its SHA-256 differs from the recorded one."
    return StackError(f"{path} is not as recorded.", cause, _AGAIN, code="checkpoint.changed")


def _by(seen: Recorded | None) -> str:
    return "recorded SHA-256" if seen else "not recorded: only its format was checked"
