"""``slowfast-stack prove``: only the proof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slowfast_stack import options, playbooks, report, screen
from slowfast_stack.session import Session

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
    from slowfast_stack import evidence  # noqa: PLC0415  (it brings rich and jinja2: 200 ms)

    console = screen.console(as_json=json)
    play = playbooks.play("prove", inventory, limit=limit, prefix=prefix)
    runs = Session(console, verbose).follow(play, "prove", steps=("proof",))
    proofs = report.facts(runs, "stack_proof")
    if html:
        evidence.write_html(html, proofs)
    if json:
        screen.emit(proofs, errors=report.errors(runs, "stack_proof"))
    else:
        evidence.show(console, proofs)
    report.complain(runs, "stack_proof")
    return report.exit_code(runs, "stack_proof")
