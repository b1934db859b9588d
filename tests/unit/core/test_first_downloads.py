"""The record of first downloads: what is added to it, and what of another release is read."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.first_downloads import (
    FirstDownloads,
    Recorded,
)
from support.errors import fails

ONE, TWO = Recorded(1, "1" * 64), Recorded(2, "2" * 64, url="https://a/b", file="c/d", type="x")


def test_what_is_added_is_read_back_in_the_order_of_names(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    record = FirstDownloads(path)
    assert record.load() == {}
    record.add("b", ONE)
    record.add("a", TWO)
    assert record.load() == {"a": TWO, "b": ONE}
    data = {
        "schema": 1,
        "files": {
            "a": {"size": 2, "sha256": "2" * 64, "url": "https://a/b", "file": "c/d", "type": "x"},
            "b": {"size": 1, "sha256": "1" * 64},
        },
    }
    assert path.read_text() == json.dumps(data, indent=2) + "\n"


def test_a_row_replaces_another_of_its_name_and_the_same_is_not_written_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "record.json"
    record = FirstDownloads(path)
    record.add("a", ONE)
    before = path.stat().st_ino
    record.add("a", ONE)
    assert path.stat().st_ino == before
    record.add("a", TWO)
    assert record.load() == {"a": TWO}


def test_an_address_is_recorded_without_its_secret(tmp_path: Path) -> None:
    record = FirstDownloads(tmp_path / "record.json")
    record.add("a", Recorded(1, "1" * 64, url="https://ivy:pw@a/b?sig=1"))
    assert record.load()["a"].url == "https://***@a/b?sig=***"


def test_a_key_of_another_release_is_ignored_and_a_damaged_row_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    row = {"size": 1, "sha256": "1" * 64}
    path.write_text(json.dumps({"schema": 1, "files": {"a": {**row, "more": 1}}}))
    assert FirstDownloads(path).load() == {"a": ONE}
    for wrong in (
        {"size": 1},
        {**row, "sha256": "1"},
        {**row, "file": "../x"},
        {**row, "size": "1"},
    ):
        path.write_text(json.dumps({"schema": 1, "files": {"a": wrong}}))
        with fails("record.unreadable"):
            FirstDownloads(path).load()
