"""``slowfast-stack repair``: mend known breakages of a source tree, by itself."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.editing.tree import FolderTree
from ansible_collections.slowfast.stack.plugins.module_utils._stack.repairs import engine, face
from ansible_collections.slowfast.stack.plugins.module_utils._stack.repairs import export as exports
from ansible_collections.slowfast.stack.plugins.module_utils._stack.repairs.model import (
    AFFECTED,
    UNKNOWN,
    Repair,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.repairs.registry import REPAIRS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.repairs.report import (
    Report,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.repairs.report import (
    diff as diff_of,
)
from slowfast_stack import options, screen
from slowfast_stack.exits import Exit, Misuse

EXAMPLES = """
slowfast-stack repair ~/SlowFast --check --diff
slowfast-stack repair ~/SlowFast
slowfast-stack repair ~/SlowFast --only optimizer-state --only empty-loader
slowfast-stack repair ~/SlowFast --undo
slowfast-stack repair ~/SlowFast --export patches/
"""
Only = Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this repair. Repeatable.")]


def repair(  # noqa: PLR0913  (one parameter for each option)
    *,
    path: Annotated[
        Path | None, typer.Argument(help="Root of a checkout, or folder of an installed package.")
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Say what is known; change nothing.")
    ] = False,
    check: Annotated[bool, typer.Option(help="Change nothing; 1 if a repair is needed.")] = False,
    diff: Annotated[bool, typer.Option(help="Show what changes.")] = False,
    only: Only = None,
    undo: Annotated[bool, typer.Option(help="Restore every byte.")] = False,
    json: options.AsJson = False,
    export: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each repair as a patch file.")
    ] = None,
) -> int:
    """Mend known breakages of SlowFast, Detectron2 or PyTorchVideo.

    Works on any checkout, and on an installed package. The originals are kept
    in .slowfast-stack in the tree.
    """
    if path is None:
        if not list_:
            raise Misuse("A tree is missing.", next_step="Give a PATH, or ask for --list.")
        return _tell_catalogue(json=json)
    if sum((list_, undo, export is not None)) > 1:
        raise Misuse("Only one of --list, --undo and --export can be done at a time.")
    tree = FolderTree(str(path))
    if export is not None:
        return _export(tree, only, export, json=json)
    report = _report(tree, only, undo=undo, check=check, look=list_)
    if json:
        _print_json(face.described(report), with_diff=diff)
    else:
        _tell(report, undo=undo)
        sys.stdout.write(diff_of(report.changes) if diff else "")
    return Exit.FAILED if check and report.changes else Exit.PROVEN


def _report(
    tree: FolderTree, only: list[str] | None, *, undo: bool, check: bool, look: bool
) -> Report:
    if look:
        return engine.examine(tree, only)
    if undo:
        return engine.undo(tree, only, check=check)
    return engine.mend(tree, only, check=check)


def _tell(report: Report, *, undo: bool) -> None:
    where = f"{report.component} at {report.commit}" if report.commit else report.component
    print(where)
    for outcome in report.outcomes:
        status = "undone" if undo else outcome.status
        files = " ".join(outcome.files) if status in (AFFECTED, UNKNOWN, "mended", "undone") else ""
        print(f"  {status:<19}{outcome.id:<26}{files or outcome.because}".rstrip())
    if not report.changes:
        print("Nothing to change.")


def _tell_catalogue(*, json: bool) -> int:
    if json:
        _print_json({"repairs": [_card(known) for known in REPAIRS]})
        return Exit.PROVEN
    for known in REPAIRS:
        issues = f" ({' '.join(known.issues)})" if known.issues else ""
        print(f"{known.id}  [{known.component}]\n  {known.title}{issues}\n  {known.symptom}")
    return Exit.PROVEN


def _card(known: Repair) -> dict[str, Any]:
    return {
        "id": known.id,
        "component": known.component,
        "title": known.title,
        "symptom": known.symptom,
        "reason": known.reason,
        "needed": known.needed.words,
        "issues": list(known.issues),
    }


def _export(tree: FolderTree, only: list[str] | None, folder: Path, *, json: bool) -> int:
    written = exports.patches(tree, only)
    folder.mkdir(parents=True, exist_ok=True)
    for name, patch in written.items():
        (folder / name).write_bytes(patch)
    files = [str(folder / name) for name in written]
    if json:
        _print_json({"patches": files})
    else:
        print("\n".join(files) or "No patch: the tree needs no repair.")
    return Exit.PROVEN


def _print_json(told: dict[str, Any], *, with_diff: bool = True) -> None:
    shown = {key: value for key, value in told.items() if with_diff or key != "diff"}
    json_format.dump({"schema": screen.SCHEMA, **shown}, sys.stdout, indent=2)
    sys.stdout.write("\n")
