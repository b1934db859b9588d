"""``slowfast-stack train``: run a configuration of SlowFast on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit
from slowfast_stack.ui import terminal

verbs = Verbs()


@verbs.add(
    "train --cfg mine.yaml",
    "train --cfg mine.yaml TRAIN.BATCH_SIZE 4 NUM_GPUS 1",
    "train --cfg c3.yaml --from ~/SlowFast --json",
    changes="the folder OUTPUT_DIR of the configuration.",
)
def train(
    *,
    pairs: options.KeyValues = None,
    cfg: options.RequiredConfig,
    start: options.StartFolder = Path(),
    prefix: options.Prefix = None,
    skip_validation: options.SkipValidation = False,
    skip_rehearsal: Annotated[
        bool, typer.Option("--skip-rehearsal", help="Start on GPUs without a rehearsal before.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Train, test or run a demo from a configuration.

    Validates the configuration, rehearses it where it uses GPUs, runs upstream's tools/run_net.py
    in the finished environment and shows epoch, iteration, loss and time left. The same command
    resumes a run that was stopped. Exits 0 only when everything that is enabled was done.
    """
    from slowfast_stack.training import installed, jobs, runs
    from slowfast_stack.ui import training_display

    stack = installed.find(prefix)
    screen = training_display.Screen(terminal.console(as_json=json))
    job = jobs.job(cfg, pairs or [], start)
    before = runs.Before(validate=not skip_validation, rehearse=not skip_rehearsal)
    run = runs.run(stack, job, screen, before)
    terminal.show({"run": run.as_dict()}, [run.summary()], as_json=json)
    return Exit.PROVEN
