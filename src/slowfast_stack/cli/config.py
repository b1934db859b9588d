"""``slowfast-stack config``: explain, make and check configurations of SlowFast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content
    from slowfast_stack.config.findings import Finding

verbs = Verbs("Explain, make and check configurations of SlowFast.")


def _checkout(source: list[str] | None) -> Path | None:
    from slowfast_stack.orchestration import request

    return request.checkout(source, "slowfast")


@verbs.add(
    "config explain SLOWFAST_8x8_R50",
    "config explain AVA/c2/SLOW_8x8_R50 --source slowfast=~/SlowFast --json",
    changes="nothing.",
)
def explain(
    name: Annotated[str, typer.Argument(help="Name or file of a configuration.")],
    *,
    source: options.Source = None,
    json: options.Json = False,
) -> int:
    """Explain what the name of a configuration means, and whether its file agrees.

    A name alone is explained. The content of a file, or of a name that is found in the checkout
    --source slowfast=DIR, is compared with the name.
    """
    from slowfast_stack.config import explain as explaining

    explained = explaining.explain(name, _checkout(source))
    terminal.show(explained.as_dict(), explained.lines(), as_json=json)
    return Exit.FAILED if explained.file and explained.file.error else Exit.PROVEN


@verbs.add(
    "config transfer Kinetics/SLOWFAST_8x8_R50 --source slowfast=~/SlowFast "
    "--checkpoint k400.pyth --data-dir /data/mine -o my.yaml",
    "config transfer base.yaml --to ava --checkpoint k400.pkl --data-dir /data/ava --gpus 2 -o ava.yaml",
    changes="nothing but the new file; the base is not changed.",
)
def transfer(
    base: Annotated[str, typer.Argument(help="Configuration that the checkpoint was made with.")],
    *,
    checkpoint: options.RequiredCheckpoint,
    data_dir: Annotated[
        Path,
        typer.Option(
            metavar="DIR", callback=options.existing_folder, help="Folder of the training data."
        ),
    ],
    output: Annotated[Path, options.output("The configuration to write.")],
    to: Annotated[
        Literal["classes", "ava"],
        typer.Option(help="Your classes, a label for each video; or boxes as in AVA."),
    ] = "classes",
    source: options.Source = None,
    classes: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Default: counted; 80 for AVA.")
    ] = None,
    gpus: options.Gpus = 1,
    batch: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Global batch size.")
    ] = None,
    gpu: options.CatalogGpu = None,
    gpu_memory: options.GpuMemory = None,
    epochs: Annotated[int, typer.Option(metavar="N", min=1, help="Epochs to train.")] = 20,
    output_dir: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="OUTPUT_DIR of the new file; default: as --output."),
    ] = None,
    prefix: options.Prefix = None,
    json: options.Json = False,
) -> int:
    """Make a fine-tuning configuration and give the reason for each changed line.

    The head gets your number of classes, the checkpoint type is read from its bytes, the learning
    rate follows the batch. Where a finished stack exists, the batch is what fits in the memory of
    the GPU; where that is less than the base's, several batches make one step of the optimizer, and
    precision and activation checkpointing are chosen for the GPU.
    """
    from slowfast_stack.config import finetune
    from slowfast_stack.training import installed, rehearsed_gpu
    from slowfast_stack.training.memory import MemoryCheck

    named = rehearsed_gpu.find(gpu, gpu_memory) if gpu else rehearsed_gpu.of_machine()
    if gpu and named:
        gpu_memory = named.memory / rehearsed_gpu.GIB
    request = finetune.Request(
        to=to,
        checkpoint=checkpoint,
        data=data_dir,
        output_dir=output_dir or str(output.absolute().with_suffix("")),
        classes=classes,
        gpus=1 if gpus is None else gpus,
        batch=batch,
        epochs=epochs,
        gpu_memory=gpu_memory,
    )
    fitting = MemoryCheck(prefix, gpu_memory).fitting
    target = installed.target_of(installed.current(prefix)).elsewhere()
    place = finetune.Place(fitting, target, named.capability if named else None)
    made = finetune.make(base, _checkout(source), request, output, place)
    terminal.show(made.as_dict(), made.lines(), as_json=json)
    return Exit.FAILED if made.errors else Exit.PROVEN


@verbs.add(
    "config check my.yaml",
    "config check my.yaml --fix",
    "config check my.yaml --rehearse --json",
    changes="nothing; with --fix the file, whose original is kept as FILE.before.",
)
def check(
    file: Annotated[Path, typer.Argument(callback=options.existing_file, help="A configuration.")],
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Write the fixed file.")] = False,
    output: Annotated[Path | None, options.output("The fixed file; default: FILE itself.")] = None,
    start: options.StartFolder = Path(),
    memory: Annotated[
        bool | None,
        typer.Option(help="Estimate memory; default: where a stack exists and NUM_GPUS is set."),
    ] = None,
    gpu_memory: options.GpuMemory = None,
    rehearse: Annotated[
        bool,
        typer.Option("--rehearse", help="Run it without a GPU, as slowfast-stack rehearse does."),
    ] = False,
    prefix: options.Prefix = None,
    json: options.Json = False,
) -> int:
    """Find what would make training fail, or train nothing, before it starts.

    Each finding names the key and the fix. With --fix, keys that have one right value are fixed,
    in place or in the file that --output names; comments are preserved.
    """
    from slowfast_stack.config import validate
    from slowfast_stack.training import installed, rehearsal
    from slowfast_stack.training.memory import MemoryCheck

    estimate = MemoryCheck(prefix, gpu_memory, memory).findings
    stack = installed.find(prefix) if rehearse else None

    def more(path: Path, read: Content) -> list[Finding]:
        ran = rehearsal.findings(stack, path, gpu_memory) if stack else []
        return estimate(path, read) + ran

    target = installed.target_of(installed.current(prefix))
    target = target.elsewhere() if rehearse else target
    checks = validate.Checks(start, more, target)
    report = validate.examine(file, checks, output=output or file, fix=fix)
    terminal.show(report.as_dict(), report.lines(), as_json=json)
    return Exit.FAILED if report.errors else Exit.PROVEN
