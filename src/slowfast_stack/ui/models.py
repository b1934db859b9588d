"""Checkpoints as text and as JSON: rows of the zoo, fetched files, checked files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import fetch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.zoo import (
    MODELS,
    Model,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.fetch import (
        Checkpoint,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.formats import (
        Kind,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.first_downloads import (
        Recorded,
    )
    from slowfast_stack.models import Checked

_MEBI = 1 << 20
_HEAD = ("id", "config", "data", "clip", "backbone", "score", "type", "MiB")


class Row(NamedTuple):
    """A checkpoint of the zoo, and what was recorded when it was fetched."""

    model: Model
    seen: Recorded | None

    def as_dict(self) -> dict[str, object]:
        """Return the output of --json."""
        return {
            **self.model._asdict(),
            "size": self.seen.size if self.seen else None,
            "sha256": self.seen.sha256 if self.seen else None,
            "kind": self.seen.type if self.seen else self.model.kind,
            "kind_from": "its bytes" if self.seen else "upstream's texts",
        }

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        model, seen = self
        kind = (seen.type, f"{seen.size / _MEBI:.1f}") if seen else (f"{model.kind}?", "")
        return (*model[: len(_HEAD) - len(kind)], *kind)


def rows(text: str, folder: Path) -> list[Row]:
    """Return the rows of the zoo that contain a text, with the sizes that are recorded."""
    seen = fetch.record_of(folder).load()
    needle = text.lower()
    return [
        Row(model, seen.get(model.url)) for model in MODELS if needle in " ".join(model).lower()
    ]


def lines(listed: list[Row]) -> list[str]:
    """Return a table as text."""
    cells = [_HEAD, *(row.cells() for row in listed)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    notes = [f"{model.id}: {model.note}" for model, _ in listed if model.note]
    return [*table, *(["", *notes] if notes else [])] if listed else ["No checkpoint matches."]


def _kind(kind: Kind) -> dict[str, object]:
    return {
        "type": kind.type,
        "container": kind.container,
        "cause": kind.cause,
        "keys": list(kind.keys),
        "epoch": kind.epoch,
        "classes": kind.classes,
        "would_run": list(kind.suspicious),
    }


def fetched(got: Checkpoint) -> dict[str, object]:
    """Return a fetched checkpoint as JSON has it."""
    return {
        "file": str(got.path),
        "error": None,
        "new": got.new,
        "size": got.size,
        "sha256": got.sha256,
        "verified_by": got.verified_by,
        **_kind(got.kind),
    }


def fetched_lines(got: Checkpoint) -> list[str]:
    """Return a fetched checkpoint as text."""
    state = "fetched" if got.new else "already exists"
    first = f"{got.path}: {state}, {got.size} bytes, verified by {got.verified_by}"
    return [first, *_settings(got.path, got.kind)]


def checked(result: Checked) -> dict[str, object]:
    """Return a checked checkpoint as JSON has it."""
    kind = _kind(result.kind) if result.kind else {}
    error = result.error.to_dict() if result.error else None
    file = {"file": str(result.path), "error": error}
    return file | {"verified_by": result.verified_by} | kind


def checked_lines(result: Checked) -> list[str]:
    """Return a checked checkpoint as text."""
    state = f"FAILED: {result.error.cause}" if result.error else f"ok, {result.verified_by}"
    settings = (
        _settings(result.path, result.kind, refused=bool(result.error)) if result.kind else []
    )
    return [f"{result.path}: {state}", *settings]


def _settings(path: Path, kind: Kind, *, refused: bool = False) -> list[str]:
    lines = [f"  {kind.type}: {kind.cause}"]
    if not refused and kind.type in ("pytorch", "caffe2"):
        lines += [
            f"  TRAIN.CHECKPOINT_FILE_PATH: {path.absolute()}",
            f"  TRAIN.CHECKPOINT_TYPE: {kind.type}",
        ]
    lines += [f"  classes: {kind.classes}"] if kind.classes else []
    lines += [f"  epoch: {kind.epoch}"] if kind.epoch is not None else []
    return lines
