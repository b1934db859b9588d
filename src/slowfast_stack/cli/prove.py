"""``slowfast-stack prove``: only the proof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.orchestration import api, playbooks

verbs = Verbs()


@verbs.add(
    "prove",
    "prove -i inventories/example --html proof.html",
    "prove --deep",
    "prove --json | jq '.hosts[].claims[] | select(.ok == false)'",
    changes="nothing but the evidence of the current stack.",
)
def prove(
    *,
    hosts: options.Hosts,
    prefix: options.Prefix = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every file of the stack and compare its bytes.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the evidence as an HTML file.")
    ] = None,
) -> int:
    """Run the proof of the current stack.

    Runs the operations that you will use and shows what they measured. Exits 0 only when every
    claim that can be checked holds on every host. Files of the stack that are not those that were
    recorded when it was built are such a claim; `up` makes them again.
    """
    from slowfast_stack import proof_report

    command = HostCommand(hosts, playbooks.PROVE)
    results = command.call(api.prove, prefix=prefix, deep=deep)
    if html:
        proof_report.write_html(html, results.proofs)
    if not hosts.json:
        proof_report.show(command.console, results.proofs)
    return command.report(results)
