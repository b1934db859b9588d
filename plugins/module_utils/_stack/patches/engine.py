"""Examine a tree, patch it, undo it: everything is computed first, then written, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import StackError
from . import record as records
from .layout import Layout, layout_of
from .model import (
    AFFECTED,
    ALREADY,
    NOT_HERE,
    UNKNOWN,
    WORST_FIRST,
    Finding,
    Patch,
    ReadableTree,
    Site,
    Tree,
    Versions,
    look,
)
from .registry import PATCHES, by_id
from .report import Change, Outcome, Report

if TYPE_CHECKING:
    from collections.abc import Sequence


def examine(
    tree: ReadableTree,
    ids: Sequence[str] | None = None,
    *,
    component: str | None = None,
    versions: Versions | None = None,
) -> Report:
    """Say what each patch finds in a tree and what it would change; write nothing.

    Without ``ids``: all patches of the component that the given versions need.
    """
    layout = layout_of(tree, component)
    chosen = _chosen(layout, ids, versions or {})
    draft = _Draft(tree, layout)
    record = records.load(tree, layout.component)
    outcomes = [_remembered(draft.run(patch), record) for patch in chosen]
    return Report(layout.component, tree.commit(), tuple(outcomes), draft.changes())


def apply_patches(
    tree: Tree,
    ids: Sequence[str] | None = None,
    *,
    component: str | None = None,
    versions: Versions | None = None,
    check: bool = False,
) -> Report:
    """Make every patch asked for, or none: raises ``StackError`` before the first write."""
    report = examine(tree, ids, component=component, versions=versions)
    _require_known(report)
    record = records.load(tree, report.component)
    for change in report.changes:
        _enter(tree, record, change)
    for change in report.changes:
        tree.require_writable(change.path)
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
    """Take patches back, all or the named ones; every other byte is as before them."""
    layout = layout_of(tree, component)
    record = records.load(tree, layout.component)
    wanted = [patch.id for patch in _chosen(layout, ids, {})]
    changes: list[Change] = []
    undone: dict[str, list[str]] = {}
    for path, entry in list(record.files.items()):
        gone = [name for name in entry.patches if name in wanted]
        if not gone:
            continue
        change = _taken_back(tree, layout, record, path, gone)
        changes += [change] if change.before != change.after else []
        for name in gone:
            undone.setdefault(name, []).append(path)
    for change in changes:
        tree.require_writable(change.path)
    if undone and not check:
        _write(tree, changes, record)
    outcomes = tuple(Outcome(name, AFFECTED, tuple(files)) for name, files in undone.items())
    return Report(layout.component, tree.commit(), outcomes, tuple(changes))


class _Draft:
    """The tree as it will be: patches see each other's work before anything is written."""

    def __init__(self, tree: ReadableTree, layout: Layout) -> None:
        self._tree = tree
        self._layout = layout
        self._after: dict[str, bytes] = {}
        self._patches: dict[str, list[str]] = {}

    def read(self, path: str) -> bytes | None:
        return self._after[path] if path in self._after else self._tree.read(path)

    def _placed(self, path: str) -> bytes | None:
        place = self._layout.place(path)
        return self.read(place) if place else None

    def run(self, patch: Patch) -> Outcome:
        if patch.component != self._layout.component:
            return Outcome(patch.id, NOT_HERE, (), f"It is a patch of {patch.component}.")
        seen: list[tuple[str, Finding]] = []
        for site in patch.sites:
            path = self._layout.place(site.path)
            if path is not None:
                seen.append((path, self._visit(patch, site, path)))
        present = [finding.status for _path, finding in seen]
        status = next((status for status in WORST_FIRST if status in present), NOT_HERE)
        named = [(path, finding) for path, finding in seen if finding.status == status]
        files = tuple(path for path, _finding in named) if status != NOT_HERE else ()
        because = " ".join(dict.fromkeys(f.because for _path, f in named if f.because))
        return Outcome(patch.id, status, files, because)

    def changes(self) -> tuple[Change, ...]:
        return tuple(
            Change(path, self._tree.read(path), data, tuple(self._patches[path]))
            for path, data in self._after.items()
        )

    def _visit(self, patch: Patch, site: Site, path: str) -> Finding:
        data = self.read(path)
        if site.lacks and self._placed(site.lacks) is not None:
            return Finding(NOT_HERE)
        if data is None:
            if site.text is None:
                return Finding(NOT_HERE)
            finding, data = Finding(AFFECTED), site.text.encode()
        else:
            finding, data = look(site, path, data)
        if finding.status == AFFECTED:
            self._after[path] = data
            self._patches.setdefault(path, []).append(patch.id)
        return finding


