"""``slowfast-stack plan``: what would be installed, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain as texts
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    from_dict as read_plan,
)
from slowfast_stack import what_if
from slowfast_stack.cli import options
from slowfast_stack.exit_codes import Exit
from slowfast_stack.orchestration import plans, request, results
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from slowfast_stack.orchestration.run_state import HostRun

EXAMPLES = """
slowfast-stack plan --explain
slowfast-stack plan -i inventories/example --json
slowfast-stack plan --gpu 10de:2330x8 --nvswitch --os ubuntu-22.04 --explain
slowfast-stack plan --gpu 10de:1eb8 --torch '<2' --json
"""


def plan(  # noqa: PLR0913  (each is an option)
    *,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    prefix: options.Prefix = None,
    json: options.AsJson = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, choice by choice.")] = False,
    gpu: options.Gpu = None,
    os: options.Os = None,
    arch: options.Arch = None,
    installed_driver: options.InstalledDriver = None,
    installed_cuda: options.InstalledCuda = None,
    secure_boot: options.SecureBoot = False,
    nvswitch: options.NvSwitch = False,
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
    verbose: options.Verbose = 0,
) -> int:
    """Say what would be installed.

    Changes nothing. Without -i, for this machine; with one of the what-if
    options, for a bare machine that you do not have.
    """
    machine = what_if.machine(
        gpus=gpu,
        os=os,
        arch=arch,
        driver=installed_driver,
        cuda=installed_cuda,
        secure_boot=secure_boot,
        nvswitch=nvswitch,
    )
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
    )
    runs = plans.runs(
        machine, inventory, wanted, limit=limit, prefix=prefix, as_json=json, verbose=verbose
    )
    if json:
        found = results.facts(runs, "stack_plan")
        terminal.print_hosts(found, errors=results.errors(runs, "stack_plan"))
    else:
        _tell(runs, explain=explain)
    results.print_errors(runs, "stack_plan")
    return results.exit_code(runs, "stack_plan")


def _tell(runs: list[HostRun], *, explain: bool) -> None:
    for run in runs:
        if results.code(run, "stack_plan") is Exit.PROVEN:
            plan = read_plan(run.facts["stack_plan"])
            print(texts.explain(plan, name=run.name, reasons=explain))
