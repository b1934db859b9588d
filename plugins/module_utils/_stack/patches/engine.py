"""Examine a source tree, apply patches and undo them; all files are written, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import StackError
from . import record as records
from .layout import Layout, layout_of
from .model import (
    AFFECTED,
    ALREADY_APPLIED,
    NOT_APPLICABLE,
    UNKNOWN,
    WORST_FIRST,
    Beside,
    Finding,
    Patch,
    ReadableTree,
    Site,
    Tree,
    Versions,
    examine_file,
)
from .registry import PATCHES, by_id
from .report import Change, Outcome, Report
from .syntax.source_file import Source, UnparsableError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def examine(
    tree: ReadableTree,
    ids: Sequence[str] | None = None,
    *,
    component: str | None = None,
    versions: Versions | None = None,
) -> Report:
    """Report what each patch finds in a tree and would change; write nothing.

    ``ids`` selects patches; None means those of the component that ``versions`` (by package name)
    need. Raises ``StackError`` for an unknown id or a tree of another project.
    """
    layout = layout_of(tree, component)
    chosen = _chosen(layout, ids, versions or {})
    draft = _Draft(tree, layout)
    record = records.load(tree, layout.component)
    outcomes = [_with_record(draft.run(patch), record) for patch in chosen]
    return Report(layout.component, tree.commit(), tuple(outcomes), draft.changes())


def apply_patches(
    tree: Tree,
    ids: Sequence[str] | None = None,
    *,
    component: str | None = None,
    versions: Versions | None = None,
    check: bool = False,
) -> Report:
    """Apply the selected patches, or none: raises ``StackError`` before the first write.

    With ``check`` nothing is written.
    """
    report = examine(tree, ids, component=component, versions=versions)
    _require_known(report)
    record = records.load(tree, report.component)
    for change in report.changes:
        _update_record(tree, record, change)
    _require_writable(tree, report.changes)
    if check:
        return report
    if report.changes:
        record.commit = report.commit
        _write(tree, report.changes, record)
    return report.applied()


def undo(
    tree: Tree,
    ids: Sequence[str] | None = None,
    *,
    component: str | None = None,
    check: bool = False,
) -> Report:
    """Undo patches, all or those of ``ids``; every other byte stays as it is.

    The report has an outcome for each patch that was undone, with its files. A patch that was
    possible only after one of ``ids`` is undone with it.
    """
    layout = layout_of(tree, component)
    record = records.load(tree, layout.component)
    selected = {patch.id for patch in _chosen(layout, ids, {})}
    changes: list[Change] = []
    undone: dict[str, list[str]] = {}
    for path, entry in list(record.files.items()):
        if selected.isdisjoint(entry.patches):
            continue
        before = entry.patches
        change = _undo_in_file(tree, layout, record, path, selected)
        changes += [change] if change.before != change.after else []
        for name in before:
            if path not in record.files or name not in entry.patches:
                undone.setdefault(name, []).append(path)
    _require_writable(tree, changes)
    if undone and not check:
        _write(tree, changes, record)
    outcomes = tuple(Outcome(name, AFFECTED, tuple(files)) for name, files in undone.items())
    return Report(layout.component, tree.commit(), outcomes, tuple(changes))


class _Draft:
    """The tree with its changes in memory: each patch sees the result of those before it."""

    def __init__(self, tree: ReadableTree, layout: Layout) -> None:
        self._tree = tree
        self._layout = layout
        self._after: dict[str, bytes] = {}
        self._patches: dict[str, list[str]] = {}

    def read(self, path: str) -> bytes | None:
        return self._after[path] if path in self._after else self._tree.read(path)

    def _of_repository(self, path: str) -> bytes | None:
        """Return the content of a file by its path in the repository, None where it is missing."""
        located = self._layout.locate(path)
        return None if located is None else self.read(located)

    def _holds(self, beside: Beside) -> bool:
        data = self._of_repository(beside.path)
        try:
            return data is not None and beside.holds(Source(beside.path, data))
        except UnparsableError:
            return False

    def run(self, patch: Patch) -> Outcome:
        if patch.component != self._layout.component:
            return Outcome(patch.id, NOT_APPLICABLE, (), f"It is a patch for {patch.component}.")
        findings: list[tuple[str, Finding]] = []
        for site in patch.sites:
            path = self._layout.locate(site.path)
            if path is not None:
                findings.append((path, self._visit(patch, site, path)))
        present = {finding.status for _path, finding in findings}
        status = next((status for status in WORST_FIRST if status in present), NOT_APPLICABLE)
        decisive = [(path, finding) for path, finding in findings if finding.status == status]
        files = tuple(path for path, _finding in decisive) if status != NOT_APPLICABLE else ()
        because = " ".join(dict.fromkeys(f.because for _path, f in decisive if f.because))
        return Outcome(patch.id, status, files, because)

    def changes(self) -> tuple[Change, ...]:
        return tuple(
            Change(path, self._tree.read(path), data, tuple(self._patches[path]))
            for path, data in self._after.items()
        )

    def _visit(self, patch: Patch, site: Site, path: str) -> Finding:
        data = self.read(path)
        if site.lacks and self._of_repository(site.lacks) is not None:
            return Finding(NOT_APPLICABLE)
        if site.beside and not any(map(self._holds, site.beside)):
            return Finding(NOT_APPLICABLE)
        if data is None:
            if site.text is None:
                return Finding(NOT_APPLICABLE)
            finding, data = Finding(AFFECTED), site.text.encode()
        else:
            finding, data = examine_file(site, path, data)
        if finding.status == AFFECTED:
            self._after[path] = data
            self._patches.setdefault(path, []).append(patch.id)
        return finding


def _with_record(outcome: Outcome, record: records.Record) -> Outcome:
    """Distinguish code that was patched here from code that never had the breakage."""
    files = tuple(path for path, entry in record.files.items() if outcome.id in entry.patches)
    if outcome.status != NOT_APPLICABLE or not files:
        return outcome
    return Outcome(outcome.id, ALREADY_APPLIED, files)


def _chosen(layout: Layout, ids: Sequence[str] | None, versions: Versions) -> list[Patch]:
    if ids is None:
        own = (patch for patch in PATCHES if patch.component == layout.component)
        return [patch for patch in own if patch.needed(versions)]
    selected = {by_id(name).id for name in ids}
    return [patch for patch in PATCHES if patch.id in selected]


def _require_known(report: Report) -> None:
    failed = [outcome for outcome in report.outcomes if outcome.status == UNKNOWN]
    if failed:
        details = "; ".join(f"{o.id} in {', '.join(o.files)}: {o.because}" for o in failed)
        where = f"commit {report.commit}" if report.commit else "a tree without a commit"
        raise StackError(
            f"Nothing was changed: a patch does not know this form of the code: {details}",
            f"The tree is {where} of {report.component}.",
            "Use a commit that docs/patches.md covers, or select only the other patches.",
            code="patches.unknown-code",
        )


def _require_writable(tree: Tree, changes: Sequence[Change]) -> None:
    for change in changes:
        tree.require_writable(change.path)
    if changes:
        tree.require_writable(records.FILE)


def _update_record(tree: Tree, record: records.Record, change: Change) -> None:
    """Add a change to the record. Raises ``StackError`` if an undo could lose the user's edits."""
    before = change.before
    entry = record.files.get(change.path)
    now = None if before is None else records.sha256(before)
    after = records.sha256(change.after or b"")
    if entry is None or now == entry.before or _is_new_file(change, entry):
        record.files[change.path] = records.FileRecord(now, after, list(change.patches))
    elif now == entry.after:
        record.original(tree, change.path)
        entry.after = after
        entry.patches = entry.patches + [r for r in change.patches if r not in entry.patches]
    else:
        raise _changed_since(change.path)


