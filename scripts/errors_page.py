#!/usr/bin/env python3
"""Write docs/errors.md from the table of error codes; with --check, compare it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.error_codes import CODES

PAGE = Path(__file__).resolve().parent.parent / "docs/errors.md"
HEAD = """\
# Error codes

<!-- Made by scripts/errors_page.py from plugins/module_utils/_stack/core/error_codes.py -->

Every error has a stable code, a message, a cause and a hint. The command line prints

    error[download.checksum-mismatch]: model.pkl is not the file that was expected.
    cause: SHA-256 9f86... differs from the expected 2c26...
    hint:  Open the address in a browser; a proxy or a login page may have answered.

`--json` prints the four parts as `code`, `message`, `cause` and `hint`; a failed module returns them, too.
Messages may change between releases, codes do not.

| code | cause | what to do |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    rows = [f"| `{code}` | {row.cause} | {row.remedy} |\n" for code, row in CODES.items()]
    return HEAD + "".join(rows)


def main() -> int:
    """Write the page, or compare it."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
