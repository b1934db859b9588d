"""The evidence of a proof: a table for a terminal, and one HTML file that needs nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from rich.table import Table
from rich.text import Text

from slowfast_stack.exit_codes import UsageError
from slowfast_stack.known_secrets import hidden
from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from slowfast_stack.facts import Proof

_FEW_HOSTS = 2
_SIGNS = {"ok": ("✔", "green"), "failed": ("✘", "red"), "skipped": ("○", "yellow")}


def show(console: Console, proofs: Mapping[str, Proof]) -> None:
    """Show claims: of a fleet only those of unproven hosts, and lines where no table fits."""
    few = len(proofs) <= _FEW_HOSTS
    for name, proof in proofs.items():
        if not few and proof.ok:
            continue
        if console.is_terminal:
            console.print(_table(name, proof))
        else:
            console.print(_lines(name, proof), markup=False, highlight=False, soft_wrap=True)


def _lines(name: str, proof: Proof) -> str:
    lines = [f"Proof of {name}"]
    for claim in proof.claims:
        expected = f" (expected {claim.expected})" if claim.ok is False else ""
        lines.append(f"  {claim.result:<8} {claim.id}: {claim.finding}{expected}")
    return "\n".join(lines)


def _table(name: str, proof: Proof) -> Table:
    claims = Table(title=f"Proof of {name}", title_justify="left", title_style="bold")
    for heading in ("", "claim"):
        claims.add_column(heading, no_wrap=True)
    for heading in ("expected", "measured"):
        claims.add_column(heading, overflow="fold")
    claims.add_column("seconds", justify="right")
    for claim in proof.claims:
        texts = (claim.id, claim.expected, claim.finding, claim.seconds)
        claims.add_row(Text(*_SIGNS[claim.result]), *(str(text) for text in texts))
    return claims


def write_html(path: Path, proofs: Mapping[str, Proof]) -> None:
    """Write the proofs of all hosts into one file. Raises UsageError where that is impossible."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(Path(__file__).with_suffix(".html.j2").read_text("utf-8"))
    page = template.render(
        hosts=proofs,
        version=__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    try:
        path.write_text(hidden(page), encoding="utf-8")
    except OSError as error:
        raise UsageError.not_writable(path, error) from error
