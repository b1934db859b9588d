"""``slowfast-stack rehearse``: run a configuration on GPUs that are not there."""

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
    "rehearse mine.yaml",
    "rehearse mine.yaml --gpu 'RTX 3060' --gpus 1 TRAIN.MIXED_PRECISION True",
    "rehearse mine.yaml --gpu 10de:2330 --gpus 8 --json",
    changes="nothing; the fake CUDA runtime is compiled once into the user's cache.",
)
def rehearse(
    cfg: Annotated[
        Path, typer.Argument(callback=options.existing_file, help="The configuration of SlowFast.")
    ],
    *,
    pairs: options.KeyValues = None,
    gpu: Annotated[
        str | None,
        typer.Option(
            metavar="GPU",
            help="Id or name of a GPU of the catalog; default: that of this machine, or an H100.",
        ),
    ] = None,
    gpus: options.Gpus = None,
    gpu_memory: options.GpuMemory = None,
    prefix: options.Prefix = None,
    json: options.Json = False,
) -> int:
    """Rehearse a configuration on GPUs that this machine need not have.

    Upstream's own program runs for a few batches on tensors without numbers: model, optimizer,
    loaders, loss, mixed precision, training steps, precise batch norm, evaluation, test, and
    DistributedDataParallel for several GPUs. It shows what would fail, the peak of memory, and
    where the program waits for the GPU; it cannot show numbers, kernels and speed. What could not
    be rehearsed is an error, never a success.
    """
    from slowfast_stack.training import installed, jobs, rehearsal

    stack = installed.find(prefix)
    job = jobs.job(cfg, pairs or [], Path())
    done = rehearsal.of_job(stack, job, gpu, gpus, gpu_memory)
    terminal.show({"rehearsal": done.as_dict()}, done.lines(), as_json=json)
    return Exit.PROVEN if done.passed and done.fits is not False else Exit.FAILED
