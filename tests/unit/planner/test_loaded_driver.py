"""A loaded driver of any branch: what keeps it, what replaces it, and why."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import (
    BRANCHES,
    BranchRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import (
    host as read_host,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    driver_state,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
)
from support.plan_builder import host, planned, refused

from slowfast_stack import what_if

READY = "h100-driver-580-toolkit-13.0"
# Releases of CUDA 12 and 13 start on these; older drivers run CUDA 11 alone.
CUDA_12 = version("525.60.13")
RIGHTS = {
    "root": {"root": True},
    "container": {"root": True, "virtualization": "container"},
    "not-root": {"root": False},
}
# Toolkits and compilers for every wheel, so that only the driver decides.
TOOLS = {
    "toolkits": [{"version": v, "path": f"/usr/local/cuda-{v}"} for v in ("11.8", "12.8", "13.0")],
    "compilers": [
        {"major": n, "version": f"{n}.1.0", "path": f"/usr/bin/gcc-{n}", "cxx": f"/usr/bin/g++-{n}"}
        for n in (11, 12, 13)
    ],
    "pythons": [
        {"version": f"3.{n}.1", "path": f"/usr/bin/python3.{n}", "headers": True, "venv": True}
        for n in (10, 11, 12)
    ],
}


def loaded(number: str, device: str = "20b0", **change: object) -> dict[str, Any]:
    """Return a host with a driver that drives its A100, or another GPU."""
    gpu = {"slot": "0000:10:00.0", "pci_id": f"10de:{device}", "kernel_driver": "nvidia"}
    there = {
        "gpus": [gpu],
        "driver": {"version": number, "flavour": "proprietary"},
        "driver_packages": [],
        "kernel": {"release": "5.4.0-1-generic", "headers": True},
        **TOOLS,
    }
    return host(READY, **{**there, **change})


def facts(plan: NoPlan) -> str:
    return "\n".join((*plan.conflict.facts, *plan.conflict.because))


@pytest.mark.parametrize("rights", RIGHTS)
@pytest.mark.parametrize("number", [*(row.newest for row in BRANCHES), "588.10", "640.10.02"])
def test_a_driver_of_every_branch_stays_where_cuda_runs_on_it(number: str, rights: str) -> None:
    plan = planned(loaded(number, **RIGHTS[rights]))
    assert plan.driver
    # Without root nothing newer can be had, and CUDA 11 runs on the oldest.
    stays = version(number) >= CUDA_12 or rights != "root"
    why = next(row for row in plan.reasons if row.choice == "driver.action")
    if stays:
        assert (plan.driver.action, plan.driver.reason) == ("keep", "works")
        assert plan.driver.branch == number.partition(".")[0]
        assert not plan.driver.reboot
        assert number in why.because
    else:
        assert (plan.driver.action, plan.driver.reason) == ("upgrade", "too-old")
        assert version(plan.driver.branch) > version(number)
        assert "needs driver" in why.because


@pytest.mark.parametrize("rights", RIGHTS)
@pytest.mark.parametrize("number", [row.newest for row in BRANCHES if row.first_device > "1340"])
def test_only_the_last_branch_of_an_old_gpu_vetoes_a_driver_that_lists_it(
    number: str, rights: str
) -> None:
    plan = planner.plan(loaded(number, "1db4", **RIGHTS[rights]))
    if rights == "root":
        assert isinstance(plan, Plan)
        assert plan.driver
        assert (plan.driver.action, plan.driver.branch) == ("switch", "580")
        assert plan.driver.reason == "gpu"
    else:
        assert isinstance(plan, NoPlan)
        assert "580 is the last that does" in facts(plan)


@pytest.mark.parametrize("row", BRANCHES, ids=lambda row: row.branch)
def test_no_driver_is_replaced_by_an_older_branch(row: BranchRow) -> None:
    # The GPU at hand is bound to nothing, and module and libraries differ.
    packages = [{"name": "libnvidia-compute-450", "version": "450.1-1", "origin": "nvidia"}]
    plan = planner.plan(loaded(row.newest, driver_packages=packages))
    if isinstance(plan, Plan):
        assert plan.driver
        assert plan.driver.action in ("upgrade", "switch")
        assert version(plan.driver.branch) >= version(row.branch)
    else:
        # No branch that is installed is as new.
        assert row.branch == "never"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("585", ["585", "the table has no such branch", "450", "575", "620"]),
        ("999", ["999", "the table has no such branch", "620"]),
        ("515", ["NVIDIA's repository for Ubuntu 22.04", "begins with branch 535"]),
        ("450", ["begins with branch 535"]),
        ("555", ["it is released", "580"]),
    ],
)
def test_a_branch_that_cannot_be_installed_is_refused_with_what_there_is(
    number: str, words: list[str]
) -> None:
    plan = refused(host("a100-ubuntu-22.04"), {"driver_branch": number})
    assert [word for word in words if word not in facts(plan)] == []


def test_a_requested_branch_that_no_table_knows_stays_where_it_is_loaded() -> None:
    plan = planned(loaded("640.10"), {"driver_branch": "640"})
    assert plan.driver
    assert plan.driver.action == "keep"


def test_an_older_branch_replaces_a_newer_one_where_it_is_named() -> None:
    plan = planned(loaded("620.70.06"), {"driver_branch": "580"})
    assert plan.driver
    found = (plan.driver.action, plan.driver.branch, plan.driver.reason)
    assert found == ("switch", "580", "requested")


@pytest.mark.parametrize("number", ["575.57.08", "620.70.06", "640.10"])
@pytest.mark.parametrize("gpu", ["10de:2684", "10de:2330", "10de:2b85"])
def test_a_what_if_keeps_the_driver_that_is_named(number: str, gpu: str) -> None:
    there = what_if.host(what_if.Machine(gpus=[gpu], driver=number), list(planner.endpoints()))
    plan = planner.plan(there)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert (plan.driver.action, plan.driver.branch) == ("keep", number.partition(".")[0])


@pytest.mark.parametrize(
    ("number", "gpu"),
    [("550.163.01", "10de:2b85"), ("535.183.01", "10de:2901"), ("575.64.05", "10de:31c2")],
)
def test_a_what_if_knows_drivers_that_are_older_than_a_gpu(number: str, gpu: str) -> None:
    there = what_if.host(what_if.Machine(gpus=[gpu], driver=number), list(planner.endpoints()))
    plan = planner.plan(there)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert (plan.driver.action, plan.driver.reason) == ("upgrade", "gpu")


@pytest.mark.parametrize("device", ["2c05", "2d04", "2f04", "2bb1"])
def test_a_list_that_names_a_gpu_late_replaces_no_driver(device: str) -> None:
    """The open module's list names these from later releases of 570 on."""
    plan = planned(loaded("570.86.16", device, driver={"version": "570.86.16", "flavour": "open"}))
    assert plan.driver
    assert plan.driver.action == "keep"


