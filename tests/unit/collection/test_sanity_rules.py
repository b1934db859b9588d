"""Rules of ansible-test that no other check of this repository knows; it takes minutes to say so."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted(path for top in ("plugins", "roles") for path in (ROOT / top).rglob("*.py"))
LONGEST = 160


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_of_the_collection_keeps_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    long = [n for n, line in enumerate(text.splitlines(), 1) if len(line) > LONGEST]
    named = [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.FunctionDef) and "_" in {arg.arg for arg in node.args.args})
    ]
    assert (long, named) == ([], [])
