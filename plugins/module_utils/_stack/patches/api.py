"""What the modules and the command line show of a report: plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .engine import apply_patches, undo
from .syntax.source_tree import FolderTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Versions
    from .report import Change, Report


def act(
    path: str,
    ids: Sequence[str] | None = None,
    *,
    component: str | None = None,
    versions: Versions | None = None,
    absent: bool = False,
    check: bool = False,
) -> dict[str, Any]:
    """Patch a folder, or take patches back; return what a module returns. Raises ``StackError``."""
    tree = FolderTree(path)
    if absent:
        report = undo(tree, ids, component=component, check=check)
    else:
        report = apply_patches(tree, ids, component=component, versions=versions, check=check)
    return described(report)


def described(report: Report) -> dict[str, Any]:
    """Return a report as the keys ``changed``, ``component``, ``commit``, ``patches``, ``diff``."""
    patches: list[dict[str, Any]] = [
        {
            "id": outcome.id,
            "status": outcome.status,
            "files": list(outcome.files),
            "because": outcome.because,
        }
        for outcome in report.outcomes
    ]
    return {
        "changed": bool(report.changes),
        "component": report.component,
        "commit": report.commit,
        "patches": patches,
        "diff": [_shown(change) for change in report.changes],
    }


def _shown(change: Change) -> dict[str, str]:
    before, after = (change.before or b""), (change.after or b"")
    return {
        "before_header": change.path,
        "after_header": change.path,
        "before": before.decode("utf-8", "replace"),
        "after": after.decode("utf-8", "replace"),
    }
