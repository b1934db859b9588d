"""Plans of recorded hosts: every file of plans/ is a case, a new one adds no code."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    explain,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
    from_dict,
)
from support.plan_builder import planned, refused

from slowfast_stack import what_if

HERE = Path(__file__).parents[1]
PLANS = sorted((HERE / "plans").glob("*.json"))


def load(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return host, request and expectation of a case."""
    case = json.loads(path.read_text(encoding="utf-8"))
    assert case["source"]
    host = json.loads((HERE / "hosts" / f"{case['host']}.json").read_text(encoding="utf-8"))
    return (
        {**host["host"], **case.get("change", {})},
        case.get("request", {}),
        case["expect"],
    )


def at(plan: object, path: str) -> object:
    """Follow a dotted path into the plan."""
    for name in path.split("."):
        plan = plan[int(name)] if isinstance(plan, list) else cast("dict[str, object]", plan)[name]
    return plan


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_recorded_host_gets_the_expected_plan(path: Path) -> None:
    host, request, expected = load(path)
    facts = expected.pop("conflict", None)
    plan = planner.plan(host, request)
    assert isinstance(plan, NoPlan if facts else Plan), explain.explain(plan)
    assert {name: at(plan.to_dict(), name) for name in expected} == expected
    if isinstance(plan, NoPlan):
        found = plan.conflict.facts
        assert len(found) == len(facts), found
        assert all(any(words in fact for fact in found) for words in facts), found
        assert plan.conflict.because
        assert plan.conflict.remedies


def test_there_are_at_least_eighty_cases() -> None:
    assert len(PLANS) >= 80


def test_a_plan_has_every_key_of_the_contract_also_where_there_is_none() -> None:
    host, request, _ = load(HERE / "plans" / "h100-torch-1.10.json")
    assert set(planned(host).to_dict()) == set(refused(host, request).to_dict())


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_plan_is_read_back_from_its_data(path: Path) -> None:
    host, request, _ = load(path)
    plan = planner.plan(host, request)
    assert from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schema": 3}, "record.unsupported-schema"),
        ({"schema": 1}, "record.unsupported-schema"),
        ({"schema": None}, "planner.not-a-plan"),
        ({"status": "perhaps"}, "planner.not-a-plan"),
        ({"torch": None}, "data.invalid-value"),
        ({"roles": "preflight"}, "data.invalid-value"),
        ({"needs_disk_mib": "much"}, "data.invalid-value"),
        ({"sources": {"slowfast": {"commit": "1"}}}, "data.invalid-value"),
    ],
)
def test_what_is_no_plan_of_this_schema_is_an_error_with_a_code(
    change: dict[str, object], code: str
) -> None:
    host, _, _ = load(HERE / "plans" / "h100-fresh.json")
    with pytest.raises(StackError) as caught:
        from_dict({**planned(host).to_dict(), **change})
    assert caught.value.code == code
    assert caught.value.hint


def test_every_choice_has_a_sentence_and_a_source() -> None:
    for path in PLANS:
        host, request, _ = load(path)
        plan = planner.plan(host, request)
        for row in plan.reasons if isinstance(plan, Plan) else ():
            assert row.choice, row
            assert row.because, row
            assert row.source, row


# What the host is, what follows from the keys beside it, and the reasons themselves.
NO_DECISION = {
    "id", "profile", "gpus", "python_interpreter", "torch_wheels", "full_network_adds",
    "packages_folder", "locked", "reasons",
}  # fmt: skip


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_decision_of_a_plan_has_a_reason(path: Path) -> None:
    host, request, _ = load(path)
    plan = planner.plan(host, request)
    if isinstance(plan, Plan):
        explained = {row.choice.partition(".")[0] for row in plan.reasons}
        keys = {each.name for each in dataclasses.fields(Plan)} - NO_DECISION
        assert keys - explained == ({"skipped_claims"} if not plan.skipped_claims else set())


def test_an_unknown_gpu_gets_a_driver_and_no_capability() -> None:
    host, _, _ = load(HERE / "plans" / "unknown-id.json")
    plan = refused(host)
    assert plan.gpus[0].compute_capability is None
    assert plan.driver
    assert plan.driver.branch == "580"
    assert plan.driver.flavour == "open"


def test_equal_environments_share_an_id_and_others_do_not() -> None:
    host, _, _ = load(HERE / "plans" / "cpu-debian.json".replace("debian", "everything-reached"))
    one = planned(host).id
    assert one == planned({**host, "memory_mib": 4096}).id
    assert one != planned(host, {"torch": "2.10"}).id


