"""Which version of a signed file follows which, and what is recorded of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import (
    seen_versions,
    signatures,
)
from support.errors import fails

TIME = "2026-11-30T12:00:00Z"


def use(path: Path, *, note: bool = True, signer: str = "ann", **change: object) -> None:
    statement = signatures.Statement("lock", "a", "1" * 64, 1, TIME, TIME, 5)
    made = dataclasses.replace(statement, **change)  # type: ignore[arg-type]
    seen_versions.require_newest(path, signatures.Verified(made, signer, "key"), note=note)


def rows(path: Path) -> list[tuple[str, str, str, int]]:
    data = json.loads(path.read_text())
    assert data["schema"] == 1
    return [(row["kind"], row["name"], row["signer"], row["version"]) for row in data["rows"]]


@pytest.mark.parametrize(
    ("change", "follows"),
    [
        ({}, True),
        ({"version": 6}, True),
        ({"version": 6, "sha256": "2" * 64}, True),
        ({"version": 5, "sha256": "2" * 64}, False),
        ({"version": 4}, False),
        ({"version": 4, "sha256": "2" * 64}, False),
        ({"version": 4, "kind": "plan"}, True),
        ({"version": 4, "name": "b"}, True),
        ({"version": 4, "signer": "ben"}, True),
    ],
)
@pytest.mark.parametrize("note", [True, False])
def test_a_file_is_newer_than_the_one_before_or_that_one(
    tmp_path: Path, change: dict[str, object], *, follows: bool, note: bool
) -> None:
    path = tmp_path / "new" / "signatures.json"
    use(path)
    before = path.read_bytes()
    if not follows:
        with fails("signature.rolled-back"):
            use(path, note=note, **change)  # type: ignore[arg-type]
        assert path.read_bytes() == before
        return
    use(path, note=note, **change)  # type: ignore[arg-type]
    if not note or not change:
        assert path.read_bytes() == before
        return
    own = {"kind": "lock", "name": "a", "signer": "ann", "version": 5, **change}
    made = (own["kind"], own["name"], own["signer"], own["version"])
    kept = [] if made[:3] == ("lock", "a", "ann") else [("lock", "a", "ann", 5)]
    assert rows(path) == [*kept, made]


def test_nothing_is_recorded_of_a_file_that_is_only_looked_at(tmp_path: Path) -> None:
    use(tmp_path / "signatures.json", note=False)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_record_accepts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "signatures.json"
    for text in ("{", "[]", '{"schema": 1, "rows": [{}]}'):
        path.write_text(text)
        for note in (True, False):
            with fails("record.unreadable"):
                use(path, note=note)
        assert path.read_text() == text