KERNELS = [
    # device, distribution's host, kernel, branch asked for, whether it is planned
    ("a100-ubuntu-22.04", "6.14.0-1-generic", "550", True),
    ("a100-ubuntu-22.04", "6.15.0-1-generic", "550", False),
    ("a100-ubuntu-22.04", "6.18.2-generic", "570", True),
    ("a100-ubuntu-22.04", "6.19.0-1-generic", "570", False),
    ("a100-ubuntu-22.04", "6.19.0-1-generic", "580", True),
    ("a100-ubuntu-22.04", "7.2.0-1-generic", "610", False),
    ("a100-ubuntu-22.04", "7.2.0-1-generic", "620", True),
    ("a100-ubuntu-22.04", "generic", "535", True),
    ("k80-debian-12", "6.1.0-40-amd64", "470", True),
    ("k80-debian-12", "6.11.1-amd64", "470", True),
    ("k80-debian-12", "6.12.48+deb13-amd64", "470", False),
    ("k80-debian-12", "7.0.1-amd64", "470", False),
]


@pytest.mark.parametrize(("name", "kernel", "number", "fits"), KERNELS)
def test_a_branch_is_installed_on_kernels_that_it_builds_on(
    name: str, kernel: str, number: str, *, fits: bool
) -> None:
    there = host(name, kernel={"release": kernel, "headers": True})
    with_tools = {**there, **TOOLS}
    plan = planner.plan(with_tools, {"driver_branch": number})
    if fits:
        assert isinstance(plan, Plan)
        assert plan.driver
        assert plan.driver.branch == number
    else:
        assert isinstance(plan, NoPlan)
        assert f"Linux {kernel}" in facts(plan)


