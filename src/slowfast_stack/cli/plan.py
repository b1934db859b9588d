"""``slowfast-stack plan``: what would be installed, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain as texts
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.cli.request_options import RequestOptions, WhatIfOptions
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.orchestration import api, playbooks
from slowfast_stack.orchestration.results import Results
from slowfast_stack.orchestration.run_state import HostRun
from slowfast_stack.ui import terminal

verbs = Verbs()
OLDEST_GLIBC = "2.28"  # of a host that does not say; the oldest that wheels of today need


class Format(StrEnum):
    """Formats of other tools."""

    PYLOCK = "pylock"
    PIXI = "pixi"


@verbs.add(
    "plan --explain",
    "plan -i inventories/example --json",
    "plan --gpu 10de:2330x8 --nvswitch --os ubuntu-22.04 --explain",
    "plan --gpu 10de:1eb8 --torch '<2' --json",
    "plan --host gpu1.json --host recorded/ --explain",
    "probe -i inventories/example --json | slowfast-stack plan --host -",
    "plan --gpu 10de:2330 --os ubuntu-22.04 --format pixi > pixi.toml",
    "plan --format pylock > pylock.toml",
    changes="nothing.",
)
def plan(
    *,
    hosts: options.Hosts,
    prefix: options.Prefix = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the reason for each choice.")
    ] = False,
    host: options.Recorded = None,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Print the one plan as pylock.toml (asks the package index) or pixi.toml.",
        ),
    ] = None,
    what_if: WhatIfOptions,
    request: RequestOptions,
) -> int:
    """Show what would be installed, and why.

    Plans this machine; with -i, the hosts of an inventory; with one of the what-if options, a
    bare machine that does not exist; with --host, hosts that were recorded elsewhere.
    """
    command = HostCommand(hosts, playbooks.PLAN)
    asked = request.build(local=hosts.inventory is None)
    results = command.call(
        api.plan,
        request=asked,
        machine=what_if.machine(),
        recorded=host or (),
        prefix=prefix,
    )

    if format_ is not None and results.exit_code is Exit.PROVEN:
        print(_exported(results, format_), end="")
        return Exit.PROVEN

    def render(run: HostRun) -> str:
        planned = run.plan
        if not isinstance(planned, Plan):
            return ""
        return texts.explain(planned, name=run.name, reasons=explain)

    return command.report(results, render, schema=terminal.PLAN_SCHEMA)


def _exported(results: Results, format_: Format) -> str:
    """Return the one plan in the format of another tool. Raises UsageError, StackError."""
    from slowfast_stack.bundle import plan_formats
    from slowfast_stack.bundle.target import Target

    if len(results.runs) != 1:
        raise UsageError(
            f"--format {format_.value} describes one host.",
            f"{len(results.runs)} hosts were planned.",
            "Choose one with --limit.",
            code="cli.conflicting-options",
        )
    (run,) = results.runs
    planned, host = run.plan, run.host
    if not isinstance(planned, Plan) or host is None:
        return ""
    target = Target(planned.python, host.architecture, host.glibc or OLDEST_GLIBC)
    return {Format.PYLOCK: plan_formats.pylock, Format.PIXI: plan_formats.pixi}[format_](
        planned, target
    )
