"""Write each patch as a patch file against the unpatched tree."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from .engine import examine
from .layout import layout_of
from .model import AFFECTED, Patch
from .record import load
from .registry import PATCHES, by_id
from .report import diff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Tree
    from .record import Record
    from .report import Report


def patch_files(
    tree: Tree, ids: Sequence[str] | None = None, component: str | None = None
) -> dict[str, bytes]:
    """Return patch files by name, one for each patch that the tree needs.

    Each applies by itself, with ``git apply`` or ``patch -p1``, to the unpatched tree.
    """
    layout = layout_of(tree, component)
    originals = _Originals(tree, load(tree, layout.component))
    selected = {by_id(name).id for name in ids} if ids is not None else None
    files = {}
    for patch in PATCHES:
        if patch.component == layout.component and (selected is None or patch.id in selected):
            report = examine(originals, [patch.id], component=layout.component)
            if report.outcomes[0].status == AFFECTED:
                files[f"{patch.id}.patch"] = _patch_file(patch, report)
    return files


class _Originals:
    """The tree before its patches, read-only."""

    def __init__(self, tree: Tree, record: Record) -> None:
        self._tree = tree
        self._record = record

    def read(self, path: str) -> bytes | None:
        if path in self._record.files:
            return self._record.original(self._tree, path)
        return self._tree.read(path)

    def commit(self) -> str | None:
        return self._tree.commit()


def _patch_file(patch: Patch, report: Report) -> bytes:
    base = f"Against {report.commit}.\n" if report.commit else ""
    issues = f"Issues: {' '.join(patch.issues)}\n" if patch.issues else ""
    head = (
        f"Subject: [PATCH] {patch.title}\n\n"
        f"Symptom:\n\n    {patch.symptom}\n\n"
        f"{textwrap.fill(patch.reason, 72)}\n\n{issues}{base}---\n"
    )
    return head.encode() + diff(report.changes, "latin-1").encode("latin-1")
