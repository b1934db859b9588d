"""torchvision and torchaudio of every wheel, against the file lists that PyPI has."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import partners, torch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import (
    dotted,
    spec,
    version,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from support.plan_builder import host
from support.recorded import table

RECORDED = {(row["name"], row["version"], row["machine"]): row for row in table("partners")}
WHEELS = [
    wheel
    for gpu in (True, False)
    for machine in ("x86_64", "aarch64")
    for release in candidates.wheels(machine, "stable", gpu=gpu)
    for wheel in release
    if wheel.machine == machine
]


def tags(name: str, release: str, machine: str) -> set[str]:
    row = RECORDED.get((name, release, machine))
    return set(row["pythons"].split()) if row and not row["withdrawn"] else set()


def has_wheel(name: str, release: str, machine: str, python: str) -> bool:
    found = tags(name, release, machine)
    return "py3" in found or f"cp{python.replace('.', '')}" in found


def test_every_row_is_what_pypi_lists() -> None:
    rows = {(row.name, row.version): row for row in partners.PARTNERS}
    kept = {key[:2] for key, row in RECORDED.items() if not row["withdrawn"]}
    assert set(rows) == kept
    for (name, release), row in rows.items():
        both = [RECORDED.get((name, release, machine)) for machine in ("x86_64", "aarch64")]
        stated = {found["torch"] for found in both if found} - {""}
        assert stated <= {row.torch}, (name, release)
        assert row.torch == "" or stated
        assert row.uploaded == min(found["uploaded"] for found in both if found)


@pytest.mark.parametrize("wheel", WHEELS, ids=lambda one: f"{one.name} {one.machine}")
def test_the_partners_of_every_wheel_exist_and_accept_it(wheel: candidates.Wheel) -> None:
    for name, release in (("torchvision", wheel.torchvision), ("torchaudio", wheel.torchaudio)):
        if release is None:
            assert name == "torchaudio"
            assert wheel.audio.because
            continue
        row = next(row for row in partners.PARTNERS if (row.name, row.version) == (name, release))
        assert not row.torch or spec(row.torch).allows(wheel.torch)
        for python in wheel.pythons:
            assert has_wheel(name, release, wheel.machine, dotted(python)), (name, release, python)


@pytest.mark.parametrize(
    ("torch", "vision", "audio"),
    [
        ("1.10.0", "0.11.1", "0.10.0"),
        ("2.0.0", "0.15.1", "2.0.1"),
        ("2.9.1", "0.24.1", "2.9.1"),
        ("2.11.0", "0.26.0", "2.11.0"),
        ("2.12.0", "0.27.0", "2.11.1"),
        ("2.14.0", "0.29.0", "2.11.1"),
        ("2.14.1", "0.29.1", "2.11.1"),
        ("2.15.0", "0.29.2", "2.11.1"),
    ],
)
def test_the_partners_of_a_wheel_on_pypi(torch: str, vision: str, audio: str) -> None:
    (wheel,) = [
        one
        for one in WHEELS
        if (one.row.torch, one.machine, one.pypi, one.jit) == (torch, "x86_64", True, None)
        and one.driver
    ]
    assert (wheel.torchvision, wheel.torchaudio) == (vision, audio)


def test_a_variant_of_pytorchs_index_has_partners_that_were_released_with_it() -> None:
    """A torchaudio that came later, or before variants existed, has no file of the variant."""
    without = {one.row.torch for one in WHEELS if not one.pypi and one.torchaudio is None}
    assert without == {
        "1.8.0", "1.8.1", "1.9.0", "1.9.1",
        "2.12.0", "2.12.1", "2.13.0", "2.14.0", "2.14.1",
    }  # fmt: skip


@pytest.mark.parametrize("release", torch.RELEASES, ids=lambda row: row.torch)
def test_on_aarch64_a_gpu_needs_a_torchvision_with_cuda_code(release: torch.ReleaseRow) -> None:
    plan = planner.plan(host("gh200-aarch64-ubuntu-22.04"), {"torch": release.torch})
    # Grace Hopper with the wheels of the catalog: torchvision has CUDA code from torch 2.11 on.
    assert (plan.status == "planned") == (version(release.torch) >= version("2.11"))
    if isinstance(plan, Plan):
        assert version(plan.torchvision) >= version("0.26.0")


@pytest.mark.parametrize(
    "name", ["gtx1080ti-ubuntu-24.04", "v100-ubuntu-22.04", "gtx980-debian-12"]
)
def test_newest_on_a_gpu_before_turing_names_the_partner_of_its_own_torch(name: str) -> None:
    plan = planner.plan(host(name), {"preset": "newest"})
    assert isinstance(plan, Plan)
    assert plan.torch.version == "2.14.1"
    assert plan.torch_wheels.requirements == ("torch==2.14.1+cu126", "torchvision==0.29.1+cu126")


@pytest.mark.parametrize(
    ("asked", "preset", "expected"),
    [
        ("2.14", "stable", "2.14.1"),
        ("2.14", "newest", "2.14.1"),
        ("2.14", "guide-2024", "2.14.1"),
        ("2.12", "stable", "2.12.1"),
        (">=2.12", "stable", "2.15.0"),
        (">=2.12,<2.15", "stable", "2.13.0"),
        (">=2.12,<2.14", "stable", "2.13.0"),
        ("2.9", "stable", "2.9.1"),
        ("1.10", "stable", "1.10.2"),
        ("2.14.0", "stable", "2.14.0"),
        (">=2.4", "stable", "2.11.0"),
        (">=2.5", "guide-2024", "2.5.1"),
    ],
)
def test_a_bug_fix_release_comes_first_and_then_the_newest(
    asked: str, preset: str, expected: str
) -> None:
    plan = planner.plan(host("cpu-debian-12"), {"torch": asked, "preset": preset})
    assert isinstance(plan, Plan)
    assert plan.torch.version == expected