def test_a_kernel_says_nothing_of_a_driver_that_runs_on_it() -> None:
    kernel = {"release": "6.15.0-1-generic", "headers": True}
    plan = planned(loaded("535.274.02", kernel=kernel))
    assert plan.driver
    assert plan.driver.action == "keep"


def package(name: str, number: str) -> dict[str, str]:
    return {"name": name, "version": number, "origin": "distribution"}


STATES: dict[str, tuple[str, dict[str, Any], str, str | None]] = {
    # what, loaded, change, code, release that a start loads
    "nothing is known": ("550.90.07", {}, "works", "550.90.07"),
    "packages agree": (
        "550.90.07",
        {"driver_packages": [package("nvidia-driver-550", "550.90.07-0ubuntu1")]},
        "works",
        "550.90.07",
    ),
    "an unattended upgrade": (
        "550.90.07",
        {
            "pending_reboot": True,
            "driver_packages": [
                package("libnvidia-compute-550", "550.107.02-0ubuntu0.22.04.1"),
                package("nvidia-dkms-550", "550.107.02-0ubuntu0.22.04.1"),
                package("nvidia-driver-550", "550.107.02-0ubuntu0.22.04.1"),
            ],
        },
        "restart-pending",
        "550.107.02",
    ),
    "an upgrade of the meta package": (
        "550.90.07",
        {"driver_packages": [package("nvidia-driver-550-server", "550.107.02-0ubuntu1")]},
        "restart-pending",
        "550.107.02",
    ),
    "an upgrade with modules of the kernel": (
        "550.90.07",
        {
            "driver_packages": [
                package("libnvidia-compute-550-server", "550.107.02-0ubuntu1"),
                package("linux-modules-nvidia-550-server-generic", "6.8.0-45.45"),
            ]
        },
        "restart-pending",
        "550.107.02",
    ),
    "an upgrade to another branch": (
        "550.90.07",
        {"driver_packages": [package("nvidia-open-580", "580.95.05-1")]},
        "restart-pending",
        "580.95.05",
    ),
    "files on disk": (
        "550.90.07",
        {"installed_driver": {"module": "550.107.02", "library": "550.107.02"}},
        "restart-pending",
        "550.107.02",
    ),
    "an rpm with an epoch": (
        "580.95.05",
        {"driver_packages": [package("kmod-nvidia-open-dkms", "3:580.105.08-1.el9")]},
        "restart-pending",
        "580.105.08",
    ),
    "NVML alone": (
        "550.90.07",
        {"installed_driver": {"nvml_error": "Driver/library version mismatch"}},
        "restart-pending",
        "550.90.07",
    ),
    "libraries of another branch": (
        "580.95.05",
        {
            "driver_packages": [
                package("libnvidia-compute-570", "570.207-0ubuntu1"),
                package("nvidia-dkms-580", "580.95.05-0ubuntu1"),
            ]
        },
        "mixed-releases",
        None,
    ),
    "libraries of another branch alone": (
        "580.95.05",
        {"driver_packages": [package("libnvidia-compute-570", "570.207-0ubuntu1")]},
        "mixed-releases",
        None,
    ),
    "libraries of two branches": (
        "580.95.05",
        {
            "driver_packages": [
                package("libnvidia-compute-570", "570.207-0ubuntu1"),
                package("libnvidia-compute-580", "580.95.05-0ubuntu1"),
                package("nvidia-dkms-580", "580.95.05-0ubuntu1"),
            ]
        },
        "mixed-releases",
        None,
    ),
    "three releases": (
        "580.95.05",
        {"installed_driver": {"module": "580.105.08", "library": "570.207"}},
        "mixed-releases",
        None,
    ),
    "a leftover package beside the right libraries": (
        "580.95.05",
        {
            "driver_packages": [package("libnvidia-compute-570", "570.207-0ubuntu1")],
            "installed_driver": {"module": "580.95.05", "library": "580.95.05"},
        },
        "works",
        "580.95.05",
    ),
    "Fabric Manager of another release": (
        "580.95.05",
        {"driver_packages": [package("nvidia-fabricmanager-580", "580.105.08-1")]},
        "works",
        "580.95.05",
    ),
    "an interrupted installation": (
        "580.95.05",
        {
            "interrupted": {"driver": True},
            "driver_packages": [package("nvidia-open-580", "580.105.08-1")],
        },
        "works",
        None,
    ),
}


