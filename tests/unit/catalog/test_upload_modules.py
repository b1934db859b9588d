"""What the packages on PyPI lack, against lists of their files."""

from __future__ import annotations

import re

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    sources,
    upload_modules,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from support.plan_builder import host
from support.recorded import table

ROWS = table("slowfast_modules")


def test_what_slowfast_on_pypi_lacks_is_what_its_files_are() -> None:
    ours = [row["module"] for row in ROWS if row["commit"] == "yes"]
    assert len(ours) == upload_modules.OF_SLOWFAST
    lacks = [row["module"] for row in ROWS if row["pypi"] == "no"]
    assert list(upload_modules.SLOWFAST_LACKS) == lacks


def test_the_examples_that_a_plan_names_are_among_them() -> None:
    (row,) = (row for row in sources.UPLOADS if row.name == "slowfast")
    named = re.findall(r"[a-z_]+/(?:[a-z_0-9]+\.py)?", " ".join(row.lacks[2:]))
    assert len(named) == 6
    for name in named:
        assert any(f"slowfast/{name}" in path for path in upload_modules.SLOWFAST_LACKS), name


def test_the_evaluation_of_ava_is_there_and_so_it_is_proven() -> None:
    there = {row["module"] for row in ROWS if row["pypi"] == "yes"}
    assert "slowfast/utils/ava_evaluation/object_detection_evaluation.py" in there
    plan = planner.plan(host("cpu-debian-12", network={"pypi": True}), {})
    assert isinstance(plan, Plan)
    assert plan.network == "pypi"
    assert "slowfast.ava_evaluation" not in {claim.id for claim in plan.skipped_claims}
    (why,) = (row.because for row in plan.reasons if row.choice == "sources")
    assert "33 of the 69 modules" in why
    assert "ava_evaluation" not in why
