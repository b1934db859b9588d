"""``slowfast-stack up``: probe, plan, apply, prove."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan
from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.cli.request_options import RequestOptions
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.orchestration import fleet, inventory, playbooks, processes, results, trust
from slowfast_stack.orchestration.run_state import Failure, HostRun
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._trust import Accepted
    from slowfast_stack.orchestration.ansible import Play
    from slowfast_stack.orchestration.events import HostEvent
    from slowfast_stack.orchestration.results import Results

verbs = Verbs()


@verbs.add(
    "up",
    "up -i inventories/example --limit h100 --yes",
    "up --prefix ~/slowfast --torch '>=2.9'",
    "up --source slowfast=/srv/git/slowfast.git",
    "up --offline /media/usb/slowfast.bundle",
    "up --locked stack.lock.json --digest sha256:2c26...",
    "up --plan plan.json",
    "up -i inventories/example --serial 4 --yes",
    "up -i inventories/example --retry",
    changes="the prefix; with your consent system packages, driver and CUDA, and it may reboot.",
)
def up(
    *,
    hosts: options.Hosts,
    prefix: options.Prefix = None,
    yes: options.Yes = False,
    offline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=options.existing_bundle,
            help="Install everything from this bundle; use no network.",
        ),
    ] = None,
    adopt_torch: Annotated[
        str | None,
        typer.Option(metavar="PYTHON", help="Use the PyTorch that this Python of the target has."),
    ] = None,
    locked: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=options.existing_file,
            help="Build what this stack.lock.json lists, or fail.",
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=options.existing_file,
            help="Follow this plan, as `plan --json` wrote it, or fail.",
        ),
    ] = None,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="Build each wheel again on every host; fail where a byte differs."
        ),
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Only the hosts that earlier runs did not prove.")
    ] = False,
    serial: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="At most N hosts at once; stop after N hosts of which one failed.",
        ),
    ] = None,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Print events as JSON lines; the last line is the result."),
    ] = False,
    trust_options: options.TrustOptions,
    request_options: RequestOptions,
) -> int:
    """Probe, plan, apply and prove.

    Builds a proven SlowFast and Detectron2 environment on each host. Exits 0 only when every proof
    holds. Asks before it changes anything outside the prefix. A second run changes nothing; the
    same command resumes an interrupted one.

    Hosts that fail or cannot be reached do not stop the others, unless --serial is given; --retry
    runs those again. `slowfast-stack hosts` shows how every host ended.

    A bundle, a lock and a plan need a signature that is trusted, their --digest, or --unsigned; see
    `slowfast-stack sign`.
    """
    _require_one({"--offline": offline, "--locked": locked, "--plan": plan})
    accepted = trust_options.accepted()
    asked = request_options.build(
        local=hosts.inventory is None,
        adopt_torch=adopt_torch,
        locked=trust.lock(locked, accepted) if locked else None,
        planned=trust.plan(plan, accepted) if plan else None,
    )
    digest = _bundle(offline, accepted) if offline else None
    command = HostCommand(replace(hosts, json=hosts.json or stream), playbooks.UP)
    if stream:
        command.session = replace(command.session, listen=_print_event)
    play = playbooks.UP.play(
        hosts.inventory,
        limit=hosts.limit,
        prefix=prefix,
        request=asked,
        offline=str(offline.absolute()) if offline else None,
        digest=digest,
        rebuild=rebuild,
        reboot_allowed=yes,
        serial=serial,
    )
    if retry:
        names = _to_retry(play, command)
        if not names:
            return Exit.PROVEN
        play = replace(play, limit=fleet.pattern(names))
    processes.stop_left_behind(play.scope, command.session.say)
    known = playbooks.UP.known(command.session, play)
    if known:
        _print(known, command, stream=stream)
        return known.exit_code
    if not yes and _consent(command, play):
        play = replace(play, variables=play.variables | {"stack_reboot_allowed": True})
    done = playbooks.UP.start(command.session, play)
    if serial:
        _mark_stopped(done, play)
    _print(done, command, stream=stream)
    return done.exit_code


def _to_retry(play: Play, command: HostCommand) -> list[str]:
    """Return the hosts that are not proven; print that there is none. Raises UsageError, StackError."""
    if play.limit:
        raise UsageError(
            "--retry and --limit exclude each other.",
            "--retry chooses the hosts by how their last run ended.",
            "Leave one of them out.",
            code="cli.conflicting-options",
        )
    names = fleet.to_retry(play)
    if not names and command.hosts.json:
        terminal.print_json({"hosts": {}})
    elif not names:
        print("Every recorded host is proven; there is nothing to retry.")
    return names


def _mark_stopped(done: Results, play: Play) -> None:
    """Name the hosts that were left out because a host failed. Raises StackError."""
    if done.exit_code is Exit.PROVEN:
        return
    for run in done.runs:
        if done.code(run) is not Exit.PROVEN and not run.failure and not run.conflict:
            run.failure = _left_out(run.name)
    there = {run.name for run in done.runs}
    listed = inventory.read(play.inventory, play.limit)
    rest = [name for name in listed.hosts() if name not in there]
    fleet.not_started(play, rest)
    done.runs.extend(HostRun(name, failure=_left_out(name)) for name in rest)


def _left_out(name: str) -> Failure:
    error = StackError(
        f"{name} was left out.",
        "Another host failed, and with --serial the hosts after it are not started.",
        "Correct that host, or omit it with --limit; then run the same command with --retry.",
        code="fleet.stopped",
    )
    return Failure(error.message, error.cause, error.hint, error.code)


def _print_event(event: HostEvent) -> None:
    terminal.print_line({"event": event.to_dict()})


def _require_one(given: Mapping[str, Path | None]) -> None:
    named = [option for option, file in given.items() if file]
    if "--plan" in named and len(named) > 1:
        raise UsageError(
            f"{' and '.join(named)} exclude each other.",
            "Each of them names the stack that is installed.",
            "Give one of them.",
            code="cli.conflicting-options",
        )


def _bundle(path: Path, accepted: Accepted) -> str:
    """Return the digest of a bundle that is trusted and complete. Raises StackError."""
    from slowfast_stack.bundle import verify

    try:
        digest = trust.bundle(path, accepted)
        verify.check(path, digest)
    except trust.NothingStarted:
        raise
    except StackError as error:
        raise UsageError(
            f"--offline {path} cannot be used.",
            f"{error.message} {error.cause}",
            error.hint,
            code=error.code,
        ) from error
    return digest


def _consent(command: HostCommand, play: Play) -> bool:
    """Plan first and ask where the plan changes more than the prefix; return whether it asked."""
    plan_play = replace(play, playbook="slowfast.stack.plan")
    planned = playbooks.PLAN.follow(command.session, plan_play).runs
    changes = [f"{run.name}: {line}" for run in planned for line in beyond_prefix(run.plan)]
    if changes:
        heading = "This plan changes more than the prefix:"
        command.confirm("Go ahead?", changes, heading=heading)
    return bool(changes)


def beyond_prefix(plan: Plan | NoPlan | None) -> list[str]:
    """List what a plan changes outside the prefix."""
    if not isinstance(plan, Plan):
        return []
    driver, cuda, changes = plan.driver, plan.cuda, []
    if driver and driver.action != "keep":
        changes.append(f"{driver.action} the NVIDIA driver {driver.branch}")
    if driver and driver.reboot:
        changes.append("reboot")
    if cuda and cuda.action != "keep" and cuda.origin != "pypi":
        changes.append(f"{cuda.action} the CUDA toolkit {cuda.toolkit}")
    if plan.system_packages:
        changes.append("install the packages " + ", ".join(plan.system_packages))
    return changes


def _print(done: Results, command: HostCommand, *, stream: bool) -> None:
    from slowfast_stack import proof_report

    if stream:
        terminal.print_line({"hosts": {run.name: summary(run, done) for run in done.runs}})
    elif command.hosts.json:
        terminal.print_json({"hosts": {run.name: summary(run, done) for run in done.runs}})
    else:
        proof_report.show(command.console, done.proofs)
    for error in done.failures():
        terminal.print_error(error)
    if not command.hosts.json:
        for run in done.runs:
            command.console.print(sentence(run, done), highlight=False, soft_wrap=True)


def summary(run: HostRun, done: Results) -> dict[str, object]:
    """Return what ``up --json`` prints for a host."""
    return {
        "status": results.STATUS[done.code(run)],
        "changed": run.changed,
        "plan": run.facts.get("stack_plan"),
        "proof": run.facts.get("stack_proof"),
        "error": results.error(run.failure).to_dict() if run.failure else None,
    }


def sentence(run: HostRun, done: Results) -> str:
    """Return one line on how a host ended, and another on what a full network would add."""
    ended = done.code(run)
    if ended is not Exit.PROVEN:
        left_out = run.failure is not None and run.failure.code == "fleet.stopped"
        return f"{run.name}: {'left out' if left_out else results.STATUS[ended]}"
    skipped = sum(claim.ok is None for claim in run.proof.claims) if run.proof else 0
    parts = ["proven", f"{run.changed} changed" if run.changed else "nothing changed"]
    parts += [f"claims skipped: {skipped}"] if skipped else []
    more = run.facts.get("stack_plan", {}).get("full_network_adds")
    return f"{run.name}: {', '.join(parts)}" + (f"\n  {more}" if more else "")