@pytest.mark.parametrize(
    ("request_", "code", "where"),
    [
        ({"torch": "latest"}, "version.invalid-spec", "request.torch"),
        ({"torch": ">>2"}, "version.invalid-spec", "request.torch"),
        ({"cuda": 12.1}, "data.invalid-value", "request.cuda"),
        ({"driver_branch": "new"}, "data.invalid-value", "request.driver_branch"),
        ({"preset": "fast"}, "data.invalid-value", "request.preset"),
        ({"network": "wifi"}, "data.invalid-value", "request.network"),
        ({"tourch": "2.4"}, "data.unknown-key", "request"),
        (
            {"sources": {"slowfast": {"commit": "main"}}},
            "data.invalid-value",
            "request.sources.slowfast.commit",
        ),
        ({"sources": {"mmcv": {}}}, "data.unknown-key", "request.sources"),
        (
            {"sources": {"slowfast": {"sha256": "1" * 64}}},
            "data.unknown-key",
            "request.sources.slowfast",
        ),
        (
            {"sources": {"miniforge": {"sha256": "1234"}}},
            "data.invalid-value",
            "request.sources.miniforge.sha256",
        ),
        ({"gpu_required": "yes"}, "data.invalid-value", "request.gpu_required"),
        ({"conda_packages": ["a b"]}, "data.invalid-value", "request.conda_packages"),
        ({"locked": {"format": "other"}}, "data.invalid-value", "request.locked.format"),
        ({"bundle": {"digest": "1", "stacks": [{}]}}, "data.invalid-value", "request.bundle"),
        (["torch"], "data.invalid-value", "request"),
    ],
)
def test_a_request_that_cannot_be_read_is_an_error_that_names_the_key(
    request_: object, code: str, where: str
) -> None:
    host, _, _ = load(PLANS[0])
    with pytest.raises(StackError) as caught:
        planner.plan(host, request_)
    assert caught.value.code == code
    assert caught.value.message.startswith(where)
    assert caught.value.hint


def test_the_explanation_names_choices_and_what_cannot_be_proven() -> None:
    host, request, _ = load(HERE / "plans" / "cpu-pypi-only.json")
    text = explain.explain(planner.plan(host, request), name="gpu01")
    assert text.startswith("Plan for gpu01 (cpu, network pypi")
    assert "PyPI's SlowFast 1.0 has no tools/" in text
    assert "A network that reaches the git sources adds" in text


def test_a_conflict_reads_what_why_and_what_next() -> None:
    host, request, _ = load(HERE / "plans" / "h100-torch-1.10.json")
    text = explain.explain(planner.plan(host, request), name="gpu01")
    assert text.startswith("No plan for gpu01")
    assert "has no code for NVIDIA H100" in text
    assert 'use --torch "2.0' in text


def test_something_else_than_a_plan_is_not_explained() -> None:
    with pytest.raises(StackError) as caught:
        from_dict({"changed": False})
    assert caught.value.code == "planner.not-a-plan"


@pytest.mark.parametrize("request_", [{}, {"torch": "1.10"}, {"network": "pypi"}])
def test_a_what_if_claims_no_probe(request_: dict[str, object]) -> None:
    machine = what_if.Machine(gpus=["10de:2330"], os="ubuntu-22.04", arch="x86_64", driver="550.1")
    host = what_if.host(machine, list(planner.endpoints()))
    assert "the probe of" not in explain.explain(planner.plan(host, request_))


COMMIT = "1" * 40
OWN = {"url": "/srv/git/slowfast.git"}


@pytest.mark.parametrize(
    ("request_", "present", "absent"),
    [
        ({}, {"company-imports", "empty-loader"}, {"fork-label-map", "pypi-model-to-cpu"}),
        (
            {"network": "pypi"},
            {"empty-loader", "missing-csrc", "pypi-model-to-cpu"},
            {"company-imports", "fork-label-map"},
        ),
        (
            {"sources": {"slowfast": {"commit": COMMIT}}},
            {"company-imports", "pypi-model-to-cpu"},
            {"fork-label-map", "missing-csrc"},
        ),
        (
            {"sources": {"slowfast": {**OWN, "commit": COMMIT}}},
            {"company-imports", "pypi-model-to-cpu", "fork-label-map"},
            {"missing-csrc", "pil-linear"},
        ),
        ({"sources": {"slowfast": OWN}}, {"company-imports"}, {"fork-label-map"}),
    ],
)
def test_a_plan_lists_the_patches_that_its_sources_can_need(
    request_: dict[str, object], present: set[str], absent: set[str]
) -> None:
    host, _, _ = load(HERE / "plans" / "h100-fresh.json")
    patches = set(planned(host, request_).patches)
    assert present <= patches
    assert not absent & patches


@pytest.mark.parametrize(("name", "drivers"), [("h100-fresh", 1), ("cpu-everything-reached", 0)])
def test_what_replaces_a_part_of_a_guide_is_said_and_of_a_driver_only_with_a_gpu(
    name: str, drivers: int
) -> None:
    host, _, _ = load(HERE / "plans" / f"{name}.json")
    row = candidates.preset("guide-2024")
    texts = dict.fromkeys(text for _choice, text in row.superseded)
    made = planned(host, {"preset": "guide-2024"})
    said = [each.choice for each in made.reasons if each.because in texts]
    expected = [choice for choice, _text in row.superseded if drivers or choice[:6] != "driver"]
    assert said == expected
    assert sum(choice.startswith("driver") for choice in said) == drivers
