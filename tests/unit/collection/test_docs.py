"""Every path and link in the documentation exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
]
# `plugins/modules/prove.py`, `roles/proof`, `tests/unit/plans/`; no patterns, no options.
NAMED = re.compile(
    r"`((?:plugins|src|roles|scripts|tests|playbooks|docs|inventories|changelogs)/[\w./-]+)`"
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def missing(page: Path, text: str) -> list[str]:
    """Return the paths and relative links of a page that do not exist."""
    links = [link for link in LINK.findall(text) if "://" not in link]
    return [name for name in NAMED.findall(text) if not (ROOT / name).exists()] + [
        link for link in links if not (page.parent / link).exists()
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_and_link_of_a_page_exists(page: Path) -> None:
    assert missing(page, page.read_text(encoding="utf-8")) == []


def test_a_missing_file_is_found() -> None:
    text = "`scripts/test`, `plugins/modules/absent.py` and [a page](absent.md#part), [pip](https://example.org)"
    assert missing(ROOT / "docs" / "x.md", text) == ["plugins/modules/absent.py", "absent.md"]
