"""``slowfast-stack plan``: what would be installed, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack import explain as texts
from ansible_collections.slowfast.stack.plugins.module_utils._stack import planner
from slowfast_stack import options, playbooks, report, request, screen, whatif
from slowfast_stack.exits import Exit, Misuse
from slowfast_stack.progress import HostRun
from slowfast_stack.session import Session

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
    gpu: Annotated[
        list[str] | None,
        typer.Option(metavar="VENDOR:DEVICE[xN]", help="What if: a GPU. Repeatable."),
    ] = None,
    os: Annotated[
        str | None,
        typer.Option(metavar="NAME-VERSION", help=f"What if: default {whatif.DEFAULT_OS}."),
    ] = None,
    arch: Annotated[
        str | None, typer.Option(metavar="x86_64|aarch64", help="What if: default x86_64.")
    ] = None,
    installed_driver: Annotated[
        str | None, typer.Option(metavar="VERSION", help="What if: the driver that is loaded.")
    ] = None,
    installed_cuda: Annotated[
        str | None, typer.Option(metavar="VERSION", help="What if: a toolkit that is there.")
    ] = None,
    secure_boot: Annotated[
        bool, typer.Option("--secure-boot", help="What if: Secure Boot is on.")
    ] = False,
    nvswitch: Annotated[
        bool, typer.Option("--nvswitch", help="What if: NVSwitches join the GPUs.")
    ] = False,
    torch: options.Torch = None,
    cuda: options.Cuda = None,
    python: options.Python = None,
    driver_branch: options.DriverBranch = None,
    preset: options.Preset = None,
    network: options.Network = None,
    source: options.Sources = None,
    verbose: options.Verbose = 0,
) -> int:
    """Say what would be installed.

    Changes nothing. Without -i, for this machine; with one of the what-if
    options, for a bare machine that you do not have.
    """
    machine = whatif.machine(
        gpus=gpu,
        os=os,
        arch=arch,
        driver=installed_driver,
        cuda=installed_cuda,
        secure_boot=secure_boot,
        nvswitch=nvswitch,
    )
    if machine and inventory:
        raise Misuse(
            "-i and the what-if options exclude each other.",
            "An inventory names hosts that are there.",
            "Leave one of them away.",
        )
    wanted = request.build(
        torch=torch,
        cuda=cuda,
        python=python,
        driver_branch=driver_branch,
        preset=preset,
        network=network,
        sources=request.sources(source, local=inventory is None),
    )
    if machine:
        runs = [_planned("what-if", whatif.host(machine, list(planner.endpoints(wanted))), wanted)]
    elif inventory is None:
        runs = [_here(prefix, wanted)]
    else:
        play = playbooks.play("plan", inventory, limit=limit, prefix=prefix, request=wanted)
        session = Session(screen.console(as_json=json), verbose)
        runs = session.follow(play, "plan", steps=("probe", "plan"))
    if json:
        plans = report.facts(runs, "stack_plan")
        screen.emit(plans, errors=report.errors(runs, "stack_plan"))
    else:
        _tell(runs, explain=explain)
    report.complain(runs, "stack_plan")
    return report.exit_code(runs, "stack_plan")


def _here(prefix: str | None, wanted: dict[str, Any]) -> HostRun:
    from slowfast_stack import here  # noqa: PLC0415  (it brings urllib: 50 ms)

    return _planned(here.NAME, here.host(prefix, wanted), wanted)


def _planned(name: str, host: dict[str, Any], wanted: dict[str, Any]) -> HostRun:
    return HostRun(name, facts={"stack_host": host, "stack_plan": planner.plan(host, wanted)})


def _tell(runs: list[HostRun], *, explain: bool) -> None:
    for run in runs:
        if report.code(run, "stack_plan") is Exit.PROVEN:
            print(_words(run.facts["stack_plan"], run.name, explain=explain))


def _words(plan: dict[str, Any], name: str, *, explain: bool) -> str:
    if explain:
        return texts.explain(plan, name=name)
    short = texts.explain({**plan, "reasons": []}, name=name)
    return short.replace("\nWhy", "", 1)
