"""``slowfast-stack train``: run a configuration of SlowFast on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.torchrun import Wanted

verbs = Verbs()
_LOSSES = ("wait", "continue")


@dataclass(frozen=True)
class Several:
    """Where a training over several nodes runs, and what follows a loss."""

    nodes: Annotated[
        str | None, typer.Option(metavar="GROUP", help="Train on all hosts of a group.")
    ] = None
    inventory: options.Inventory = None
    processes: Annotated[
        int, typer.Option(metavar="N", min=1, help="Processes of each node, with NUM_GPUS 0.")
    ] = 1
    check_only: Annotated[
        bool, typer.Option("--check-only", help="Check the nodes and the links; train nothing.")
    ] = False
    on_node_lost: Annotated[
        str,
        typer.Option(metavar="wait|continue", help="Wait for a lost node, or go on without it."),
    ] = "wait"
    max_restarts: Annotated[
        int, typer.Option(metavar="N", min=0, help="How often to start again after a loss.")
    ] = 3
    interface: Annotated[
        str | None, typer.Option(metavar="NAME", help="The interface that connects the nodes.")
    ] = None
    slurm: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Submit N tasks to Slurm instead.")
    ] = None
    partition: Annotated[
        str | None, typer.Option(metavar="NAME", help="The partition of the Slurm job.")
    ] = None
    cpus: Annotated[
        int, typer.Option(metavar="N", min=1, help="CPUs of each node of the Slurm job.")
    ] = 8
    image: Annotated[
        str | None,
        typer.Option(metavar="IMAGE", help="For enroot with pyxis, or a .sif file for Apptainer."),
    ] = None
    dry_run: options.DryRun = False


@verbs.add(
    "train --cfg mine.yaml",
    "train --cfg mine.yaml TRAIN.BATCH_SIZE 4 NUM_GPUS 1",
    "train --cfg c3.yaml --from ~/SlowFast --json",
    "train --cfg mine.yaml -i hosts.yml --nodes gpu",
    "train --cfg mine.yaml --slurm 4 --dry-run",
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
    several: Several,
    json: options.Json = False,
) -> int:
    """Train, test or run a demo from a configuration.

    Validates the configuration, rehearses it where it uses GPUs, runs upstream's tools/run_net.py
    in the finished environment and shows epoch, iteration, loss and time left. The same command
    resumes a run that was stopped. Exits 0 only when everything that is enabled was done.
    """
    from slowfast_stack.training import installed, jobs, runs
    from slowfast_stack.ui import training_display

    if several.nodes is not None or several.slurm is not None:
        return _on_several(several, jobs.job(cfg, pairs or [], start), prefix, as_json=json)
    stack = installed.find(prefix)
    screen = training_display.Screen(terminal.console(as_json=json))
    job = jobs.job(cfg, pairs or [], start)
    before = runs.Before(validate=not skip_validation, rehearse=not skip_rehearsal)
    run = runs.run(stack, job, screen, before)
    terminal.show({"run": run.as_dict()}, [run.summary()], as_json=json)
    return Exit.PROVEN


def _on_several(several: Several, job: Job, folder: str | None, *, as_json: bool) -> int:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import prefix
    from slowfast_stack.training import torchrun

    _require_one_place(several)
    gpus = int(job.read.get("NUM_GPUS"))
    wanted = torchrun.Wanted(
        stack=str(prefix.resolve(folder) / "current"),
        processes=gpus or several.processes,
        restarts=several.max_restarts,
        on_node_lost=several.on_node_lost,
        interface=several.interface,
    )
    if several.slurm is not None:
        asked = torchrun.Cluster(
            several.slurm, gpus, several.cpus, several.partition, several.image
        )
        return _to_slurm(job, torchrun.script(job, wanted, asked), several, as_json=as_json)
    return _on_nodes(several, job, wanted, as_json=as_json)


def _require_one_place(several: Several) -> None:
    """Raise UsageError where options contradict each other."""
    wrong = {
        "Give either --nodes or --slurm.": several.nodes is not None and several.slurm is not None,
        "--nodes needs an inventory.": several.nodes is not None and several.inventory is None,
        "--on-node-lost is wait or continue.": several.on_node_lost not in _LOSSES,
    }
    for message, is_wrong in wrong.items():
        if is_wrong:
            cause = "Nodes are the hosts of a group of an inventory, or those that Slurm gives."
            hint = "Example: train --cfg FILE -i hosts.yml --nodes GROUP."
            raise UsageError(message, cause, hint, code="cli.conflicting-options")


def _to_slurm(job: Job, text: str, several: Several, *, as_json: bool) -> int:
    from slowfast_stack.orchestration import slurm

    if several.dry_run:
        terminal.show({"script": text}, [text], as_json=as_json)
        return Exit.PROVEN
    job.output.mkdir(parents=True, exist_ok=True)
    number = slurm.submit_file(job.output, job.output / "train.sbatch", text)
    lines = [f"Submitted job {number} on {several.slurm} nodes; it writes to {job.output}."]
    terminal.show({"job": number, "output_dir": str(job.output)}, lines, as_json=as_json)
    return Exit.PROVEN


def _inventory(given: str | None) -> Path:
    path = Path(given or "")
    if not path.exists():
        raise UsageError(
            f"The inventory {path} does not exist.",
            f"There is nothing at {path.absolute()}.",
            "Correct the path of -i.",
            code="inventory.not-found",
        )
    return path


def _on_nodes(several: Several, job: Job, wanted: Wanted, *, as_json: bool) -> int:
    from slowfast_stack.orchestration import inventory, nodes
    from slowfast_stack.training import node_checks, several_nodes
    from slowfast_stack.ui import training_display

    group = nodes.of_group(inventory.read(_inventory(several.inventory)), several.nodes or "")
    if len(group) == 1:
        raise UsageError(
            f"The group {several.nodes} has one host, {group[0].name}.",
            "A training over several nodes needs at least two.",
            "Train there without --nodes, or name another group.",
            code="training.too-few-nodes",
        )
    screen = training_display.Screen(terminal.console(as_json=as_json))
    checked = node_checks.check(group, wanted.stack, wanted.interface)
    if several.check_only:
        terminal.show({"check": checked.as_dict()}, [checked.summary()], as_json=as_json)
        return Exit.PROVEN
    screen.print(checked.summary())
    run = several_nodes.train(job, group, wanted, screen)
    lines = [f"done in {run.seconds:.0f} s on {', '.join(run.nodes)}, {run.starts} starts"]
    answer = {"run": run.as_dict(), "check": checked.as_dict()}
    terminal.show(answer, lines, as_json=as_json)
    return Exit.PROVEN
