"""``slowfast-stack demo``: a video in, a video with persons and their actions out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    prefix as prefixes,
)
from slowfast_stack.cli import options
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.ui import terminal

EXAMPLES = """
slowfast-stack demo --video in.mp4 --out out.mp4
slowfast-stack demo --video in.mp4 --out out.mp4 --checkpoint ava.pkl --detector person.pkl
slowfast-stack demo --video in.mp4 --out out.mp4 --cfg mine.yaml --checkpoint mine.pyth \\
    --labels names.txt DEMO.COMMON_CLASS_THRES 0.5
"""


def demo(  # noqa: PLR0913  (one parameter for each option)
    *,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY VALUE", help="Lay these over the configuration."),
    ] = None,
    video: Annotated[Path, typer.Option(metavar="FILE", help="The video to look at.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The video to write (H.264).")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace --out where it is there already.")
    ] = False,
    cfg: Annotated[
        Path | None,
        typer.Option("--cfg", metavar="FILE", help="Default: upstream's demo for AVA."),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights of SlowFast; default: fetched.")
    ] = None,
    detector: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights of Detectron2; default: fetched.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Names of the classes; default for 80: AVA's."),
    ] = None,
    gpus: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=1, help="Default: 1 if the stack has any.")
    ] = None,
    folder: options.Checkpoints = options.CHECKPOINTS,
    prefix: options.Prefix = None,
    no_check: options.NoCheck = False,
    json: options.AsJson = False,
) -> int:
    """Find persons with Detectron2, say what they do with SlowFast, and draw both.

    Runs upstream's demo in the finished environment. Without --checkpoint and
    --detector, upstream's weights are fetched once into --dir and verified.
    """
    from slowfast_stack.models import fetch
    from slowfast_stack.training import (
        demo,
        installed,
    )

    stack = installed.find(prefix)
    if out.exists() and not overwrite:
        raise UsageError(
            f"{out} is there already.",
            hint="Give another --out, or --overwrite.",
            code="cli.file-exists",
        )
    if gpus is None:
        plan = prefixes.current_plan(prefixes.resolve(prefix)) or {}
        gpus = int(plan.get("profile") == "cuda")
    asked = demo.Asked(
        video=video,
        out=out,
        config=cfg,
        checkpoint=checkpoint,
        detector=detector,
        labels=labels,
        gpus=gpus,
        options=tuple(pairs or ()),
    )
    console = terminal.console(as_json=json)
    made = demo.make(
        stack, asked, lambda name: fetch.one(name, folder), console, checked=not no_check
    )
    if json:
        terminal.print_json({"demo": made.facts()})
    else:
        console.print(made.sentence(), highlight=False, soft_wrap=True)
    return Exit.PROVEN
