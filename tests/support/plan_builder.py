"""Plans for tests: the planner's own for a recorded host, with the changes that a test names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain, planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

UNIT = Path(__file__).resolve().parents[1] / "unit"
FRESH = "h100-ubuntu-22.04"


def host(name: str = FRESH, **change: object) -> dict[str, Any]:
    """Return the data of a recorded host with some keys changed.

    A driver that is added drives the GPUs, unless these are changed, too.
    """
    text = (UNIT / "hosts" / f"{name}.json").read_text(encoding="utf-8")
    found = {**json.loads(text)["host"], **change}
    if change.get("driver") and "gpus" not in change:
        found["gpus"] = [{**gpu, "kernel_driver": "nvidia"} for gpu in found["gpus"]]
    return found


def plan(name: str = FRESH, request: dict[str, Any] | None = None, **change: object) -> Plan:
    """Return the plan of a recorded host; fail where there is none."""
    return planned(host(name, **change), request)


def planned(there: dict[str, Any], request: dict[str, Any] | None = None) -> Plan:
    """Return the plan of a host; fail where there is none."""
    found = planner.plan(there, request)
    assert isinstance(found, Plan), explain.explain(found)
    return found


def refused(there: dict[str, Any], request: dict[str, Any] | None = None) -> NoPlan:
    """Return why a host has no plan; fail where it has one."""
    found = planner.plan(there, request)
    assert isinstance(found, NoPlan), explain.explain(found)
    return found


def from_case(name: str) -> Plan | NoPlan:
    """Return what the planner says of a case of plans/."""
    case = json.loads((UNIT / "plans" / f"{name}.json").read_text(encoding="utf-8"))
    return planner.plan(host(case["host"], **case.get("change", {})), case.get("request", {}))


def plan_data(
    name: str = FRESH,
    request: dict[str, Any] | None = None,
    changes: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return a complete plan as data, with values changed by dotted paths that exist in it."""
    found = plan(name, request).to_dict()
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        parent = found
        for part in parents:
            parent = parent[part]
        assert last in parent, path
        parent[last] = value
    return found
