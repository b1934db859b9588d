"""Facts that were recorded apart from the catalogue, as tables with a line of their source."""

from __future__ import annotations

import csv

from support import ROOT

FOLDER = ROOT / "tests/data/catalog"


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a recorded table by the names of its columns."""
    with (FOLDER / f"{name}.tsv").open(encoding="utf-8", newline="") as opened:
        lines = [line for line in opened if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def capabilities(architectures: str) -> str:
    """Return ``80 120`` as ``8.0 12.0``."""
    return " ".join(f"{text[:-1]}.{text[-1]}" for text in architectures.split())
