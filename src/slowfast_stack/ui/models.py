"""The zoo and what was found, as tables and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import known_digests
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.zoo import (
    MODELS,
    Model,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.formats import (
        Kind,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.known_digests import (
        Seen,
    )
    from slowfast_stack.models.check import Checked

_MEBI = 1 << 20


def rows(text: str, folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the zoo that hold a text, with the sizes that were seen."""
    seen = known_digests.load(folder)
    wanted = text.lower()
    return [
        _row(model, seen.get(model.url))
        for model in MODELS
        if wanted in " ".join(model).lower() or not wanted
    ]


def _row(model: Model, seen: Seen | None) -> dict[str, Any]:
    return {
        **model._asdict(),
        "size": seen["size"] if seen else None,
        "sha256": seen["sha256"] if seen else None,
        "kind": seen["type"] if seen else model.kind,
        "kind_from": "its bytes" if seen else "upstream's texts",
    }


def lines(listed: list[dict[str, Any]]) -> list[str]:
    """Return a table for people."""
    head = ("id", "config", "data", "clip", "backbone", "score", "type", "MiB")
    cells = [head, *(_cells(row) for row in listed)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    notes = [f"{row['id']}: {row['note']}" for row in listed if row["note"]]
    return [*table, *(["", *notes] if notes else [])] if listed else ["No checkpoint fits."]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    size = f"{row['size'] / _MEBI:.1f}" if row["size"] else ""
    sure = row["kind"] if row["kind_from"] == "its bytes" else f"{row['kind']}?"
    named = [row[key] for key in ("id", "config", "data", "clip", "backbone", "score")]
    return (*named, sure, size)


def kind_facts(kind: Kind) -> dict[str, Any]:
    """Return what the bytes say."""
    return {
        "type": kind.type,
        "container": kind.container,
        "cause": kind.cause,
        "keys": list(kind.keys),
        "epoch": kind.epoch,
        "classes": kind.classes,
        "would_run": list(kind.suspicious),
    }


def checked(result: Checked) -> dict[str, Any]:
    """Return the result of a check."""
    facts = kind_facts(result.kind) if result.kind else {}
    told = {"file": str(result.path), "error": result.error or None}
    return told | {"verified_by": result.verified_by} | facts
