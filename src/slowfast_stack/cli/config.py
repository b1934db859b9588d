"""``slowfast-stack config``: read, make and check configurations of SlowFast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from slowfast_stack.cli import options
from slowfast_stack.exit_codes import Exit
from slowfast_stack.ui import terminal

EXAMPLES = """
slowfast-stack config explain SLOWFAST_8x8_R50
slowfast-stack config explain configs/AVA/c2/SLOW_8x8_R50 --source ~/SlowFast
slowfast-stack config transfer Kinetics/SLOWFAST_8x8_R50 --source ~/SlowFast \\
    --checkpoint kinetics.pyth --data /data/mine --out my.yaml
slowfast-stack config check my.yaml --fix
"""
group = typer.Typer(
    help="Read, make and check configurations of SlowFast.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Source = Annotated[
    Path | None, typer.Option(metavar="DIR", help="A checkout of SlowFast to find the file in.")
]

GpuMemory = Annotated[
    float | None,
    typer.Option(metavar="GIB", min=1, help="Memory of a GPU; default: what this machine has."),
]


def _epilog(*examples: str) -> str:
    return "\b\nExamples:\n  " + "\n  ".join(f"slowfast-stack config {line}" for line in examples)


@group.command(
    epilog=_epilog(
        "explain SLOWFAST_8x8_R50", "explain AVA/c2/SLOW_8x8_R50 --source ~/SlowFast --json"
    )
)
def explain(
    name: Annotated[str, typer.Argument(help="Name or file of a configuration.")],
    *,
    source: Source = None,
    json: options.AsJson = False,
) -> int:
    """Say what a configuration's name means, and whether its file agrees.

    A name alone is explained; of a file, or of a name found in --source, the
    content is compared with the name.
    """
    from slowfast_stack.config import explain as explaining
    from slowfast_stack.config import render

    told = explaining.explain(name, source)
    if json:
        terminal.print_json(told)
    else:
        print("\n".join(render.lines(told)))
    unreadable = told["file"] is not None and told["file"]["error"] is not None
    return Exit.FAILED if unreadable else Exit.PROVEN


@group.command(
    epilog=_epilog(
        "transfer Kinetics/SLOWFAST_8x8_R50 --source ~/SlowFast --checkpoint kinetics.pyth "
        "--data /data/mine --out my.yaml",
        "transfer base.yaml --to ava --checkpoint kinetics.pkl --data /data/ava --gpus 2 "
        "--out ava.yaml",
    )
)
def transfer(  # noqa: PLR0913  (one parameter for each option)
    base: Annotated[str, typer.Argument(help="Configuration that the checkpoint was made with.")],
    *,
    checkpoint: Annotated[Path, typer.Option(metavar="FILE", help="Weights to begin with.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Your lists, or the tree of AVA.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The configuration to write.")],
    to: Annotated[
        Literal["classes", "ava"],
        typer.Option(help="Own classes, a label for each video; or boxes as in AVA."),
    ] = "classes",
    source: Source = None,
    classes: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Default: counted; 80 for AVA.")
    ] = None,
    gpus: Annotated[int, typer.Option(metavar="N", min=0, help="GPUs; 0 for the CPU.")] = 1,
    batch: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Clips of a step on all GPUs.")
    ] = None,
    gpu_memory: GpuMemory = None,
    epochs: Annotated[int, typer.Option(metavar="N", min=1, help="How long to train.")] = 20,
    output_dir: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where training writes; default: as --out.")
    ] = None,
    prefix: options.Prefix = None,
    json: options.AsJson = False,
) -> int:
    """Make a fine-tuning configuration; say the reason for each changed line.

    The head gets your number of classes, the checkpoint type is read from its
    bytes, the learning rate follows the batch. The base stays as it is. Where there is
    a finished stack, the batch is what its model leaves room for in the GPU's memory.
    """
    from slowfast_stack.config import finetune_files
    from slowfast_stack.config.finetune import Wanted
    from slowfast_stack.training import memory_check

    wanted = Wanted(
        to=to,
        checkpoint=checkpoint,
        data=data,
        output_dir=output_dir or str(out.absolute().with_suffix("")),
        classes=classes,
        gpus=gpus,
        batch=batch,
        epochs=epochs,
        gpu_memory=gpu_memory,
    )
    scale = memory_check.Scale(prefix, gpu_memory)
    made = finetune_files.make(base, source, wanted, out, scale.fitting)
    if json:
        terminal.print_json(made.facts())
    else:
        print("\n".join(made.lines()))
    return Exit.FAILED if made.errors else Exit.PROVEN


@group.command(epilog=_epilog("check my.yaml", "check my.yaml --fix", "check my.yaml --json"))
def check(  # noqa: PLR0913  (one parameter for each option)
    file: Annotated[Path, typer.Argument(help="A configuration.")],
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Write the fixed file.")] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --fix: write here, not in place.")
    ] = None,
    start: Annotated[
        Path, typer.Option("--from", metavar="DIR", help="Where training will be started.")
    ] = Path(),
    memory: Annotated[
        bool | None,
        typer.Option(help="Estimate memory; default: where a stack and NUM_GPUS are there."),
    ] = None,
    gpu_memory: GpuMemory = None,
    prefix: options.Prefix = None,
    json: options.AsJson = False,
) -> int:
    """Look for what would fail, or train nothing, before it is started.

    Each finding names the key and the fix. With --fix, what has one right
    value is fixed; comments stay, and FILE.before keeps the original.
    """
    from slowfast_stack.config import validation_report
    from slowfast_stack.training import memory_check

    scale = memory_check.Scale(prefix, gpu_memory, wanted=memory)
    result = validation_report.examine(
        file, start, output=output or file, fix=fix, weigh=scale.weigh
    )
    if json:
        terminal.print_json(result.facts())
    else:
        print("\n".join(result.lines()))
    return Exit.FAILED if result.errors else Exit.PROVEN
