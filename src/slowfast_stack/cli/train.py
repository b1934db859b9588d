"""``slowfast-stack train``: run a configuration of SlowFast on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.exit_codes import Exit
from slowfast_stack.ui import terminal

EXAMPLES = """
slowfast-stack train --cfg mine.yaml
slowfast-stack train --cfg mine.yaml TRAIN.BATCH_SIZE 4 NUM_GPUS 1
slowfast-stack train --cfg c3.yaml --from ~/SlowFast --json
"""


def train(
    *,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY VALUE", help="Lay these over the configuration."),
    ] = None,
    cfg: Annotated[Path, typer.Option("--cfg", metavar="FILE", help="The configuration.")],
    start: Annotated[
        Path,
        typer.Option("--from", metavar="DIR", help="Where relative paths begin; default: here."),
    ] = Path(),
    prefix: options.Prefix = None,
    no_check: options.NoCheck = False,
    json: options.AsJson = False,
) -> int:
    """Train, test or run the demo, as a configuration says.

    Checks the configuration, runs upstream's tools/run_net.py in the finished environment and
    shows epoch, iteration, loss and time left. The same command resumes a run that was stopped.
    Ends with 0 only when everything that the configuration asks for was done.
    """
    from slowfast_stack.training import installed, jobs, runs

    stack = installed.find(prefix)
    console = terminal.console(as_json=json)
    run = runs.run(stack, jobs.job(cfg, pairs or [], start), console, check=not no_check)
    if json:
        terminal.print_json({"run": run.facts()})
    else:
        console.print(run.sentence(), highlight=False, soft_wrap=True)
    return Exit.PROVEN
