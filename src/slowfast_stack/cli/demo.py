"""``slowfast-stack demo``: a video in, a video with persons and their actions out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.ui import terminal

verbs = Verbs()


@verbs.add(
    "demo --video in.mp4 -o out.mp4",
    "demo --video in.mp4 -o out.mp4 --checkpoint ava.pkl --detector person.pkl",
    "demo --video in.mp4 -o out.mp4 --cfg mine.yaml --checkpoint mine.pyth --labels names.txt "
    "DEMO.COMMON_CLASS_THRES 0.5",
    changes="nothing but the output, and checkpoints that are fetched into --checkpoint-dir.",
)
def demo(
    *,
    pairs: options.KeyValues = None,
    video: Annotated[
        Path,
        typer.Option(metavar="FILE", callback=options.existing_file, help="The video to annotate."),
    ],
    output: Annotated[Path, options.output("The annotated video.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace --output where it exists.")
    ] = False,
    cfg: options.Config = None,
    checkpoint: options.Checkpoint = None,
    detector: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=options.existing_file,
            help="The weights of Detectron2 to load.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=options.existing_file,
            help="Names of the classes; default for 80: AVA's.",
        ),
    ] = None,
    gpus: options.Gpus = None,
    checkpoint_dir: options.CheckpointDir = options.CHECKPOINTS,
    prefix: options.Prefix = None,
    skip_validation: options.SkipValidation = False,
    json: options.Json = False,
) -> int:
    """Detect persons and their actions in a video.

    Detectron2 finds the persons, SlowFast classifies their actions, and both are drawn.

    Runs upstream's demo in the finished environment, on one GPU or the CPU. By default it takes
    upstream's configuration for AVA, and fetches and verifies its weights. The output is H.264.
    """
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
        prefix as prefixes,
    )
    from slowfast_stack import models
    from slowfast_stack.training import demo, installed
    from slowfast_stack.ui import progress, training_display

    stack = installed.find(prefix)
    if output.exists() and not replace:
        raise UsageError(
            f"{output} already exists.",
            "An existing video is not replaced without --replace.",
            "Give another --output, or --replace.",
            code="cli.file-exists",
        )
    if gpus is None:
        plan = prefixes.current_plan(prefixes.resolve(prefix)) or {}
        gpus = int(plan.get("profile") == "cuda")
    elif gpus > 1:
        raise UsageError(
            "The demo runs on one GPU.",
            f"--gpus is {gpus}, and upstream's demo reads the video in one process.",
            "Give --gpus 1, or --gpus 0.",
            code="cli.invalid-value",
        )

    def fetch(name: str) -> Path:
        with progress.downloads() as report:
            return models.fetch_one(name, checkpoint_dir, report)

    request = demo.Request(
        video=video,
        output=output,
        config=cfg,
        checkpoint=checkpoint,
        detector=detector,
        labels=labels,
        gpus=gpus,
        options=tuple(pairs or ()),
    )
    screen = training_display.Screen(terminal.console(as_json=json))
    made = demo.make(stack, request, fetch, screen, validate=not skip_validation)
    terminal.show({"demo": made.as_dict()}, [made.summary()], as_json=json)
    return Exit.PROVEN
