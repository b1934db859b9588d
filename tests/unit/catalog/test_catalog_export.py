"""The exported catalog: all tables, plain data, and a source with a date for every cell."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    drivers,
    gpus,
    package_files,
)

from slowfast_stack import catalog_export

MADE = json.loads(json.dumps(catalog_export.export()))


def _cells(row: dict[str, Any]) -> Iterator[tuple[str, Any, int]]:
    own = row.get("cell_sources", {})
    for field, value in row.items():
        if field in {"source", "cell_sources"}:
            continue
        inner = (
            [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
        )
        if inner and "source" in inner[0]:
            for each in inner:
                yield from _cells(each)
        else:
            yield field, value, own.get(field, row["source"])


@pytest.mark.parametrize("name", MADE["tables"])
def test_every_cell_has_a_source_with_a_date(name: str) -> None:
    table = MADE["tables"][name]
    assert table["rows"]
    assert table["about"]
    for row in table["rows"]:
        assert {*table["fields"], "source"} <= row.keys()
        for _field, _value, number in _cells(row):
            source = MADE["sources"][number]
            assert source["name"]
            assert source["confidence"] in {"measured", "documented", "uncertain"}
            dt.date.fromisoformat(source["checked"])


def test_it_has_every_gpu_and_every_file() -> None:
    rows = MADE["tables"]["gpus.gpus"]["rows"]
    assert {row["device"] for row in rows} == {row.device for row in gpus.GPUS}
    files = MADE["tables"]["package_files.files"]["rows"]
    assert len(files) == sum(map(len, package_files.FILES.values()))


def test_a_cell_with_another_source_names_it() -> None:
    rows = {row["branch"]: row for row in MADE["tables"]["drivers.branches"]["rows"]}
    for branch in drivers.BRANCHES:
        row = rows[branch.branch]
        number = row.get("cell_sources", {}).get("kernel", row["source"])
        assert MADE["sources"][number]["name"] == (branch.kernel_source or branch.source).name


def test_some_tables_can_be_asked_for() -> None:
    made = catalog_export.export(["gpus.chips"])
    assert list(made["tables"]) == ["gpus.chips"]
    assert len(made["sources"]) < len(MADE["sources"])
    assert made["schema"] == catalog_export.SCHEMA


def test_every_module_with_rows_is_exported() -> None:
    modules = {name.partition(".")[0] for name in MADE["tables"]}
    assert {
        "cuda", "distributions", "drivers", "gpus", "gpu_memory", "kernels", "packages",
        "package_files", "partners", "proven", "sources", "torch", "ffmpeg", "presets",
    } <= modules  # fmt: skip


def test_what_another_source_of_a_row_vouches_for_names_that_one() -> None:
    (row, *_others) = MADE["tables"]["distributions.distributions"]["rows"]
    assert MADE["sources"][row["cell_sources"]["compilers"]]["name"] == row["packages"]["name"]
    assert MADE["sources"][row["cell_sources"]["first_branch"]]["name"] == row["contents"]["name"]
