"""``scripts/mutants`` makes changes that compile, of every kind, and the same ones for a seed."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support import ROOT

SOURCE = '''\
"""Docstring 1."""

LIMIT: "int" = 3


def act(rows: "list[int]", deep: bool = False) -> "str | None":
    """Docstring 2."""
    if not rows or len(rows) >= LIMIT:
        raise ValueError(f"more than {LIMIT + 1}")
    rows.append(2)
    for row in [row for row in rows if row == 7]:
        continue
    return "a" if deep and rows[0] - 1 < 4 else None
'''
TABLE = """\
URL = "https://example.net/9"
WHY = Source("a page of 2026", "2026-11-22")
ROWS = (
    Row("2.11.0", 14, None, True, WHY),
    Row("", ("a", "b"), source="a page of 2026"),
)
PROSE = "this is a sentence with more than six words in it"
"""


@pytest.fixture
def mutants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for a tree of two files."""
    loader = importlib.machinery.SourceFileLoader("mutants", str(ROOT / "scripts/mutants"))
    spec = importlib.util.spec_from_loader("mutants", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "mutants", module)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    for name, text in (("core/act.py", SOURCE), ("catalog/table.py", TABLE)):
        path = tmp_path / module.LIBRARY / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return module


def changes(module: ModuleType, *, of_cells: bool) -> set[tuple[str, str]]:
    found = module.candidates(of_cells=of_cells, below="")
    for mutant in found:
        text = (module.ROOT / mutant.path).read_text()
        compile(text[: mutant.start] + mutant.new + text[mutant.end :], mutant.path, "exec")
    return {(mutant.old, mutant.new) for mutant in found}


def test_every_kind_of_logic_is_changed_and_texts_are_not(mutants: ModuleType) -> None:
    found = changes(mutants, of_cells=False)
    assert {
        ("len(rows) >= LIMIT", "(len(rows) < LIMIT)"),
        ("len(rows) >= LIMIT", "(len(rows) > LIMIT)"),
        ("not rows", "bool(rows)"),
        ("deep and rows[0] - 1 < 4", "((deep) or (rows[0] - 1 < 4))"),
        ("rows[0] - 1", "(rows[0] + 1)"),
        ("rows.append(2)", "pass"),
        ("continue", "pass"),
        ("row == 7", "True"),
        ("3", "4"),
        ("False", "True"),
    } <= found
    assert ("LIMIT + 1", "(LIMIT - 1)") not in found
    assert not [old for old, _ in found if "Docstring" in old or old == '"a"']
    returned = [old for old, new in found if new == "None"]
    assert returned == ['"a" if deep and rows[0] - 1 < 4 else None']


def test_every_cell_is_changed_and_sources_and_prose_are_not(mutants: ModuleType) -> None:
    assert changes(mutants, of_cells=True) == {
        ('"https://example.net/9"', "'https://example.net/0'"),
        ('"2.11.0"', "'2.11.1'"),
        ("14", "15"),
        ("None", "'0'"),
        ("True", "False"),
        ('""', "'1'"),
        ('"a"', "'ax'"),
        ('"b"', "'bx'"),
    }


def test_a_seed_gives_the_same_changes_and_another_gives_others(mutants: ModuleType) -> None:
    some = mutants.candidates(of_cells=False, below="")
    for by_file in (False, True):
        first = mutants.chosen(some, 5, 1, by_file=by_file)
        assert first == mutants.chosen(some, 5, 1, by_file=by_file)
        assert first != mutants.chosen(some, 5, 2, by_file=by_file)
        assert len(set(first)) == 5
    assert len(mutants.chosen(some, 10_000, 1, by_file=True)) == len(some)
