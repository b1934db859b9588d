#!/usr/bin/env python3
"""Write the catalog of patches into docs/patches.md, or compare it with --check."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    EVERY_ORIGIN,
    Patch,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES

PAGE = Path(__file__).resolve().parent.parent / "docs/patches.md"
BEGIN, END = "<!-- catalog -->\n", "<!-- end of catalog -->\n"


def catalog() -> str:
    """Return one Markdown table for each project."""
    written = []
    for component in dict.fromkeys(patch.component for patch in PATCHES):
        written += [
            f"\n### {component}\n",
            "| id | what it does | symptom | needed if | origins | issues |",
        ]
        written += ["|---|---|---|---|---|---|"]
        written += [
            f"| `{patch.id}` | {patch.title}. {patch.reason} | `{_cell(patch.symptom)}` "
            f"| {patch.needed.description} | {_origins(patch)} | {' '.join(patch.issues)} |"
            for patch in PATCHES
            if patch.component == component
        ]
    return "\n".join(written) + "\n\n"


def page(text: str) -> str:
    """Return the page with the present catalog in it."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + catalog() + END + tail


def _origins(patch: Patch) -> str:
    return "all" if patch.origins == EVERY_ORIGIN else ", ".join(patch.origins)


def _cell(text: str) -> str:
    return text.replace("`", "").replace("|", "\\|")


def main() -> int:
    """Write the page, or compare it."""
    before = PAGE.read_text(encoding="utf-8")
    after = page(before)
    if "--check" in sys.argv[1:]:
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
