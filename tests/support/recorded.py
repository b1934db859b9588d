"""Facts that were recorded apart from the catalog, as tables with a line of their source."""

from __future__ import annotations

import csv

from support import ROOT

FOLDER = ROOT / "tests/data/catalog"


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a recorded table by the names of its columns.

    A file is a table, or holds several: each begins with a line ``## NAME``.
    """
    for path in sorted(FOLDER.glob("*.tsv")):
        for part in ("\n" + path.read_text(encoding="utf-8")).split("\n## "):
            title, _line_end, rows = part.partition("\n")
            if rows and name == (title or path.stem):
                lines = [line for line in rows.splitlines() if line and not line.startswith("#")]
                return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    raise LookupError(name)


def capabilities(architectures: str) -> str:
    """Return ``80 120`` as ``8.0 12.0``."""
    return " ".join(f"{text[:-1]}.{text[-1]}" for text in architectures.split())
