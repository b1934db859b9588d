"""Names of classes are taken in every form that people have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slowfast_stack.exit_codes import UsageError
from slowfast_stack.training import labels


def _read(tmp_path: Path, text: str, classes: int) -> dict[str, int]:
    path = tmp_path / "labels"
    path.write_text(text, encoding="utf-8")
    named: dict[str, int] = json.loads(labels.text(path, classes))
    assert sorted(named.values()) == list(range(classes))
    return named


def test_avas_map_counts_from_one_and_has_gaps(tmp_path: Path) -> None:
    text = 'item {\n  name: "stand"\n  id: 2\n}\nitem {\n  name: "walk"\n  id: 4\n}\n'
    assert _read(tmp_path, text, 4) == {"stand": 1, "walk": 3, "class 0": 0, "class 2": 2}
    old = 'label {\n  name: "stand"\n  label_id: 1\n  label_type: PERSON_MOVEMENT\n}\n'
    assert _read(tmp_path, old, 1) == {"stand": 0}


@pytest.mark.parametrize("text", ['{"a": 0, "b": 1}', '["a", "b"]', "a\nb\n", "a\r\nb\r\n\r\n"])
def test_json_and_lines_count_from_zero(tmp_path: Path, text: str) -> None:
    assert _read(tmp_path, text, 2) == {"a": 0, "b": 1}


@pytest.mark.parametrize("text", ["", "{broken", '{"a": "x"}', '{"a": -1}', '{"a": 9}'])
def test_what_holds_no_labels_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        _read(tmp_path, text, 2)


def test_without_a_file_80_classes_are_avas() -> None:
    named = json.loads(labels.text(None, 80))
    assert (named["bend/bow (at the waist)"], named["walk"], named["watch (a person)"]) == (
        0,
        13,
        79,
    )
    assert json.loads(labels.text(None, 2)) == {"class 0": 0, "class 1": 1}