def _is_new_file(change: Change, entry: records.FileRecord) -> bool:
    """Return whether the file was replaced since: every recorded patch is needed again."""
    return set(entry.patches) <= set(change.patches)


def _undo_in_file(
    tree: Tree, layout: Layout, record: records.Record, path: str, selected: Collection[str]
) -> Change:
    """Undo patches of one file: apply those that remain to the original again."""
    entry = record.files[path]
    now, original = tree.read(path), record.original(tree, path)
    if now != original and (now is None or records.sha256(now) != entry.after):
        raise _changed_since(path)
    remaining = [name for name in entry.patches if name not in selected]
    after = original
    entry.patches = []
    if now != original and original is not None:
        after, entry.patches = _reapply(layout, path, original, remaining)
        entry.after = records.sha256(after)
    if not entry.patches:
        del record.files[path]
    return Change(path, now, after)


def _reapply(
    layout: Layout, path: str, data: bytes, names: Collection[str]
) -> tuple[bytes, list[str]]:
    """Apply patches to the original of a file; return the result and those that changed it."""
    applied = []
    for patch in PATCHES:
        for site in patch.sites:
            if patch.id in names and layout.locate(site.path) == path:
                finding, data = examine_file(site, path, data)
                applied += [patch.id] if finding.status == AFFECTED else []
    return data, applied


def _write(tree: Tree, changes: Sequence[Change], record: records.Record) -> None:
    """Write the record, then the files: after a kill each file is old or new, and both are recorded."""
    previous = tree.read(records.FILE)
    done: list[Change] = []
    try:
        if record.files:
            records.save(tree, record, [change.before for change in changes])
        for change in changes:
            _replace(tree, change.path, change.after)
            done.append(change)
        if not record.files:
            tree.drop(records.FOLDER)
    except (OSError, StackError) as error:
        for change in reversed(done):
            _replace(tree, change.path, change.before)
        if previous is None:
            tree.drop(records.FOLDER)
        else:
            tree.write(records.FILE, previous)
        raise StackError(
            f"A file could not be written; all changes were reverted: {error}.",
            "The disk is full, or the file system or its permissions do not allow it.",
            "Make the tree writable or free disk space, then apply the patches again.",
            code="patches.not-written",
        ) from error


def _replace(tree: Tree, path: str, data: bytes | None) -> None:
    if data is None:
        tree.remove(path)
    else:
        tree.write(path, data)


def _changed_since(path: str) -> StackError:
    return StackError(
        f"{path} was changed after it was patched; nothing was changed.",
        "Continuing would lose that change, or mix it with the saved original.",
        "Save your change and restore the patched file; "
        f"or restore the file from version control. The original is in {records.FOLDER}/originals.",
        code="patches.changed-since",
    )
