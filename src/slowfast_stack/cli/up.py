"""``slowfast-stack up``: probe, plan, apply, prove."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
    from_dict,
)
from slowfast_stack.cli import options
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import playbooks, processes, request, results
from slowfast_stack.orchestration.session import Session
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from slowfast_stack.orchestration.ansible import Play
    from slowfast_stack.orchestration.run_state import HostRun

EXAMPLES = """
slowfast-stack up
slowfast-stack up -i inventories/example --limit h100 --yes
slowfast-stack up --prefix ~/slowfast --torch '>=2.9'
slowfast-stack up --source slowfast=/srv/git/slowfast.git
slowfast-stack up --offline /media/usb/slowfast.bundle
slowfast-stack up --locked stack.lock.json
slowfast-stack up --ffmpeg build
"""


def up(  # noqa: PLR0913  (each is an option)
    *,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    prefix: options.Prefix = None,
    yes: Annotated[
        bool,
        typer.Option("-y", "--yes", help="Change packages, driver and reboot without asking."),
    ] = False,
    json: options.AsJson = False,
    torch: options.Torch = None,
    cuda: options.Cuda = None,
    python: options.Python = None,
    driver_branch: options.DriverBranch = None,
    preset: options.Preset = None,
    network: options.Network = None,
    ffmpeg: options.Ffmpeg = None,
    environment: options.Environment = None,
    conda_package: options.CondaPackages = None,
    source: options.Sources = None,
    offline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take everything from this bundle; touch no network."),
    ] = None,
    adopt_torch: Annotated[
        str | None,
        typer.Option(metavar="PYTHON", help="Use the PyTorch that this Python of the target has."),
    ] = None,
    locked: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Make what this stack.lock.json says, or fail."),
    ] = None,
    verbose: options.Verbose = 0,
) -> int:
    """Probe, plan, apply and prove.

    Brings each host to a proven SlowFast and Detectron2 environment.

    Ends with 0 only when every proof is ok. Asks before it changes anything outside
    the prefix. A second run changes nothing; an interrupted one is resumed by the same command.
    """
    wanted = request.build(
        torch=torch,
        cuda=cuda,
        python=python,
        driver_branch=driver_branch,
        preset=preset,
        network=network,
        ffmpeg=ffmpeg,
        environment=environment,
        conda_packages=conda_package,
        sources=request.sources(source, local=inventory is None),
        adopt_torch=adopt_torch,
        locked=request.lock(locked) if locked else None,
    )
    console = terminal.console(as_json=json)
    if offline:
        from slowfast_stack.bundle import verify

        verify.check(offline)
    session = Session(console, verbose)
    play = playbooks.play(
        "site",
        inventory,
        limit=limit,
        prefix=prefix,
        request=wanted,
        offline=str(offline.absolute()) if offline else None,
        reboot_allowed=yes,
    )
    processes.stop_left_behind(play.scope, console)
    if not yes and _consent(session, play, console):
        play = replace(play, variables=play.variables | {"stack_reboot_allowed": True})
    runs = session.follow(play, "up", steps=("probe", "plan"))
    _tell(runs, console, as_json=json)
    return results.exit_code(runs, "stack_proof")


def _consent(session: Session, play: Play, console: Console) -> bool:
    """Plan first and ask where the plan reaches beyond the prefix. Raises UsageError, typer.Abort."""
    planned = replace(play, playbook="slowfast.stack.plan")
    plans = results.facts(session.follow(planned, "plan", ("probe", "plan")), "stack_plan")
    changes = [
        f"{name}: {message}"
        for name, plan in plans.items()
        for message in beyond_prefix(from_dict(plan))
    ]
    if not changes:
        return False
    console.print("This plan changes more than its own folder:")
    console.print("\n".join(f"  {line}" for line in changes), highlight=False)
    if not sys.stdin.isatty():
        raise UsageError(
            "The plan needs your consent.",
            "; ".join(changes) + ".",
            "Add --yes to go ahead.",
            code="cli.no-consent",
        )
    typer.confirm("Go ahead?", abort=True, err=True)
    return True


def beyond_prefix(plan: Plan | NoPlan) -> list[str]:
    """List what a plan changes outside its own folder."""
    if isinstance(plan, NoPlan):
        return []
    driver, cuda, changes = plan.driver, plan.cuda, []
    if driver and driver.action != "keep":
        changes.append(f"{driver.action} the NVIDIA driver {driver.branch}")
    if driver and driver.reboot:
        changes.append("reboot")
    if cuda and cuda.action != "keep":
        changes.append(f"{cuda.action} the CUDA toolkit {cuda.toolkit}")
    if plan.system_packages:
        changes.append("install the packages " + ", ".join(plan.system_packages))
    return changes


def _tell(runs: list[HostRun], console: Console, *, as_json: bool) -> None:
    if as_json:
        terminal.print_hosts({run.name: results.summary(run) for run in runs})
        results.print_errors(runs, "stack_proof")
        return
    from slowfast_stack import proof_report

    proof_report.show(console, results.facts(runs, "stack_proof"))
    results.print_errors(runs, "stack_proof")
    for run in runs:
        console.print(results.sentence(run), highlight=False, soft_wrap=True)
