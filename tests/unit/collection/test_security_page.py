"""Each promise of docs/security.md names a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "security.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)` `(test_\w+)`")


def rows(text: str) -> list[str]:
    """Return the rows of the tables of promises."""
    section = text.partition("\n## Promises\n")[2].partition("\n## Not promised\n")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [line for line in lines if not line.startswith("| promise ")]


def unproven(text: str) -> list[str]:
    """Return the promises without a test, and those whose test does not exist."""
    found = []
    for row in rows(text):
        named = TEST.findall(row)
        here = [
            (ROOT / file).is_file() and f"def {name}(" in (ROOT / file).read_text("utf-8")
            for file, name in named
        ]
        if not here or not all(here):
            found.append(row)
    return found


def test_every_promise_names_a_test_that_exists() -> None:
    text = PAGE.read_text("utf-8")
    assert rows(text)
    assert unproven(text) == []


def test_a_promise_without_a_test_is_found() -> None:
    own = "`tests/unit/collection/test_security_page.py`"
    text = (
        "\n## Promises\n\n| promise | test |\n|---|---|\n| a | none |\n"
        f"| b | {own} `test_absent` |\n| c | {own} `test_a_promise_without_a_test_is_found` |\n\n"
        "## Not promised\n| d | |"
    )
    assert unproven(text) == ["| a | none |", f"| b | {own} `test_absent` |"]
