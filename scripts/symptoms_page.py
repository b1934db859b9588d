#!/usr/bin/env python3
"""Write docs/symptoms.md from the table of symptoms; with --check, compare it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms.table import SYMPTOMS

PAGE = Path(__file__).resolve().parent.parent / "docs/symptoms.md"
HEAD = """\
# Symptoms

<!-- Made by scripts/symptoms_page.py from plugins/module_utils/_stack/symptoms -->

Messages of apt, dpkg, dnf, DKMS, compilers, uv, PyTorch, NCCL, FFmpeg and SlowFast that are
recognized, with their cause and the command that helps or shows more. Every failure of a role, a
build, a package manager or a training is compared with this table, and so is any log:

    slowfast-stack explain-error FILE
    journalctl -k | slowfast-stack explain-error -

A message is a complete line: `{name}` is any text, `{name:word}` a package, path or version,
`{name:number}` digits, and `{}` any text or none. Colours, times, ranks and similar marks before it
are ignored. Where several are found, the first of this table is named as the cause: it is the more
specific one. A message that is not here is shown as it is.

| id | messages | cause, and what to do | command | tool and source |
|---|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    rows = [
        (
            f"`{row.id}`",
            "<br>".join(map(_code, row.messages)),
            f"{row.cause} {row.advice}".rstrip(),
            _code(row.command),
            f"{row.tool}: {row.source}",
        )
        for row in SYMPTOMS
    ]
    return HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _code(text: str) -> str:
    """Return text as code in a cell; its own backticks need a longer mark."""
    cell = text.replace("|", "\\|")
    return f"`` {cell} ``" if "`" in text else f"`{cell}`"


def main() -> int:
    """Write the page, or compare it."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
