"""The words check finds a refused word in every place where it can come back, and allows the right uses."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location(
    "check_words", Path(__file__).parents[3] / "scripts" / "check_words.py"
)
assert SPEC
assert SPEC.loader
CHECK = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(CHECK)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("def bring_wheel(): ...", 1, "bring"),
        ("class WheelGiver: ...", 1, "Giver"),
        ("MENDED = 1", 1, "MENDED"),
        ("class HTTPMend: ...", 1, "Mend"),
        ("wheelgivers: []", 1, "wheelgivers"),
        ("extension_code: 1", 1, "extension_code"),
        ("unfinished_packages: []", 1, "unfinished_packages"),
        ("Run it once more.", 1, "once more"),
        ("Ends only with 0.", 1, "Ends only with 0"),
        ("Build the whole stack.", 1, "whole"),
        ('"""Tell what was found."""', 1, "Tell"),
        ("wheel_giver: host", 1, "giver"),
        ("- name: Repair the tree", 1, "Repair"),
        ("Take this network\n# for\n# granted.", 2, "for # granted"),
        ("It ends with 0.", 1, "ends with 0"),
        ("Changed behind our back.", 1, "behind our back"),
        ("once\nonly complete files\nare whole.", 3, "whole"),
    ],
)
def test_a_planted_word_is_found(text: str, line: int, word: str) -> None:
    assert [(found.line, found.word) for found in CHECK.findings("a.py", text)] == [(line, word)]


def test_a_word_in_a_path_is_found() -> None:
    assert [found[:3] for found in CHECK.findings("roles/x/tasks/bring.yml", "")] == [
        ("roles/x/tasks/bring.yml", 0, "bring")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The number of brothers, lawyers and intellectuals, a stranger, GitHub.",
        "The whole tree is read.",
        "border-style: none",
        "a stand-in for the server",
        "chown nobody:nogroup",
    ],
)
def test_other_words_and_right_uses_pass(text: str) -> None:
    assert not list(CHECK.findings("a.md", text))


def test_every_rule_finds_and_names_a_standard_term() -> None:
    rules, _ = CHECK._data()
    assert len(rules) > 25
    assert all(rule.use for rule in rules)
