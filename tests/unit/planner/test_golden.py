"""Plans with every key, of at least 12 kinds of host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.plan_builder import UNIT, from_case

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_plan_is_the_golden_one(path: Path) -> None:
    found = json.loads(json.dumps(from_case(path.stem).to_dict()))
    assert found == json.loads(path.read_text(encoding="utf-8")), "see scripts/golden_plans.py"


def test_every_kind_of_host_has_a_golden_plan() -> None:
    plans = [json.loads(path.read_text(encoding="utf-8")) for path in GOLDEN]
    assert len(plans) >= 12
    planned = [plan for plan in plans if plan["status"] == "planned"]
    drivers = [plan["driver"] or {} for plan in planned]
    assert {driver.get("origin") for driver in drivers} >= {None, "nvidia", "distribution"}
    assert {driver.get("action") for driver in drivers} >= {None, "install", "keep"}
    assert {plan["network"] for plan in planned} >= {"full", "pypi"}
    assert {plan["environment"]["manager"] for plan in planned} == {"uv", "conda"}
    assert {(plan["ffmpeg"] or {}).get("origin") for plan in planned} >= {None, "build", "static"}
    assert any(plan["torch"].get("adopted") for plan in planned)
    assert any(plan["driver"] for plan in plans if plan["status"] == "no-plan")


def test_every_case_of_a_golden_plan_exists() -> None:
    assert all((UNIT / "plans" / path.name).exists() for path in GOLDEN)
