"""``slowfast-stack prove``: only the proof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.orchestration import playbooks, results
from slowfast_stack.orchestration.session import Session
from slowfast_stack.ui import terminal

EXAMPLES = """
slowfast-stack prove
slowfast-stack prove -i inventories/example --html proof.html
slowfast-stack prove --json | jq '.hosts[].claims[] | select(.ok == false)'
"""


def prove(
    *,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    prefix: options.Prefix = None,
    json: options.AsJson = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the evidence as one HTML file.")
    ] = None,
    verbose: options.Verbose = 0,
) -> int:
    """Prove the environment.

    Runs the operations that you will use, and shows what they gave. Ends with 0
    only when every claim that can be made holds on every host.
    """
    from slowfast_stack import proof_report

    console = terminal.console(as_json=json)
    play = playbooks.play("prove", inventory, limit=limit, prefix=prefix)
    runs = Session(console, verbose).follow(play, "prove", steps=("proof",))
    proofs = results.facts(runs, "stack_proof")
    if html:
        proof_report.write_html(html, proofs)
    if json:
        terminal.print_hosts(proofs, errors=results.errors(runs, "stack_proof"))
    else:
        proof_report.show(console, proofs)
    results.print_errors(runs, "stack_proof")
    return results.exit_code(runs, "stack_proof")
