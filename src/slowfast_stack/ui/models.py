"""Checkpoints as text and as JSON: rows of the zoo, fetched files, checked files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def rows(text: str, folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the zoo that contain a text, with the sizes that are recorded."""
    seen = fetch.record_of(folder).load()
    needle = text.lower()
    return [
        _row(model, seen.get(model.url)) for model in MODELS if needle in " ".join(model).lower()
    ]


def _row(model: Model, seen: Recorded | None) -> dict[str, Any]:
    return {
        **model._asdict(),
        "size": seen.size if seen else None,
        "sha256": seen.sha256 if seen else None,
        "kind": seen.type if seen else model.kind,
        "kind_from": "its bytes" if seen else "upstream's texts",
    }


def lines(listed: list[dict[str, Any]]) -> list[str]:
    """Return a table as text."""
    head = ("id", "config", "data", "clip", "backbone", "score", "type", "MiB")
    cells = [head, *(_cells(row) for row in listed)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    notes = [f"{row['id']}: {row['note']}" for row in listed if row["note"]]
    return [*table, *(["", *notes] if notes else [])] if listed else ["No checkpoint matches."]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    size = f"{row['size'] / _MEBI:.1f}" if row["size"] else ""
    kind = row["kind"] if row["kind_from"] == "its bytes" else f"{row['kind']}?"
    named = [row[key] for key in ("id", "config", "data", "clip", "backbone", "score")]
    return (*named, kind, size)


def _kind(kind: Kind) -> dict[str, Any]:
    return {
        "type": kind.type,
        "container": kind.container,
        "cause": kind.cause,
        "keys": list(kind.keys),
        "epoch": kind.epoch,
        "classes": kind.classes,
        "would_run": list(kind.suspicious),
    }


def fetched(got: Checkpoint) -> dict[str, Any]:
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


def checked(result: Checked) -> dict[str, Any]:
    """Return a checked checkpoint as JSON has it."""
    kind = _kind(result.kind) if result.kind else {}
    file = {"file": str(result.path), "error": result.error or None}
    return file | {"verified_by": result.verified_by} | kind


def checked_lines(result: Checked) -> list[str]:
    """Return a checked checkpoint as text."""
    state = f"FAILED: {result.error}" if result.error else f"ok, {result.verified_by}"
    settings = _settings(result.path, result.kind) if result.kind else []
    return [f"{result.path}: {state}", *settings]


def _settings(path: Path, kind: Kind) -> list[str]:
    lines = [f"  {kind.type}: {kind.cause}"]
    if kind.type in ("pytorch", "caffe2"):
        lines += [
            f"  TRAIN.CHECKPOINT_FILE_PATH: {path.absolute()}",
            f"  TRAIN.CHECKPOINT_TYPE: {kind.type}",
        ]
    lines += [f"  classes: {kind.classes}"] if kind.classes else []
    lines += [f"  epoch: {kind.epoch}"] if kind.epoch is not None else []
    if kind.suspicious:
        lines += [f"  Loading it would run: {', '.join(kind.suspicious)}"]
    return lines
