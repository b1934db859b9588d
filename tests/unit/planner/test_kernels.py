"""Kernels: for each flavour of each distribution, the headers and modules that go with a driver."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import architectures
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model, parsers
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    kernels,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan
from support.plan_builder import host

from slowfast_stack import what_if

UBUNTU_22, UBUNTU_24 = "h100-ubuntu-22.04", "h100-pcie-ubuntu-24.04"
DEBIAN, ROCKY_8, ROCKY_9 = "h100-debian-12", "p100-rocky-8", "h100-rocky-9"
OPEN = "linux-modules-nvidia-580-server-open-"


def recorded(name: str, kernel: dict[str, object]) -> dict[str, Any]:
    """Return a recorded host with a kernel, on a machine that has such a kernel."""
    there = host(name, kernel=kernel)
    machine = architectures.of_kernel(str(kernel["release"]))
    return {**there, "architecture": machine or there["architecture"]}


def planned(
    name: str, release: str, request: dict[str, Any] | None = None, **change: object
) -> Plan | NoPlan:
    kernel = {"release": release, "headers": False, **change.pop("kernel", {})}  # type: ignore[dict-item]
    return planner.plan({**recorded(name, kernel), **change}, request)


def driver(name: str, release: str, request: dict[str, Any] | None = None, **change: object) -> Any:  # noqa: ANN401
    plan = planned(name, release, request, **change)
    assert isinstance(plan, Plan)
    return plan.driver


# Distribution, kernel, installed meta packages, and whose modules: a flavour, or none.
UBUNTU = [
    (UBUNTU_22, "5.15.0-105-generic", [], "generic"),
    (UBUNTU_22, "5.15.0-105-generic", ["linux-image-generic"], "generic"),
    (UBUNTU_22, "6.8.0-65-generic", [], "generic-hwe-22.04"),
    (UBUNTU_22, "6.8.0-65-generic", ["linux-image-generic"], "generic-hwe-22.04"),
    (UBUNTU_24, "6.8.0-65-generic", [], "generic"),
    (UBUNTU_24, "6.14.0-27-generic", [], "generic-hwe-24.04"),
    (UBUNTU_24, "6.14.0-27-generic", ["linux-image-generic"], "generic-hwe-24.04"),
    (UBUNTU_24, "6.14.0-27-generic",
     ["linux-image-generic", "linux-image-generic-hwe-24.04"], "generic-hwe-24.04"),
    (UBUNTU_24, "6.8.0-65-generic",
     ["linux-image-generic-hwe-24.04", "linux-image-generic"], "generic"),
    (UBUNTU_24, "6.14.0-27-generic", ["linux-image-virtual-hwe-24.04"], "generic-hwe-24.04"),
    (UBUNTU_24, "6.14.0-27-generic", ["linux-image-generic-hwe-24.04-edge"], "generic-hwe-24.04-edge"),
    (UBUNTU_24, "6.8.0-65-generic-64k", [], "generic-64k"),
    (UBUNTU_24, "6.14.0-27-generic-64k", [], "generic-64k-hwe-24.04"),
    (UBUNTU_24, "6.8.0-65-lowlatency", [], "lowlatency"),
    (UBUNTU_24, "6.11.0-1016-lowlatency", [], "lowlatency-hwe-24.04"),
    (UBUNTU_24, "6.8.0-1030-aws", [], "aws"),
    (UBUNTU_24, "6.14.0-1010-aws", ["linux-image-aws"], "aws"),
    (UBUNTU_24, "6.8.0-1030-aws", ["linux-image-aws", "linux-image-aws-lts-24.04"], "aws-lts-24.04"),
    (UBUNTU_24, "6.14.0-1010-aws", ["linux-image-aws-lts-24.04", "linux-image-aws"], "aws"),
    (UBUNTU_24, "6.8.0-1030-aws-64k", [], "aws-64k"),
    (UBUNTU_24, "6.8.0-1033-gcp", ["linux-image-gcp"], "gcp"),
    (UBUNTU_24, "6.8.0-1033-gcp-64k", [], "gcp-64k"),
    (UBUNTU_24, "6.8.0-1031-azure", ["linux-image-azure"], "azure"),
    (UBUNTU_24, "6.8.0-1031-azure-fde", ["linux-image-azure"], "azure-fde"),
    (UBUNTU_24, "6.8.0-1028-oracle", [], "oracle"),
    (UBUNTU_24, "6.8.0-1028-oracle-64k", [], "oracle-64k"),
    (UBUNTU_24, "6.8.0-1032-nvidia", ["linux-image-nvidia-64k"], "nvidia"),
    (UBUNTU_24, "6.8.0-1032-nvidia-64k", ["linux-image-nvidia-64k", "linux-image-nvidia"], "nvidia-64k"),
    (UBUNTU_24, "6.14.0-1013-nvidia", [], "nvidia-hwe-24.04"),
    (UBUNTU_24, "6.17.0-1009-nvidia-64k",
     ["linux-image-nvidia-64k-hwe-24.04", "linux-image-generic"], "nvidia-64k-hwe-24.04"),
    (UBUNTU_24, "6.8.1-1015-realtime", [], None),
    (UBUNTU_24, "6.14.0-1011-oem", ["linux-image-oem-24.04"], None),
    (UBUNTU_24, "6.8.0-1020-kvm", [], None),
]  # fmt: skip


@pytest.mark.parametrize("secure_boot", [True, False])
@pytest.mark.parametrize(("name", "release", "metas", "modules"), UBUNTU)
def test_modules_of_ubuntu_are_those_of_the_running_kernel(
    name: str, release: str, metas: list[str], modules: str | None, *, secure_boot: bool
) -> None:
    kernel = {"meta": metas}
    made = driver(name, release, kernel=kernel, secure_boot=secure_boot)
    if modules:
        assert made.packages == (OPEN + modules, "nvidia-driver-580-server-open")
        assert (made.origin, made.build, made.mok, made.reboot) == (
            "distribution",
            "prebuilt",
            False,
            True,
        )
    else:
        assert (made.origin, made.build, made.mok) == ("nvidia", "dkms", secure_boot)
        assert f"linux-headers-{release}" in made.packages
    # Where apt's lists name the modules of the running kernel, they are taken, and nothing reboots.
    exact = f"{OPEN}{release}"
    named = driver(name, release, kernel={**kernel, "modules": [exact, OPEN + "other"]})
    if modules:
        assert named.packages == (exact, "nvidia-driver-580-server-open")
        assert named.reboot is False
        both = driver(name, release, kernel={**kernel, "modules": [OPEN + modules, exact]})
        assert both.packages[:2] == (exact, OPEN + modules)
    # Lists that name other branches alone have none of this one.
    other = driver(name, release, kernel={"modules": [f"linux-modules-nvidia-535-{release}"]})
    assert (other.origin, other.build) == ("nvidia", "dkms")


@pytest.mark.parametrize(("name", "release", "metas", "modules"), UBUNTU)
def test_headers_of_ubuntu_are_those_of_the_running_kernel_and_of_its_successors(
    name: str, release: str, metas: list[str], modules: str | None
) -> None:
    made = driver(name, release, {"driver_build": "dkms"}, kernel={"meta": metas})
    found = [name for name in made.packages if name.startswith("linux-headers-")]
    assert found[0] == f"linux-headers-{release}"
    flavour = kernels.flavour(model.host(recorded(name, {"release": release})))
    assert release.endswith(f"-{flavour}")
    # A meta package of another series or flavour has no part in it.
    suffixes = [
        name.removeprefix("linux-headers-").replace("virtual", "generic") for name in found[1:]
    ]
    assert modules is None or set(suffixes) <= {modules, "aws", "aws-lts-24.04"}
    assert made.build == "dkms"


@pytest.mark.parametrize(
    ("release", "meta"),
    [
        ("6.1.0-37-amd64", "amd64"),
        ("6.1.0-37-cloud-amd64", "cloud-amd64"),
        ("6.1.0-37-rt-amd64", "rt-amd64"),
        ("6.12.41+deb13-amd64", "amd64"),
        ("6.12.41+deb13-cloud-amd64", "cloud-amd64"),
        ("6.12.9+bpo-amd64", "amd64"),
        ("6.1.0-37-arm64", "arm64"),
        ("6.1.0-37-cloud-arm64", "cloud-arm64"),
        ("6.1.0-37-rt-arm64", "rt-arm64"),
        ("6.12.41+deb13-arm64-16k", "arm64-16k"),
        ("6.12.41+deb13-arm64-64k", "arm64-64k"),
    ],
)
def test_headers_of_debian(release: str, meta: str) -> None:
    every = [f"linux-image-{name}" for name in ("amd64", "cloud-amd64", "rt-amd64", "arm64", meta)]
    made = driver(DEBIAN, release, kernel={"meta": sorted(set(every))})
    found = [name for name in made.packages if name.startswith("linux-headers-")]
    assert found == [f"linux-headers-{release}", f"linux-headers-{meta}"]


def test_the_headers_of_proxmox_have_its_own_name() -> None:
    assert "proxmox-headers-6.8.12-4-pve" in driver(DEBIAN, "6.8.12-4-pve").packages


@pytest.mark.parametrize(
    ("name", "release", "package"),
    [
        (ROCKY_9, "5.14.0-570.el9_6.x86_64", "kernel-devel-5.14.0-570.el9_6.x86_64"),
        (ROCKY_9, "5.14.0-570.12.1.el9_6.x86_64", "kernel-devel-5.14.0-570.12.1.el9_6.x86_64"),
        (ROCKY_9, "5.14.0-620.el9.x86_64", "kernel-devel-5.14.0-620.el9.x86_64"),
        (ROCKY_9, "5.14.0-570.el9_6.aarch64+64k", "kernel-64k-devel-5.14.0-570.el9_6.aarch64"),
        (ROCKY_9, "5.14.0-570.el9_6.x86_64+rt", "kernel-rt-devel-5.14.0-570.el9_6.x86_64"),
        (ROCKY_9, "5.14.0-570.el9_6.aarch64+rt-64k", "kernel-rt-64k-devel-5.14.0-570.el9_6.aarch64"),
        (ROCKY_9, "5.14.0-570.el9_6.x86_64+debug", "kernel-debug-devel-5.14.0-570.el9_6.x86_64"),
        (ROCKY_9, "6.12.0-55.el10_0.x86_64", "kernel-devel-6.12.0-55.el10_0.x86_64"),
        (ROCKY_8, "4.18.0-553.el8_10.x86_64", "kernel-devel-4.18.0-553.el8_10.x86_64"),
        (ROCKY_8, "4.18.0-553.rt7.342.el8_10.x86_64", "kernel-rt-devel-4.18.0-553.rt7.342.el8_10.x86_64"),
        (ROCKY_8, "4.18.0-5.rt7.3.el8.x86_64+debug", "kernel-rt-debug-devel-4.18.0-5.rt7.3.el8.x86_64"),
        (ROCKY_9, "5.14.0-284.rt14.296.el9_2.x86_64", "kernel-rt-devel-5.14.0-284.rt14.296.el9_2.x86_64"),
        (ROCKY_8, "5.15.0-300.163.18.el8uek.x86_64", "kernel-uek-devel-5.15.0-300.163.18.el8uek.x86_64"),
        (ROCKY_9, "5.15.0-300.163.18.el9uek.aarch64", "kernel-uek-devel-5.15.0-300.163.18.el9uek.aarch64"),
        (ROCKY_9, "5.15.0-300.163.18.el9uek.aarch64+64k",
         "kernel-uek64k-devel-5.15.0-300.163.18.el9uek.aarch64"),
        (ROCKY_9, "6.12.0-1.23.3.2.el10uek.aarch64.64k",
         "kernel-uek64k-devel-6.12.0-1.23.3.2.el10uek.aarch64"),
        (ROCKY_8, "5.4.17-2136.300.7.el8uek.x86_64.debug",
         "kernel-uek-debug-devel-5.4.17-2136.300.7.el8uek.x86_64"),
        (ROCKY_9, "6.12.0-1.23.3.2.el10uek.x86_64", "kernel-uek-devel-6.12.0-1.23.3.2.el10uek.x86_64"),
    ],
)  # fmt: skip
def test_headers_of_the_red_hat_family_match_the_release(
    name: str, release: str, package: str
) -> None:
    for headers in (True, False):
        made = driver(name, release, kernel={"headers": headers})
        devel = [one for one in made.packages if one.startswith("kernel-")]
        assert devel == [package, "kernel-headers"]


@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize(
    ("name", "release"),
    [
        (UBUNTU_24, "6.9.0-custom"),
        (UBUNTU_24, "6.8.0-65-xanmod1"),
        # Flavours whose end is another flavour have modules and meta packages of their own.
        (UBUNTU_24, "6.14.0-1003-azure-nvidia"),
        (UBUNTU_24, "6.8.0-1021-nvidia-lowlatency"),
        (UBUNTU_24, "6.8.0-1021-intel-generic"),
        (UBUNTU_24, "6.8.0-1021-my-aws-64k"),
        (DEBIAN, "6.1.0-37-mine-amd64"),
        (DEBIAN, "6.9.0"),
        (DEBIAN, "6.1.0-37-686-pae"),
    ],
)
def test_a_kernel_of_another_maker_has_headers_of_its_own_and_no_meta_package(
    name: str, release: str, *, headers: bool
) -> None:
    kernel = {"headers": headers, "meta": ["linux-image-generic", "linux-image-amd64"]}
    plan = planned(name, release, kernel=kernel)
    assert isinstance(plan, Plan)
    assert plan.driver
    found = [one for one in plan.driver.packages if "linux-" in one]
    assert found == ([] if headers else [f"linux-headers-{release}"])
    (why,) = [reason.because for reason in plan.reasons if reason.choice == "driver.build"]
    assert f"no table knows kernel {release}" in why


@pytest.mark.parametrize(
    ("name", "release"),
    [
        (ROCKY_9, "6.9.7-1.el9.elrepo.x86_64"),
        (ROCKY_9, "5.14.0"),
        (ROCKY_9, "5.15.0-300.163.18.el9uek.x86_64+64k"),
        (ROCKY_9, "5.14.0-570.el9_6.x86_64+new"),
    ],
)
def test_a_kernel_that_no_table_knows_is_said(name: str, release: str) -> None:
    refused = planned(name, release)
    assert isinstance(refused, NoPlan)
    assert any(release in fact for fact in refused.conflict.facts)
    assert release not in str(refused.driver)
    # With its headers dkms builds for any kernel, and nothing is composed of its name.
    made = driver(name, release, kernel={"headers": True})
    assert made.build == "dkms"
    assert release not in str(made.packages)
    assert not [one for one in made.packages if "headers" in one or "devel" in one]


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
@pytest.mark.parametrize(
    ("system", "devel"),
    [
        ("ubuntu-22.04", "linux-headers-generic"),
        ("ubuntu-24.04", "linux-headers-generic"),
        ("debian-12", "linux-headers-"),
        ("debian-13", "linux-headers-"),
        ("rocky-8", "kernel-devel"),
        ("almalinux-9", "kernel-devel"),
        ("rhel-10", "kernel-devel"),
        ("ol-9", "kernel-devel"),
    ],
)
@pytest.mark.parametrize("build", [None, "dkms"])
def test_a_what_if_names_packages_that_exist(
    system: str, arch: str, devel: str, build: str | None
) -> None:
    there = what_if.host(what_if.Machine(gpus=["10de:2330"], os=system, arch=arch), [])
    plan = planner.plan(there, {"driver_build": build} if build else {})
    assert isinstance(plan, Plan)
    assert plan.driver
    names = [one for one in plan.driver.packages if "headers" in one or "devel" in one]
    assert "kernel-devel-generic" not in names
    if plan.driver.build == "dkms":
        wanted = {"x86_64": "amd64", "aarch64": "arm64"}[arch] if devel.endswith("-") else ""
        assert names[0] == devel + wanted
    else:
        assert plan.driver.packages[0] == f"{OPEN}generic"
        assert plan.driver.reboot is False


@pytest.mark.parametrize(
    ("name", "change", "asked", "planned_as"),
    [
        (UBUNTU_22, {}, "prebuilt", "prebuilt"),
        (UBUNTU_22, {}, "dkms", "dkms"),
        (UBUNTU_22, {"nvlink5_fabric": True}, None, "dkms"),
        (UBUNTU_22, {"nvlink5_fabric": True}, "prebuilt", None),
        (UBUNTU_22, {"driver_packages": [{"name": "nvidia-open-580", "version": "1", "origin": "nvidia"}]},
         None, "dkms"),
        (DEBIAN, {}, "dkms", "dkms"),
        (DEBIAN, {}, "prebuilt", None),
        (ROCKY_9, {}, "dkms", "dkms"),
        (ROCKY_9, {}, "prebuilt", None),
    ],
)  # fmt: skip
def test_modules_are_built_as_asked_or_there_is_no_plan(
    name: str, change: dict[str, Any], asked: str | None, planned_as: str | None
) -> None:
    plan = planner.plan(host(name, **change), {"driver_build": asked} if asked else {})
    if planned_as is None:
        assert isinstance(plan, NoPlan)
        assert any(f"--driver-build {asked}" in fact for fact in plan.conflict.facts)
        return
    assert isinstance(plan, Plan)
    assert plan.driver
    assert plan.driver.build == planned_as
    assert "driver.build" in {reason.choice for reason in plan.reasons}


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ("6.8.0-65-generic", {"6.8.0-65-generic", "generic", "generic-hwe-24.04"}),
        ("6.8.0-1032-nvidia", {"nvidia"}),
        ("6.8.0-1032-nvidia-64k", {"nvidia-64k"}),
        ("6.8.0-1", set()),
        ("", set()),
    ],
)
def test_lists_of_apt_are_read_for_the_running_kernel(release: str, found: set[str]) -> None:
    kinds = ["6.8.0-65-generic", "6.8.0-64-generic", "generic", "generic-hwe-24.04", "nvidia",
             "nvidia-64k", "generic-64k", "oem"]  # fmt: skip
    text = "\n".join([OPEN + kind for kind in kinds] + ["linux-image-generic", ""])
    assert set(parsers.kernel_modules(text, release)) == {OPEN + kind for kind in found}


@pytest.mark.parametrize("system", ["pop-22.04", "pop-24.04", "tuxedo-24.04"])
def test_a_derivative_with_its_own_kernels_gets_no_modules_of_ubuntu(system: str) -> None:
    there = what_if.host(what_if.Machine(gpus=["10de:2684"], os=system), [])
    plan = planner.plan(there)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert not [name for name in plan.driver.packages if name.startswith("linux-modules-")]
    assert "linux-headers-generic" not in plan.driver.packages


@pytest.mark.parametrize("system", ["linuxmint-22", "zorin-18", "elementary-8", "neon-24.04"])
def test_a_derivative_with_kernels_of_ubuntu_gets_its_modules(system: str) -> None:
    there = what_if.host(what_if.Machine(gpus=["10de:2684"], os=system), [])
    plan = planner.plan(there)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert [name for name in plan.driver.packages if name.startswith("linux-modules-nvidia-")]


def test_modules_of_another_branch_alone_are_named_in_the_reason() -> None:
    kernel = "6.8.0-45-generic"
    modules = [f"linux-modules-nvidia-{branch}-server-open-{kernel}" for branch in (535, 550)]
    plan = planned(UBUNTU_24, kernel, kernel={"modules": modules})
    assert isinstance(plan, Plan)
    (reason,) = (row for row in plan.reasons if row.choice == "driver.build")
    assert "built of 550 and 535 alone" in reason.because


@pytest.mark.parametrize(
    ("release", "planned_"), [("6.8.0-45-generic", True), ("6.14.0-27-generic", False)]
)
def test_signed_modules_that_no_list_names_are_not_taken_for_a_kernel_beyond_the_bound(
    release: str, *, planned_: bool
) -> None:
    kernel = {"release": release, "headers": True}
    plan = planner.plan(host("k80-ubuntu-22.04", kernel=kernel))
    assert isinstance(plan, Plan) is planned_
    modules = [f"linux-modules-nvidia-470-server-{release}"]
    listed = planner.plan(host("k80-ubuntu-22.04", kernel={**kernel, "modules": modules}))
    assert isinstance(listed, Plan)