def _remembered(outcome: Outcome, record: records.Record) -> Outcome:
    """Tell what was patched here from what was never broken."""
    files = tuple(path for path, entry in record.files.items() if outcome.id in entry.patches)
    if outcome.status != NOT_HERE or not files:
        return outcome
    return Outcome(outcome.id, ALREADY, files)


def _chosen(layout: Layout, ids: Sequence[str] | None, versions: Versions) -> list[Patch]:
    if ids is None:
        own = (patch for patch in PATCHES if patch.component == layout.component)
        return [patch for patch in own if patch.needed(versions)]
    wanted = {by_id(name).id for name in ids}
    return [patch for patch in PATCHES if patch.id in wanted]


def _require_known(report: Report) -> None:
    lost = [outcome for outcome in report.outcomes if outcome.status == UNKNOWN]
    if lost:
        told = "; ".join(f"{o.id} in {', '.join(o.files)}: {o.because}" for o in lost)
        where = f"commit {report.commit}" if report.commit else "a tree without a commit"
        raise StackError(
            f"Nothing was changed, because the code that a patch patches is not as known: {told}",
            f"The tree is {where} of {report.component}.",
            "Take a commit that the table in docs/patches.md covers, or name only other patches.",
        )


def _enter(tree: Tree, record: records.Record, change: Change) -> None:
    """Note a change in the record; refuse where undoing it would lose somebody's work."""
    before = change.before
    entry = record.files.get(change.path)
    now = None if before is None else records.sha256(before)
    after = records.sha256(change.after or b"")
    if entry is None or now == entry.before or _forgotten(change, entry):
        record.files[change.path] = records.FileRecord(now, after, list(change.patches))
    elif now == entry.after:
        record.original(tree, change.path)
        entry.after = after
        entry.patches = entry.patches + [r for r in change.patches if r not in entry.patches]
    else:
        raise _changed_since(change.path)


def _forgotten(change: Change, entry: records.FileRecord) -> bool:
    """Tell whether the file is a new one: all that was patched in it needs patching again."""
    return set(entry.patches) <= set(change.patches)


def _taken_back(
    tree: Tree, layout: Layout, record: records.Record, path: str, gone: Sequence[str]
) -> Change:
    entry = record.files[path]
    now, original = tree.read(path), record.original(tree, path)
    if now != original and (now is None or records.sha256(now) != entry.after):
        raise _changed_since(path)
    entry.patches = [name for name in entry.patches if name not in gone]
    after = original
    if entry.patches and now != original:
        after = _patched(layout, path, original, entry.patches)
        entry.after = records.sha256(after or b"")
    else:
        del record.files[path]
    return Change(path, now, after)


def _patched(layout: Layout, path: str, data: bytes | None, names: Sequence[str]) -> bytes | None:
    for patch in PATCHES:
        for site in patch.sites:
            if patch.id in names and layout.place(site.path) == path and data is not None:
                _finding, data = look(site, path, data)
    return data


def _write(tree: Tree, changes: Sequence[Change], record: records.Record) -> None:
    """Record first, then files: a killed run leaves each file old or new, and both are known."""
    previous = tree.read(f"{records.FOLDER}/record.json")
    done: list[Change] = []
    try:
        if record.files:
            records.save(tree, record, [change.before for change in changes])
        for change in changes:
            _put(tree, change.path, change.after)
            done.append(change)
        if not record.files:
            tree.drop(records.FOLDER)
    except OSError as error:
        for change in reversed(done):
            _put(tree, change.path, change.before)
        if previous is None:
            tree.drop(records.FOLDER)
        else:
            tree.write(f"{records.FOLDER}/record.json", previous)
        raise StackError(
            f"A file could not be written; all files are as before: {error}.",
            "The disk, the permissions or the mount refused it.",
            "Make the tree writable, or free some space, and patch again.",
        ) from error


def _put(tree: Tree, path: str, data: bytes | None) -> None:
    if data is None:
        tree.remove(path)
    else:
        tree.write(path, data)


def _changed_since(path: str) -> StackError:
    return StackError(
        f"{path} was changed after it was patched; nothing was changed.",
        "Going on would lose that change, or mix it with the kept original.",
        "Save your change, restore the patched file, then go on; "
        f"or restore it from version control. The original is in {records.FOLDER}/originals.",
    )
