"""GPUs without a known PCI id: by measured capability, by the model's name, in WSL2, and on Tegra."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import BRANCHES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpus import CHIPS, GPUS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.platforms import TEGRAS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.vgpus import VGPUS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    gpu_specs,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan
from support.plan_builder import host, planned, refused

CONTAINER, JETSON = "l40s-container-no-driver", "gh200-aarch64-ubuntu-22.04"
WSL = {
    "kernel": {"release": "6.6.87.2-microsoft-standard-WSL2", "headers": False},
    "platform": {"kind": "wsl", "driver": True},
    "virtualization": "vm",
}


def gpu(pci_id: str = model.UNKNOWN_GPU, **change: object) -> dict[str, Any]:
    return {
        "slot": "unknown",
        "pci_id": pci_id,
        "kernel_driver": "nvidia",
        "listed": True,
        **change,
    }


def driver(number: str) -> dict[str, Any]:
    return {"version": number, "flavour": None}


def said(plan: Plan | NoPlan) -> str:
    return str(plan.to_dict())


@pytest.mark.parametrize("listed", [True, None])
@pytest.mark.parametrize("number", ["575.57.08", "580.95.05", "595.91.07"])
@pytest.mark.parametrize(
    "capability", ["7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "12.0", "12.1", "13.0"]
)
def test_a_measured_capability_is_enough_for_a_driver_that_runs(
    capability: str, number: str, *, listed: bool | None
) -> None:
    one = gpu(compute_capability=capability, listed=listed)
    plan = planner.plan(host(CONTAINER, gpus=[one], driver=driver(number)))
    # Blackwell of 12.1 needs 580, and only a driver newer than a wheel's CUDA compiles its PTX.
    assert "470" not in said(plan)
    if (capability, number) in (
        ("12.1", "575.57.08"),
        ("13.0", "575.57.08"),
        ("13.0", "580.95.05"),
    ):
        return
    assert isinstance(plan, Plan), plan
    assert plan.driver
    assert plan.driver.action == "keep"


@pytest.mark.parametrize(
    ("capability", "last"),
    [("3.5", "470"), ("5.2", "580"), ("6.1", "580"), ("7.0", "580"), ("7.5", None), ("9.0", None)],
)
@pytest.mark.parametrize("pci_id", [model.UNKNOWN_GPU, "10de:3fff"])
def test_the_last_branch_of_an_unknown_gpu_is_that_of_its_capability(
    capability: str, last: str | None, pci_id: str
) -> None:
    assert gpu_specs.gpu_spec(pci_id, capability).range.last_branch == last


@pytest.mark.parametrize("row", [row for row in CHIPS if row.capability], ids=lambda row: row.chip)
def test_the_family_of_a_capability_is_that_of_its_chips(row: Any) -> None:  # noqa: ANN401
    device = next(one.device for one in GPUS if one.chip == row.chip)
    listed = gpu_specs.gpu_spec(f"10de:{device}")
    found = gpu_specs.gpu_spec(model.UNKNOWN_GPU, row.capability)
    assert found.range == listed.range
    assert row.architecture in found.architecture
    assert found.chip_driver == listed.chip_driver


@pytest.mark.parametrize("number", ["575.57.08", "580.95.05", "620.70.06"])
@pytest.mark.parametrize(
    "change", [{}, {"kernel_driver": "nvidia", "listed": None}, {"model": "Unheard Of"}]
)
def test_nothing_is_said_of_a_gpu_that_nothing_names(change: dict[str, Any], number: str) -> None:
    plan = refused(host(CONTAINER, gpus=[gpu(**change)], driver=driver(number)))
    text = "\n".join((*plan.conflict.facts, *plan.conflict.because))
    assert "470" not in text
    assert "does not support" not in text
    assert "which machine code" in text


NAMES = [
    # name, capability
    ("NVIDIA GeForce RTX 3060", "8.6"),
    ("NVIDIA GeForce RTX 3060 Ti", "8.6"),
    ("NVIDIA GeForce RTX 3070 Laptop GPU", "8.6"),
    ("NVIDIA GeForce RTX 3080 Ti Laptop GPU", "8.6"),
    ("NVIDIA GeForce RTX 4060 Ti", "8.9"),
    ("NVIDIA GeForce RTX 4070", "8.9"),
    ("NVIDIA GeForce RTX 4070 Ti SUPER", "8.9"),
    ("NVIDIA GeForce RTX 4090 Laptop GPU", "8.9"),
    ("NVIDIA GeForce RTX 5070", "12.0"),
    ("NVIDIA GeForce RTX 5080 Laptop GPU", "12.0"),
    ("NVIDIA GeForce RTX 2070 SUPER", "7.5"),
    ("NVIDIA GeForce GTX 1650", "7.5"),
    ("NVIDIA GeForce GTX 1650 with Max-Q Design", "7.5"),
    ("NVIDIA GeForce GTX 1080 Ti", "6.1"),
    ("NVIDIA GB200", "10.0"),
    ("NVIDIA GB300", "10.3"),
    ("NVIDIA B200", "10.0"),
    ("NVIDIA B300 SXM6 AC", "10.3"),
    ("NVIDIA GB10", "12.1"),
    ("NVIDIA Thor", "11.0"),
    ("NVIDIA A2", "8.6"),
    ("NVIDIA A16", "8.6"),
    ("NVIDIA A30", "8.0"),
    ("NVIDIA A10", "8.6"),
    ("NVIDIA A10G", "8.6"),
    ("NVIDIA A40", "8.6"),
    ("NVIDIA A100-SXM4-40GB", "8.0"),
    ("NVIDIA A100 80GB PCIe", "8.0"),
    ("NVIDIA A800-SXM4-80GB", "8.0"),
    ("NVIDIA H100 NVL", "9.0"),
    ("NVIDIA H100 PCIe", "9.0"),
    ("NVIDIA H200", "9.0"),
    ("NVIDIA H20", "9.0"),
    ("NVIDIA GH200 480GB", "9.0"),
    ("NVIDIA L4", "8.9"),
    ("NVIDIA L40", "8.9"),
    ("NVIDIA RTX A6000", "8.6"),
    ("NVIDIA RTX 6000 Ada Generation", "8.9"),
    ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "12.0"),
    ("NVIDIA TITAN RTX", "7.5"),
    ("NVIDIA T1000", "7.5"),
    ("Quadro RTX 6000", "7.5"),
    ("Tesla V100-SXM3-32GB-H", "7.0"),
    ("Tesla P100-PCIE-16GB", "6.0"),
    ("Tesla K80", "3.7"),
    ("GRID A100-40C", "8.0"),
    ("GRID V100D-32Q", "7.0"),
    ("GRID T4-16Q", "7.5"),
    ("GRID M60-8Q", "5.2"),
    ("NVIDIA A40-48Q", "8.6"),
    ("NVIDIA H100-80C", "9.0"),
    ("NVIDIA L40S-48C", "8.9"),
    # Of these, products of more than one capability share the name, or there is none.
    ("NVIDIA GeForce GT 1030", None),
    ("NVIDIA GeForce GTX 750 Ti", None),
    ("NVIDIA RTX 5000", None),
    ("NVIDIA GeForce RTX", None),
    ("NVIDIA GeForce", None),
    ("NVIDIA", None),
    ("NVIDIA GeForce RTX 9990", None),
    ("NVIDIA Z900", None),
]


@pytest.mark.parametrize(("name", "capability"), NAMES)
def test_a_name_gives_the_capability_that_all_its_products_have(
    name: str, capability: str | None
) -> None:
    found = gpu_specs.spec_of(model.Gpu("unknown", model.UNKNOWN_GPU, model=name))
    assert found.capability_text == capability
    assert found.pci_id == model.UNKNOWN_GPU or capability


@pytest.mark.parametrize("product", sorted({row.product for row in GPUS if row.product}))
def test_no_product_is_taken_for_one_of_another_capability(product: str) -> None:
    chips = {row.chip: row.capability for row in CHIPS}
    own = {chips[row.chip] for row in GPUS if row.product == product}
    found = gpu_specs.spec_of(model.Gpu("unknown", model.UNKNOWN_GPU, model=f"NVIDIA {product}"))
    assert found.capability_text in ({None} if len(own) > 1 else {None, *own})


def test_nearly_every_product_of_one_capability_is_found_by_its_name() -> None:
    chips = {row.chip: row.capability for row in CHIPS}
    rows = [row for row in GPUS if row.product and chips[row.chip]]
    lost = {
        row.product
        for row in rows
        if not gpu_specs.spec_of(
            model.Gpu("unknown", model.UNKNOWN_GPU, model=row.product)
        ).capability
    }
    # What they have in common: a name that is of two generations.
    for product in lost:
        assert (
            len(
                {
                    chips[row.chip]
                    for row in rows
                    if set(product.split()) == set(row.product.split())
                }
            )
            > 1
        )


@pytest.mark.parametrize("row", VGPUS, ids=lambda row: row.name)
def test_the_profile_of_a_vgpu_names_its_gpu(row: Any) -> None:  # noqa: ANN401
    board = gpu_specs.gpu_spec(f"10de:{row.device}")
    for profile in row.profiles.split()[:1]:
        name = f"{row.name}-{profile.partition(':')[2]}"
        found = gpu_specs.spec_of(model.Gpu("unknown", model.UNKNOWN_GPU, model=name))
        assert found.capability_text == board.capability_text


@pytest.mark.parametrize(
    "name", ["NVIDIA GeForce RTX 3060", "NVIDIA GeForce GTX 1650", "NVIDIA GB200", "NVIDIA A16"]
)
@pytest.mark.parametrize("number", ["575.57.08", "580.95.05"])
def test_a_container_that_knows_a_name_alone_is_planned(name: str, number: str) -> None:
    plan = planned(host(CONTAINER, gpus=[gpu(model=name)], driver=driver(number)))
    assert plan.driver
    assert plan.driver.action == "keep"


# Windows numbers a branch from its name on: 581.57 and 582.28 are of R580.
WINDOWS = [
    ("472.12", "470"), ("475.14", "470"), ("497.29", "495"), ("516.94", "515"), ("528.33", "525"),
    ("537.58", "535"), ("546.33", "545"), ("553.50", "550"), ("561.09", "560"), ("566.36", "565"),
    ("573.44", "570"), ("577.00", "575"), ("580.88", "580"), ("581.57", "580"), ("582.28", "580"),
    ("591.44", "590"), ("596.10", "595"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "branch"), WINDOWS)
def test_a_number_of_windows_is_of_a_branch_of_linux(number: str, branch: str) -> None:
    there = model.host(host(CONTAINER, **WSL, driver=driver(number)))
    assert there.driver
    assert candidates.loaded_branch(there, there.driver) == branch
    other = model.host(host(CONTAINER, driver=driver(number)))
    assert candidates.loaded_branch(other, there.driver) == number.partition(".")[0]


def test_a_number_of_windows_beyond_the_table_stays_as_it_is() -> None:
    newest = max(int(row.branch) for row in BRANCHES)
    there = model.host(host(CONTAINER, **WSL, driver=driver(f"{newest + 20}.10")))
    assert there.driver
    assert candidates.loaded_branch(there, there.driver) == str(newest + 20)


@pytest.mark.parametrize("number", ["580.88", "581.57", "582.28"])
@pytest.mark.parametrize("device", ["1b80", "13c2", "1db1", "2684"])
def test_limits_of_linux_branches_hold_for_the_branch_and_not_its_windows_number(
    device: str, number: str
) -> None:
    one = gpu(f"10de:{device}", kernel_driver="dxgkrnl")
    plan = planned(host("rtx4090-ubuntu-24.04", **WSL, gpus=[one], driver=driver(number)))
    assert plan.driver
    assert (plan.driver.action, plan.driver.branch) == ("keep", "580")


@pytest.mark.parametrize("device", ["1b80", "13c2", "1db1"])
def test_a_branch_of_windows_that_dropped_a_gpu_is_refused(device: str) -> None:
    one = gpu(f"10de:{device}", kernel_driver="dxgkrnl")
    plan = refused(host("rtx4090-ubuntu-24.04", **WSL, gpus=[one], driver=driver("591.44")))
    assert "580 is the last that does" in str(plan.conflict)


def jetson(row: Any, number: str, **change: object) -> dict[str, Any]:  # noqa: ANN401
    return host(
        JETSON,
        kernel={"release": "6.8.12-tegra", "headers": True},
        platform={"kind": "tegra", "name": row.chip},
        driver=driver(number),
        driver_packages=[],
        **change,
    )


@pytest.mark.parametrize("number", ["540.4.0", "580.00"])
@pytest.mark.parametrize("row", [row for row in TEGRAS if not row.wheels], ids=lambda row: row.chip)
@pytest.mark.parametrize("measured", [True, False])
def test_a_jetson_without_wheels_is_named_and_sent_elsewhere(
    row: Any,  # noqa: ANN401
    number: str,
    *,
    measured: bool,
) -> None:
    one = gpu(compute_capability=row.capability if measured else None)
    plan = refused(jetson(row, number, gpus=[one]))
    text = str(plan.conflict)
    assert row.name in text
    assert "JetPack" in str(plan.conflict.remedies)
    assert "470" not in text


@pytest.mark.parametrize("number", ["580.00", "595.00", "580.65.06"])
@pytest.mark.parametrize(
    "one", [gpu("10de:2b00"), gpu(compute_capability="11.0"), gpu(model="NVIDIA Thor")]
)
@pytest.mark.parametrize("named", [True, False])
def test_the_driver_of_jetpack_7_counts_as_its_branch(
    one: dict[str, Any], number: str, *, named: bool
) -> None:
    thor = next(row for row in TEGRAS if row.wheels)
    there = jetson(thor, number, gpus=[one])
    if not named and "compute_capability" in one:
        there["platform"] = {"kind": "tegra"}
    plan = planned(there)
    assert plan.driver
    assert (plan.driver.action, plan.driver.branch) == ("keep", number.partition(".")[0])
    assert plan.gpus[0].compute_capability == "11.0"
    torch = version(plan.torch.version)
    assert torch >= version("2.9")


def test_an_older_jetpack_on_thor_is_sent_to_7() -> None:
    thor = next(row for row in TEGRAS if row.wheels)
    plan = refused(jetson(thor, "540.4.0", gpus=[gpu("10de:2b00")]))
    assert "JetPack 7" in str(plan.conflict.remedies)


@pytest.mark.parametrize(("asked", "fits"), [("580", True), ("581", True), ("570", False)])
def test_in_wsl_the_branch_may_be_asked_for_by_the_number_of_windows(
    asked: str, *, fits: bool
) -> None:
    there = host(CONTAINER, gpus=[gpu("10de:2684")], driver=driver("581.57"), **WSL)
    plan = planner.plan(there, {"driver_branch": asked})
    assert (plan.status == "planned") is fits, said(plan)
    if isinstance(plan, Plan):
        assert plan.driver
        assert (plan.driver.action, plan.driver.branch) == ("keep", "580")
