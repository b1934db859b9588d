"""JSON files that this project saves: their text and mode, and what each reader makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import notices, saved
from support.errors import fails


@dataclass(frozen=True)
class Row:
    name: str = "a"
    schema: int = 2


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, '{\n "b": [\n  1\n ],\n "a": 2\n}\n'),
        ({"sort": True}, '{\n "a": 2,\n "b": [\n  1\n ]\n}\n'),
        ({"indent": None}, '{"b": [1], "a": 2}\n'),
    ],
)
def test_a_file_is_text_with_a_line_for_each_key_that_everyone_may_read(
    tmp_path: Path, options: dict[str, Any], text: str
) -> None:
    path = tmp_path / "deep" / "file.json"
    saved.write(path, {"b": [1], "a": 2}, **options)
    assert path.read_text() == text
    assert path.stat().st_mode & 0o7777 == 0o644
    saved.save(path, Row())
    assert json.loads(path.read_text()) == {"name": "a", "schema": 2}


@pytest.mark.parametrize(
    ("text", "found", "said"),
    [
        ('{"schema": 2, "name": "x"}', Row("x"), 0),
        ('{"schema": 2, "name": "x", "new": 1}', Row("x"), 0),
        ('{"schema": 2}', Row(), 0),
        ('{"schema": 1, "name": "x"}', None, 0),
        ('{"name": "x"}', None, 0),
        ('{"schema": 2, "name": 7}', None, 1),
        ('{"schema": true}', None, 1),
        ('{"schema": -1}', None, 1),
        ("{", None, 1),
        ("[]", None, 1),
        (None, None, 0),
    ],
)
def test_what_can_be_made_again_counts_as_absent_and_damage_is_said(
    tmp_path: Path, text: str | None, found: Row | None, said: int
) -> None:
    if text is not None:
        (tmp_path / "file").write_text(text)
    with notices.collected() as lines:
        assert saved.load(Row, tmp_path / "file", 2) == found
    assert len(lines) == said
    assert all(line.startswith("[record.unreadable] ") for line in lines)


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"schema": 3}')
    with fails("record.unsupported-schema", "3", "2"):
        saved.load(Row, tmp_path / "file", 2)
    with fails("record.unsupported-schema"):
        saved.read(tmp_path / "file", dict, "Do it.", schema=2)


@pytest.mark.parametrize(
    ("text", "schema", "found"),
    [
        ('{"a": 1}', 1, {"a": 1}),
        ('{"a": 1, "schema": 1}', 1, {"a": 1}),
        ('{"a": 1, "schema": 1}', 2, {"a": 1}),
        ('{"a": 1, "schema": 2}', 2, {"a": 1}),
        (None, 1, None),
    ],
)
def test_a_mapping_is_parsed_without_its_schema(
    tmp_path: Path, text: str | None, schema: int, found: object
) -> None:
    if text is not None:
        (tmp_path / "file").write_text(text)
    assert saved.read(tmp_path / "file", dict, "Do it.", schema=schema) == found


def test_a_file_without_a_schema_has_the_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"schema": 2}')
    with fails("record.unsupported-schema"):
        saved.read(tmp_path / "file", dict, "Do it.")
    (tmp_path / "file").write_text("{}")
    with fails("record.unsupported-schema"):
        saved.read(tmp_path / "file", dict, "Do it.", schema=0)


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), KeyError("x"), TypeError("x"), saved.unreadable(Path("x"), OSError(), "")],
)
def test_what_cannot_be_parsed_is_damaged_and_has_the_hint(
    tmp_path: Path, error: Exception
) -> None:
    def parse(_data: dict[str, Any]) -> object:
        raise error

    (tmp_path / "file").write_text("{}")
    with fails("record.unreadable", tmp_path / "file") as caught:
        saved.read(tmp_path / "file", parse, "Do it.")
    assert caught.value.hint == "Do it."


@pytest.mark.parametrize("text", ["[]", "{", "", '"x"'])
def test_what_is_no_mapping_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    with fails("record.unreadable") as caught:
        saved.read_mapping(tmp_path / "file", "Do it.")
    assert caught.value.hint == "Do it."
    (tmp_path / "folder").mkdir()
    with fails("record.unreadable"):
        saved.read_mapping(tmp_path / "folder", "Do it.")
    assert saved.read_mapping(tmp_path / "absent", "Do it.") is None
