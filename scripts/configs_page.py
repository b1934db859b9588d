#!/usr/bin/env python3
"""Write the table of upstream's configurations that disagree with their names into docs/configs.md.

configs_page.py CHECKOUT            write the table
configs_page.py CHECKOUT --check    compare the page with the checkout; exits 1 if it differs
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "collections"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.config import upstream
from slowfast_stack.config.explain import explain

PAGE = Path(__file__).resolve().parent.parent / "docs/configs.md"
BEGIN, END = "<!-- disagreements -->\n", "<!-- end of disagreements -->\n"


def table(checkout: Path) -> str:
    """Return one row for each disagreement and each file that upstream itself refuses."""
    rows = ["| file | the name says | the file says |", "|---|---|---|"]
    for path in upstream.PATHS:
        rows += [f"| `{path}` | {name} | {file} |" for name, file in _disagreements(path, checkout)]
    return "\n".join(rows) + "\n"


def _disagreements(path: str, checkout: Path) -> list[tuple[str, str]]:
    found = explain(path, checkout).file
    if found is None:
        raise SystemExit(f"configs_page.py: {checkout} has no {path}")
    if isinstance(found.content, StackError):
        why = f"{found.content.message} {found.content.cause}"
        return [("", "**refused**: " + why.replace(f"{checkout}/", ""))]
    refused = [
        ("", f"**refused**: {problem.message}")
        for problem in found.content.problems
        if problem.fatal
    ]
    return refused + [
        (f"`{row.part}`: {row.name_says}" if row.part else row.name_says, row.file_says)
        for row in found.comparison
        if not row.agrees
    ]


def page(text: str, checkout: Path) -> str:
    """Return the text of the page with the current table."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + "\n" + table(checkout) + "\n" + END + tail


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    checkout = Path(next(iter(a for a in arguments if not a.startswith("-")), "."))
    text = PAGE.read_text(encoding="utf-8")
    new = page(text, checkout)
    if "--check" in arguments:
        return int(new != text)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
