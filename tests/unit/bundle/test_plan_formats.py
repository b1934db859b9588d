"""Plans as manifests of pixi: of every recorded machine, with what its packages are."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.from_plan import (
    from_dict,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    Plan,
    SourcePlan,
)

from slowfast_stack.bundle import plan_formats
from slowfast_stack.bundle.target import Target

GOLDEN = sorted((Path(__file__).parents[1] / "planner/golden").glob("*.json"))


def _read(path: Path) -> Plan | None:
    found = from_dict(json.loads(path.read_text()))
    return found if isinstance(found, Plan) else None


PLANS = {path.stem: plan for path in GOLDEN if (plan := _read(path))}


def _manifest(plan: Plan) -> dict[str, Any]:
    return tomllib.loads(plan_formats.pixi(plan, Target(plan.python, "x86_64", "2.35")))


@pytest.mark.parametrize("name", PLANS)
def test_a_manifest_has_the_packages_of_its_plan_and_no_other(name: str) -> None:
    plan = PLANS[name]
    made = _manifest(plan)
    assert made["dependencies"] == {"python": f"{plan.python}.*"}
    rows = made["pypi-dependencies"]
    pins = dict(
        row.split("==")
        for row in (
            *plan.torch_wheels.requirements, *plan.packages, *plan.torch_wheels.build_tools
        )
    )  # fmt: skip
    for package, version in pins.items():
        row = rows[package]
        assert (row["version"] if isinstance(row, dict) else row) == f"=={version}"
    trees = {key: source for key, source in plan.sources.items() if source}
    for key, source in trees.items():
        if source.origin == "git":
            assert rows[key] == {"git": source.url, "rev": source.commit}
    assert len(rows) == len(pins.keys() | {_name(key, row) for key, row in trees.items()})


def _name(key: str, source: SourcePlan) -> str:
    return key if source.origin == "git" else str(source.requirement).partition("==")[0]


@pytest.mark.parametrize("name", PLANS)
def test_cuda_and_the_lowest_capability_are_those_of_the_platform(name: str) -> None:
    plan = PLANS[name]
    (platform,) = _manifest(plan)["workspace"]["platforms"]
    assert platform["platform"] == "linux-64"
    assert platform["glibc"] == "2.35"
    if not plan.gpus or plan.torch_wheels.cuda is None:
        assert "cuda" not in platform
        return
    known = [gpu.compute_capability for gpu in plan.gpus if gpu.compute_capability]
    assert platform["cuda"]["driver"] == plan.torch_wheels.cuda
    assert platform["cuda"].get("arch") == min(known, key=float, default=None)


def test_a_wheel_of_the_index_of_pytorch_names_it() -> None:
    for plan in PLANS.values():
        row = _manifest(plan)["pypi-dependencies"].get("torch")
        if row is None:  # the PyTorch of the host is taken
            assert not [
                each for each in plan.torch_wheels.requirements if each.startswith("torch==")
            ]
            continue
        named = row["index"] if isinstance(row, dict) else None
        assert named == plan.torch.index
