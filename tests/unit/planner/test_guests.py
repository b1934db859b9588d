"""Shared GPUs: a vGPU is driven by its guest driver alone, and a GPU in MIG mode shows instances."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpus import GPUS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.vgpus import (
    VGPUS,
    profile,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
)
from support.plan_builder import host, planned, refused

from slowfast_stack import what_if

BARE, READY = "h100-pcie-ubuntu-24.04", "h100-driver-580-toolkit-13.0"
# Ids of boards, as machines report them, and of vGPUs.
ENTIRE = [
    ("1eb8", "10de:12a2"),
    ("2330", "10de:16c1"),
    ("20b5", "10de:1533"),
    ("2236", "1028:1482"),
]
PARTS = [
    ("1eb8", "10de:130f", "GRID T4-8Q"),
    ("13f2", "10de:114e", "GRID M60-2Q"),
    ("1db4", "10de:1252", "GRID V100-8Q"),
    ("2236", "10DE:14C5", "NVIDIA A10-"),
    ("2330", "10de:1883", "NVIDIA H100XM-"),
]


def machine(name: str, device: str, subsystem: str, **change: object) -> dict[str, Any]:
    """Return a virtual machine with one GPU."""
    bound = "nvidia" if "driver" in change or name == READY else None
    gpu = {"slot": "0000:00:05.0", "pci_id": f"10de:{device}", "subsystem": subsystem}
    there = {"gpus": [{**gpu, "kernel_driver": bound}], "virtualization": "vm"}
    return host(name, **{**there, **change})


def facts(plan: NoPlan) -> str:
    conflict = plan.conflict
    return "\n".join((*conflict.facts, *conflict.because, *conflict.remedies))


def test_the_table_has_profiles_of_gpus_that_the_catalog_knows() -> None:
    known = {row.device for row in GPUS}
    assert {row.device for row in VGPUS} <= known
    pairs = [(row.device, part.split(":")[0]) for row in VGPUS for part in row.profiles.split()]
    assert len(pairs) == len(set(pairs)) == 1225
    assert all(len(subsystem) == 4 for _device, subsystem in pairs)


@pytest.mark.parametrize(("device", "subsystem"), [*ENTIRE, ("1eb8", None), ("1eb8", "x")])
def test_the_id_of_a_board_is_no_profile(device: str, subsystem: str | None) -> None:
    assert profile(device, subsystem) is None


@pytest.mark.parametrize(("device", "subsystem", "name"), PARTS)
def test_a_vgpu_without_its_guest_driver_is_refused_with_where_that_comes_from(
    device: str, subsystem: str, name: str
) -> None:
    text = facts(refused(machine(BARE, device, subsystem)))
    assert name in text
    assert "guest driver (GRID)" in text
    assert "licensing portal" in text


@pytest.mark.parametrize("row", VGPUS, ids=lambda row: f"{row.device}-{row.name}")
def test_no_public_driver_is_ever_installed_for_a_vgpu(row: Any) -> None:  # noqa: ANN401
    subsystem = row.profiles.split()[0].partition(":")[0]
    plan = planner.plan(machine(BARE, row.device, f"10de:{subsystem}"))
    assert isinstance(plan, NoPlan)
    assert plan.driver is None


@pytest.mark.parametrize(("device", "subsystem", "name"), PARTS[:1] + PARTS[3:])
@pytest.mark.parametrize("root", [True, False])
def test_the_guest_driver_of_a_vgpu_stays(
    device: str, subsystem: str, name: str, *, root: bool
) -> None:
    plan = planned(machine(READY, device, subsystem, root=root))
    assert plan.driver
    assert (plan.driver.action, plan.driver.branch) == ("keep", "580")
    said = [row.because for row in plan.reasons if row.choice == "driver.guest"]
    assert name in said[0]


def test_another_branch_for_a_vgpu_is_refused() -> None:
    there = machine(READY, "1eb8", "10de:130f")
    assert "the public driver 595" in facts(refused(there, {"driver_branch": "595"}))


@pytest.mark.parametrize(
    "sign",
    [
        {"installed_driver": {"guest": True}},
        {"driver_packages": [{"name": "nvidia-linux-grid-580", "version": "580.95.05"}]},
    ],
)
def test_a_guest_driver_says_that_an_unknown_gpu_is_a_vgpu(sign: dict[str, Any]) -> None:
    there = machine(READY, "1eb8", "10de:ffff", **sign)
    plan = planned(there)
    assert plan.driver
    assert plan.driver.action == "keep"
    assert [row.choice for row in plan.reasons if row.choice == "driver.guest"]
    assert "a vGPU is driven by" in facts(refused(there, {"driver_branch": "595"}))
    # On the machine of the hypervisor it is none.
    planned({**there, "virtualization": "none"}, {"driver_branch": "595"})


@pytest.mark.parametrize(("device", "subsystem"), ENTIRE)
def test_an_entire_gpu_that_is_passed_through_is_planned_as_ever(
    device: str, subsystem: str
) -> None:
    plan = planned(machine(BARE, device, subsystem))
    assert plan.driver
    assert (plan.driver.action, plan.driver.branch) == ("install", "580")


@pytest.mark.parametrize(
    ("mig", "words"),
    [(None, []), (0, ["without an instance", "nvidia-smi mig"]), (3, ["3 instances", "NUM_GPUS"])],
)
def test_a_gpu_in_mig_mode_is_named_with_what_it_means(mig: int | None, words: list[str]) -> None:
    gpu = {"slot": "0000:10:00.0", "pci_id": "10de:2330", "compute_capability": "9.0", "mig": mig}
    plan = planned(host(READY, gpus=[gpu]))
    said = "; ".join(row.because for row in plan.reasons if row.choice == "gpus.mig")
    assert bool(said) is bool(words)
    assert [word for word in words if word not in said] == []
    assert plan.gpus[0].mig == mig


def test_switches_of_nvlink_5_are_a_what_if() -> None:
    there = what_if.host(
        what_if.Machine(gpus=["10de:2901x8"], nvlink5=True), list(planner.endpoints())
    )
    plan = planner.plan(there)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert plan.driver.fabric_manager
    assert {"nvlsm", "infiniband-diags"} <= set(plan.driver.fabric_packages)


@pytest.mark.parametrize(
    ("gpu", "named"), [("10de:2941", True), ("10de:31c2", True), ("10de:2901", False)]
)
def test_imex_is_named_for_gpus_of_a_rack(gpu: str, *, named: bool) -> None:
    machine_ = what_if.Machine(gpus=[gpu], arch="aarch64" if named else "x86_64")
    plan = planner.plan(what_if.host(machine_, list(planner.endpoints())))
    assert isinstance(plan, Plan)
    said = [row.because for row in plan.reasons if row.choice == "driver.imex"]
    assert bool(said) is named
    assert all("nvidia-imex" in text for text in said)


@pytest.mark.parametrize(
    ("system", "mok"),
    [
        ("ubuntu-24.04", False),
        ("ubuntu-22.04", False),
        ("debian-12", True),
        ("debian-13", True),
        ("rocky-9", True),
        ("rhel-8", True),
        ("rhel-10", True),
    ],
)
def test_a_key_for_secure_boot_is_enrolled_with_a_reboot(system: str, *, mok: bool) -> None:
    machine_ = what_if.Machine(gpus=["10de:2684"], os=system, secure_boot=True)
    plan = planner.plan(what_if.host(machine_, list(planner.endpoints())))
    assert isinstance(plan, Plan)
    assert plan.driver
    assert (plan.driver.mok, plan.driver.reboot) == (mok, mok)
    off = planner.plan(
        what_if.host(what_if.Machine(gpus=["10de:2684"], os=system), list(planner.endpoints()))
    )
    assert isinstance(off, Plan)
    assert off.driver
    assert (off.driver.mok, off.driver.reboot) == (False, False)
