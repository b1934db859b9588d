"""``slowfast-stack models``: the checkpoints of upstream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.cli import options
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.fetch import (
        Got,
        Wish,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.formats import (
        Kind,
    )
    from slowfast_stack.models.check import Checked

EXAMPLES = """
slowfast-stack models list ava
slowfast-stack models get ava/SLOWFAST_32x2_R101_50_50
slowfast-stack models check checkpoints/*.pyth
"""
group = typer.Typer(
    help="List, get and check checkpoints.", no_args_is_help=True, rich_markup_mode=None
)


def _epilog(*examples: str) -> str:
    return "\b\nExamples:\n  " + "\n  ".join(f"slowfast-stack models {line}" for line in examples)


@group.command("list", epilog=_epilog("list", "list SLOWFAST_8x8_R50", "list ava --json"))
def list_(
    text: Annotated[str, typer.Argument(help="Only rows with this text.")] = "",
    *,
    folder: options.Checkpoints = options.CHECKPOINTS,
    json: options.AsJson = False,
) -> int:
    """List every checkpoint of upstream's model zoo."""
    from slowfast_stack.ui import models

    rows = models.rows(text, folder)
    if json:
        terminal.print_json({"models": rows})
    else:
        print("\n".join(models.lines(rows)))
    return Exit.PROVEN if rows else Exit.FAILED


@group.command(
    epilog=_epilog(
        "get ava/SLOWFAST_32x2_R101_50_50",
        "get Kinetics/SLOWFAST_8x8_R50 --dir /data/checkpoints",
        "get ava/SLOWFAST_32x2_R101_50_50 --cfg mine.yaml",
        "get https://example.org/mine.pyth --sha256 2c26...",
    )
)
def get(  # noqa: PLR0913  (one parameter for each option)
    names: Annotated[
        list[str], typer.Argument(help="Ids, configs, file names or addresses.", metavar="NAME...")
    ],
    *,
    folder: options.Checkpoints = options.CHECKPOINTS,
    mirror: Annotated[
        str | None, typer.Option(metavar="URL", help="Take this in place of upstream's host.")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="What the file must be; for one NAME.")
    ] = None,
    accept_change: Annotated[
        bool, typer.Option("--accept-change", help="The file may differ from the first one seen.")
    ] = False,
    attempts: Annotated[
        int, typer.Option(metavar="N", min=1, help="Give up after N failures in a row.")
    ] = 5,
    cfg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write path and CHECKPOINT_TYPE into this configuration."
        ),
    ] = None,
    json: options.AsJson = False,
) -> int:
    """Fetch checkpoints, verify them, and say their CHECKPOINT_TYPE.

    Goes on where an earlier run stopped. A file appears only when it is whole;
    its type is read from its bytes, and no code in it is run. With --cfg, path and
    type are written into a configuration; FILE.before keeps the original.
    """
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import requests

    if sha256 and len(names) > 1:
        raise UsageError(
            "--sha256 is for one checkpoint.",
            hint="Ask for them one by one.",
            code="cli.conflicting-options",
        )
    if cfg:
        from slowfast_stack.models import config_file

        if len(names) > 1:
            raise UsageError(
                "--cfg is for one checkpoint.",
                hint="Ask for them one by one.",
                code="cli.conflicting-options",
            )
        config_file.require(cfg)
    wanted = [
        requests.wish(name, folder, mirror).of(
            sha256=sha256, changed_is_meant=accept_change, attempts=attempts
        )
        for name in names
    ]
    results = list(_get_all(wanted, cfg, as_json=json))
    if json:
        terminal.print_json({"models": results})
    return Exit.FAILED if any(row["error"] for row in results) else Exit.PROVEN


def _get_all(wanted: list[Wish], cfg: Path | None, *, as_json: bool) -> Iterator[dict[str, Any]]:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import fetch
    from slowfast_stack.ui import download_progress

    with download_progress.shown() as started:
        for wish in wanted:
            try:
                got = fetch.get(wish, started(wish.file))
                written = cfg and _write(cfg, got)
            except StackError as error:
                terminal.print_error(error)
                yield {"file": str(wish.path), "error": str(error)}
                continue
            if not as_json:
                print(_told(got))
                if cfg:
                    print(f"{cfg}: {'written' if written else 'unchanged'}")
            yield _described(got)


def _write(cfg: Path, got: Got) -> bool:
    from slowfast_stack.models import config_file

    return config_file.write(cfg, got)


def _told(got: Got) -> str:
    state = "fetched" if got.new else "already there"
    return "\n".join(
        [
            f"{got.path}: {state}, {got.size} bytes, verified by {got.verified_by}",
            *_settings(got.path, got.kind),
        ]
    )


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


def _described(got: Got) -> dict[str, Any]:
    from slowfast_stack.ui import models

    return {
        "file": str(got.path),
        "error": None,
        "new": got.new,
        "size": got.size,
        "sha256": got.sha256,
        "verified_by": got.verified_by,
        **models.kind_facts(got.kind),
    }


@group.command(epilog=_epilog("check", "check my.pyth other.pkl", "check --dir /data/checkpoints"))
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Checkpoints; default: all of DIR.")
    ] = None,
    *,
    folder: options.Checkpoints = options.CHECKPOINTS,
    json: options.AsJson = False,
) -> int:
    """Say what checkpoints are, and whether they are what was once recorded."""
    from slowfast_stack.models import check
    from slowfast_stack.ui import models

    results = check.check(files or [], folder)
    if json:
        terminal.print_json({"models": [models.checked(result) for result in results]})
    else:
        print("\n".join(_told_checked(result) for result in results))
    return Exit.FAILED if any(result.error for result in results) else Exit.PROVEN


def _told_checked(result: Checked) -> str:
    state = f"FAILED: {result.error}" if result.error else f"ok, {result.verified_by}"
    settings = _settings(result.path, result.kind) if result.kind else []
    return "\n".join([f"{result.path}: {state}", *settings])
