"""``slowfast-stack patch``: patch known breakages in a source tree."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import api, engine
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import export as exports
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    AFFECTED,
    UNKNOWN,
    Patch,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.report import Report
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.report import (
    diff as diff_of,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)
from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.ui import terminal
from slowfast_stack.ui.streams import unescaped

verbs = Verbs()


@verbs.add(
    "patch ~/SlowFast --dry-run --diff",
    "patch ~/SlowFast",
    "patch ~/SlowFast --only optimizer-state --only empty-loader",
    "patch ~/SlowFast --undo",
    "patch ~/SlowFast --export -o patches/",
    changes="only the tree PATH; originals are kept in PATH/.slowfast-stack.",
)
def patch(
    *,
    path: Annotated[
        Path | None,
        typer.Argument(
            callback=options.existing_folder,
            help="Root of a checkout, or folder of an installed package.",
        ),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List the patches; change nothing.")
    ] = False,
    dry_run: options.DryRun = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes as a diff.")] = False,
    only: options.Only = None,
    undo: Annotated[bool, typer.Option("--undo", help="Restore the original files.")] = False,
    export: Annotated[
        bool, typer.Option("--export", help="Write each patch as a file into --output.")
    ] = False,
    output: Annotated[Path | None, options.output("The folder that --export writes into.")] = None,
    json: options.Json = False,
) -> int:
    """Patch known breakages in SlowFast, Detectron2 or PyTorchVideo.

    Works on any checkout, and on an installed package. With --dry-run it exits 1 where a patch is
    needed.
    """
    if export is not (output is not None):
        raise UsageError(
            "--export needs --output, and --output needs --export.",
            "The patches are written into the folder that --output names.",
            "Give both, or neither.",
            code="cli.conflicting-options",
        )
    if path is None:
        if not list_:
            raise UsageError(
                "PATH is missing.",
                "Patches are for one source tree.",
                "Give the PATH of a source tree, or use --list.",
                code="cli.missing-argument",
            )
        return _print_catalog(json=json)
    if sum((list_, undo, export)) > 1:
        raise UsageError(
            "Only one of --list, --undo and --export can be used at a time.",
            "Each does something else with the patches.",
            "Omit the others.",
            code="cli.conflicting-options",
        )
    tree = FolderTree(str(path))
    if output is not None:
        return _export(tree, only, output, json=json)
    report = _report(tree, only, undo=undo, dry_run=dry_run, list_=list_)
    if json:
        _print_json(api.to_dict(report), with_diff=diff)
    else:
        _print_report(report, undo=undo, dry_run=dry_run)
        if diff:
            out = sys.stdout if sys.stdout.isatty() else unescaped(sys.stdout)
            out.write(diff_of(report.changes))  # for `git apply`, byte for byte
    return Exit.FAILED if dry_run and report.changes else Exit.PROVEN


def _report(
    tree: FolderTree, only: list[str] | None, *, undo: bool, dry_run: bool, list_: bool
) -> Report:
    if list_:
        return engine.examine(tree, only)
    if undo:
        return engine.undo(tree, only, check=dry_run)
    return engine.apply_patches(tree, only, check=dry_run)


def _print_report(report: Report, *, undo: bool, dry_run: bool) -> None:
    where = f"{report.component} at {report.commit}" if report.commit else report.component
    print(where)
    for outcome in report.outcomes:
        status = outcome.status
        if undo:
            status = "would be undone" if dry_run else "undone"
        files = " ".join(outcome.files) if undo or status in (AFFECTED, UNKNOWN, "applied") else ""
        print(f"  {status:<19}{outcome.id:<26}{files or outcome.because}".rstrip())
    if not report.changes:
        print("Nothing to change.")


def _print_catalog(*, json: bool) -> int:
    if json:
        _print_json({"patches": [_catalog_entry(known) for known in PATCHES]})
        return Exit.PROVEN
    for known in PATCHES:
        issues = f" ({' '.join(known.issues)})" if known.issues else ""
        print(f"{known.id}  [{known.component}]\n  {known.title}{issues}\n  {known.symptom}")
    return Exit.PROVEN


def _catalog_entry(known: Patch) -> dict[str, object]:
    return {
        "id": known.id,
        "component": known.component,
        "title": known.title,
        "symptom": known.symptom,
        "reason": known.reason,
        "needed": known.needed.description,
        "origins": list(known.origins),
        "issues": list(known.issues),
    }


def _export(tree: FolderTree, only: list[str] | None, folder: Path, *, json: bool) -> int:
    written = exports.patch_files(tree, only)
    folder.mkdir(parents=True, exist_ok=True)
    for name, patch in written.items():
        (folder / name).write_bytes(patch)
    files = [str(folder / name) for name in written]
    if json:
        _print_json({"patches": files})
    else:
        print("\n".join(files) or "No patch file: the tree needs no patch.")
    return Exit.PROVEN


def _print_json(data: dict[str, object], *, with_diff: bool = True) -> None:
    shown = {key: value for key, value in data.items() if with_diff or key != "diff"}
    json_format.dump({"schema": terminal.SCHEMA, **shown}, sys.stdout, indent=2)
    sys.stdout.write("\n")
