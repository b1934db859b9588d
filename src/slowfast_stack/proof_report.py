"""The evidence of a proof: a table for a terminal, and one HTML file that needs nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from rich.markup import escape
from rich.table import Table

from slowfast_stack.exit_codes import UsageError
from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

_FEW_HOSTS = 2
_SIGNS = {"ok": "[green]✔[/]", "failed": "[red]✘[/]", "skipped": "[yellow]○[/]"}


def result(claim: dict[str, Any]) -> str:
    """Return how a claim came out: a skipped one is neither ok nor failed."""
    if claim.get("ok") is None:
        return "skipped"
    return "ok" if claim["ok"] else "failed"


def measured(claim: dict[str, Any]) -> str:
    """Return what was measured; its sign shows that a claim was skipped."""
    return str(claim.get("measured", "")).removeprefix("skipped: ")


def show(console: Console, proofs: dict[str, Any]) -> None:
    """Show claims: of a fleet only those of unproven hosts, and lines where no table fits."""
    few = len(proofs) <= _FEW_HOSTS
    for name, proof in proofs.items():
        if not few and proof.get("ok"):
            continue
        if console.is_terminal:
            console.print(_table(name, proof))
        else:
            console.print(_lines(name, proof), markup=False, highlight=False, soft_wrap=True)


def _lines(name: str, proof: dict[str, Any]) -> str:
    lines = [f"Proof of {name}"]
    for claim in proof.get("claims", []):
        expected = f" (expected {claim['expected']})" if claim.get("ok") is False else ""
        lines.append(f"  {result(claim):<8} {claim['id']}: {measured(claim)}{expected}")
    return "\n".join(lines)


def _table(name: str, proof: dict[str, Any]) -> Table:
    claims = Table(title=f"Proof of {name}", title_justify="left", title_style="bold")
    for heading in ("", "claim"):
        claims.add_column(heading, no_wrap=True)
    for heading in ("expected", "measured"):
        claims.add_column(heading, overflow="fold")
    claims.add_column("seconds", justify="right")
    for claim in proof.get("claims", []):
        texts = (claim["id"], claim.get("expected"), measured(claim), claim.get("seconds"))
        cells = ("" if text is None else escape(str(text)) for text in texts)
        claims.add_row(_SIGNS[result(claim)], *cells)
    return claims


def write_html(path: Path, proofs: dict[str, Any]) -> None:
    """Write the proofs of all hosts into one file. Raises UsageError where that is impossible."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.ChainableUndefined)
    environment.filters |= {"result": result, "measured": measured}
    template = environment.from_string(Path(__file__).with_suffix(".html.j2").read_text("utf-8"))
    page = template.render(
        hosts=proofs,
        version=__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The evidence cannot be written to {path}.",
            f"{error.strerror}.",
            "Give --html a file in a folder that exists and that you can write.",
            code="file.not-writable",
        ) from error
