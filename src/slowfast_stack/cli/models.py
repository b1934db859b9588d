"""``slowfast-stack models``: the checkpoints of upstream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    fetch,
    requests,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.ui import models as render
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

verbs = Verbs("List, fetch and check checkpoints.")


@verbs.add(
    "models list",
    "models list SLOWFAST_8x8_R50",
    "models list ava --json",
    name="list",
    changes="nothing.",
)
def list_(
    text: Annotated[str, typer.Argument(help="Only rows with this text.")] = "",
    *,
    checkpoint_dir: options.CheckpointDir = options.CHECKPOINTS,
    json: options.Json = False,
) -> int:
    """List the checkpoints of upstream's model zoo."""
    rows = render.rows(text, checkpoint_dir)
    terminal.show({"models": [row.as_dict() for row in rows]}, render.lines(rows), as_json=json)
    return Exit.PROVEN if rows else Exit.FAILED


@verbs.add(
    "models get ava/SLOWFAST_32x2_R101_50_50",
    "models get Kinetics/SLOWFAST_8x8_R50 --checkpoint-dir /data/checkpoints",
    "models get ava/SLOWFAST_32x2_R101_50_50 --cfg mine.yaml",
    "models get https://example.org/mine.pyth --digest 2c26...",
    changes="the folder --checkpoint-dir; with --cfg that file, whose original is kept as FILE.before.",
)
def get(
    names: Annotated[
        list[str], typer.Argument(help="IDs, configurations, file names or URLs.", metavar="NAME")
    ],
    *,
    checkpoint_dir: options.CheckpointDir = options.CHECKPOINTS,
    mirror: options.Mirror = None,
    digest: Annotated[
        str | None,
        typer.Option("--digest", metavar="DIGEST", help="The expected SHA-256 of the checkpoint."),
    ] = None,
    accept_change: options.AcceptChange = False,
    attempts: options.Attempts = 5,
    cfg: options.Config = None,
    json: options.Json = False,
) -> int:
    """Fetch checkpoints, verify them, and report their CHECKPOINT_TYPE.

    Resumes where an earlier run stopped. A file appears only when it is complete; its type is read
    from its bytes, and no code in it is run. With --cfg, path and type are written into that
    configuration.
    """
    from slowfast_stack.config import checkpoint

    if len(names) > 1 and (digest or cfg):
        option = "--digest" if digest else "--cfg"
        raise UsageError(
            f"{option} is for one checkpoint.",
            f"{len(names)} checkpoints are named.",
            "Fetch them one by one.",
            code="cli.conflicting-options",
        )
    if cfg:
        checkpoint.require(cfg)
    asked = [
        requests.request(name, checkpoint_dir, mirror).of(
            sha256=digest, accept_change=accept_change, attempts=attempts
        )
        for name in names
    ]
    results = list(_get_all(asked, cfg, as_json=json))
    if json:
        terminal.print_json({"models": results})
    return Exit.FAILED if any(row["error"] for row in results) else Exit.PROVEN


def _get_all(
    asked: list[fetch.Request], cfg: Path | None, *, as_json: bool
) -> Iterator[dict[str, object]]:
    from slowfast_stack.config import checkpoint
    from slowfast_stack.ui import progress

    with progress.downloads() as report:
        for request in asked:
            try:
                got = fetch.get(request, report)
                written = cfg and checkpoint.write(cfg, got)
            except StackError as error:
                terminal.print_error(error)
                yield {"file": str(request.path), "error": error.to_dict()}
                continue
            if not as_json:
                print("\n".join(render.fetched_lines(got)))
                if cfg:
                    print(f"{cfg}: {'written' if written else 'unchanged'}")
            yield render.fetched(got)


@verbs.add(
    "models check",
    "models check my.pyth other.pkl",
    "models check --checkpoint-dir /data/checkpoints",
    changes="nothing.",
)
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            callback=options.existing_file,
            help="Checkpoints; default: all in --checkpoint-dir.",
        ),
    ] = None,
    *,
    checkpoint_dir: options.CheckpointDir = options.CHECKPOINTS,
    json: options.Json = False,
) -> int:
    """Report what checkpoints are, and whether they are as recorded."""
    from slowfast_stack import models

    results = models.check(files or [], checkpoint_dir)
    lines = [line for result in results for line in render.checked_lines(result)]
    checked = [render.checked(result) for result in results]
    terminal.show({"models": checked}, lines, as_json=json)
    return Exit.FAILED if any(result.error for result in results) else Exit.PROVEN
