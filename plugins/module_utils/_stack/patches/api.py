"""Apply or undo patches of a folder and return the result as plain data for modules and CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .engine import apply_patches, undo
from .syntax.source_tree import FolderTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Versions
    from .report import Change, Report


def run(
    path: str,
    ids: Sequence[str] | None = None,
    *,
    component: str | None = None,
    versions: Versions | None = None,
    absent: bool = False,
    check: bool = False,
) -> dict[str, object]:
    """Apply patches to a folder, or undo them if ``absent``. Raises ``StackError``.

    Returns the result of ``to_dict``.
    """
    tree = FolderTree(path)
    if absent:
        report = undo(tree, ids, component=component, check=check)
    else:
        report = apply_patches(tree, ids, component=component, versions=versions, check=check)
    return to_dict(report)


def to_dict(report: Report) -> dict[str, object]:
    """Return a report with the keys ``changed``, ``component``, ``commit``, ``patches``, ``diff``."""
    return {
        "changed": bool(report.changes),
        "component": report.component,
        "commit": report.commit,
        "patches": [
            {
                "id": outcome.id,
                "status": outcome.status,
                "files": list(outcome.files),
                "because": outcome.because,
            }
            for outcome in report.outcomes
        ],
        "diff": [_diff(change) for change in report.changes],
    }


def _diff(change: Change) -> dict[str, str]:
    before, after = (change.before or b""), (change.after or b"")
    return {
        "before_header": change.path,
        "after_header": change.path,
        "before": before.decode("utf-8", "replace"),
        "after": after.decode("utf-8", "replace"),
    }
