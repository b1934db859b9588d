"""What a plan says of a small /dev/shm."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from support.errors import fails
from support.plan_builder import host


@pytest.mark.parametrize(
    ("free", "kind", "says"),
    [
        (64, "container", "64 MiB are free"),
        (0, "container", "0 MiB are free"),
        (1023, "none", "1023 MiB are free"),
        (1024, "container", None),
        (None, "container", None),
    ],
)
def test_too_little_shared_memory_is_named_with_what_helps(
    free: int | None, kind: str, says: str | None
) -> None:
    there = host("l40s-container-driver-570", shared_memory_mib=free, virtualization=kind)
    if free is None:
        there.pop("shared_memory_mib")
    plan = planner.plan(there, {})
    assert isinstance(plan, Plan)
    found = [row.because for row in plan.reasons if row.choice == "host.shared_memory"]
    assert len(found) == (1 if says else 0)
    if says:
        assert says in found[0]
        assert ("shm-size" in found[0]) == (kind == "container")


@pytest.mark.parametrize("value", [-1, "64", 1.5, True])
def test_a_probe_that_reports_nonsense_is_refused(value: object) -> None:
    with fails("data.invalid-value", "shared_memory_mib"):
        planner.plan(host("l40s-container-driver-570", shared_memory_mib=value), {})