@pytest.mark.parametrize("what", STATES)
def test_loaded_is_compared_with_what_is_installed(what: str) -> None:
    number, change, code, installed = STATES[what]
    found = driver_state.of(read_host(loaded(number, **change)))
    assert (found.code, found.installed) == (code, installed)
    assert (found.text == "") is (code == "works")


BOUND = [
    ("nvidia", None, "works"),
    (None, None, "gpu-unbound"),
    ("nouveau", None, "gpu-unbound"),
    ("nova_core", None, "gpu-unbound"),
    (None, True, "works"),
    ("nvidia", False, "gpu-unbound"),
    ("vfio-pci", None, "works"),
]


@pytest.mark.parametrize(("bound", "listed", "code"), BOUND)
@pytest.mark.parametrize("count", [1, 8])
def test_every_gpu_has_to_be_driven(
    bound: str | None, code: str, count: int, *, listed: bool | None
) -> None:
    good = {"pci_id": "10de:20b0", "kernel_driver": "nvidia"}
    last = {"pci_id": "10de:20b0", "kernel_driver": bound, "listed": listed}
    gpus = [{**good, "slot": f"0000:{n:02x}:00.0"} for n in range(count - 1)]
    gpus.append({**last, "slot": "0000:80:00.0"})
    found = driver_state.of(read_host(loaded("580.95.05", gpus=gpus)))
    assert found.code == code
    assert ("0000:80:00.0" in found.text) is (code != "works")


def test_a_gpu_that_nvml_measured_is_listed_whatever_sysfs_says() -> None:
    gpu = {"slot": "0000:10:00.0", "pci_id": "10de:20b0", "compute_capability": "8.0"}
    assert driver_state.of(read_host(loaded("580.95.05", gpus=[gpu]))).code == "works"


OLDER = {
    "driver": {"version": "550.90.07", "flavour": "open"},
    "installed_driver": {"module": "550.107.02", "library": "550.107.02"},
}
PENDING = {"installed_driver": {"module": "580.105.08", "library": "580.105.08"}}
MIXED = {"installed_driver": {"module": "580.95.05", "library": "570.207"}}
LOOSE = {"gpus": [{"slot": "0000:10:00.0", "pci_id": "10de:20b0", "kernel_driver": None}]}
NOUVEAU = {"gpus": [{**LOOSE["gpus"][0], "kernel_driver": "nouveau"}], "nouveau": True}
ACTIONS = [
    (PENDING, "restart", "restart-pending"),
    (OLDER, "restart", "restart-pending"),
    (MIXED, "upgrade", "mixed-releases"),
    (LOOSE, "restart", "gpu-unbound"),
    (NOUVEAU, "restart", "gpu-unbound"),
]


@pytest.mark.parametrize("rights", RIGHTS)
@pytest.mark.parametrize(("change", "action", "code"), ACTIONS)
def test_a_driver_that_does_not_work_is_started_or_replaced_by_root_and_else_refused(
    change: dict[str, Any], action: str, code: str, rights: str
) -> None:
    there = loaded("580.95.05", **change, **RIGHTS[rights])
    text = driver_state.of(read_host(there)).text
    if rights == "root":
        plan = planned(there)
        assert plan.driver
        assert (plan.driver.action, plan.driver.reason) == (action, code)
        assert plan.driver.reboot
        assert (plan.driver.packages == ()) is (action == "restart")
        why = next(row for row in plan.reasons if row.choice == "driver.action")
        assert why.because == text
    else:
        assert text in facts(refused(there))


def test_a_wrong_module_is_replaced_and_not_only_started() -> None:
    """The proprietary module binds no Blackwell GPU."""
    gpu = {"slot": "0000:10:00.0", "pci_id": "10de:2b85", "kernel_driver": None}
    plan = planned(loaded("580.95.05", gpus=[gpu]))
    assert plan.driver
    assert (plan.driver.action, plan.driver.flavour) == ("upgrade", "open")
    assert plan.driver.reason == "gpu-unbound"
