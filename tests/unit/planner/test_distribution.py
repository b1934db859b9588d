"""Distributions: which row of the catalog a host gets by its os-release, and what else is said."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    BY_HAND,
    DISTRIBUTIONS,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.architectures import (
    ARCHITECTURES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model, parsers
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.distribution import (
    distribution,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan
from support.plan_builder import host

from slowfast_stack import what_if

GLIBC = {f"{row.id} {row.version}": row.glibc for row in DISTRIBUTIONS}
H100 = "h100-ubuntu-22.04"


def there(release: str, **change: object) -> model.Host:
    """Return a host with this os-release, as the probe reads it."""
    lines = release.replace("; ", "\n")
    found = model.plain(parsers.os_release(lines))
    read = model.host(host(H100, **{"distribution": found, "glibc": None, **change}))
    assert read.distribution == parsers.os_release(lines)
    return read


MINT = 'ID=linuxmint; ID_LIKE="ubuntu debian"; VERSION_ID="22"; UBUNTU_CODENAME=noble'
KNOWN = [
    ("ID=ubuntu; ID_LIKE=debian; VERSION_ID=24.04; UBUNTU_CODENAME=noble", "ubuntu 24.04"),
    (MINT, "ubuntu 24.04"),
    (MINT.replace('"22"', '"22.2"'), "ubuntu 24.04"),
    ('ID=linuxmint; ID_LIKE="ubuntu debian"; VERSION_ID="21.3"; UBUNTU_CODENAME=jammy', "ubuntu 22.04"),
    ("ID=linuxmint; ID_LIKE=debian; VERSION_ID=6; DEBIAN_CODENAME=bookworm", "debian 12"),
    ('ID=pop; ID_LIKE="ubuntu debian"; VERSION_ID="22.04"; UBUNTU_CODENAME=jammy', "ubuntu 22.04"),
    ('ID=pop; ID_LIKE="ubuntu debian"; VERSION_ID="24.04"; UBUNTU_CODENAME=noble', "ubuntu 24.04"),
    ('ID=zorin; ID_LIKE="ubuntu debian"; VERSION_ID="17"; UBUNTU_CODENAME=jammy', "ubuntu 22.04"),
    ('ID=zorin; ID_LIKE="ubuntu debian"; VERSION_ID="18"; UBUNTU_CODENAME=noble', "ubuntu 24.04"),
    ('ID=elementary; ID_LIKE=ubuntu; VERSION_ID="8"; UBUNTU_CODENAME=noble', "ubuntu 24.04"),
    ("ID=raspbian; ID_LIKE=debian; VERSION_ID=12; VERSION_CODENAME=bookworm", "debian 12"),
    ("ID=debian; VERSION_ID=11", "debian 11"),
    *(
        (f'ID={name}; ID_LIKE="rhel centos fedora"; VERSION_ID="{major}{minor}"', f"rhel {major}")
        for name in ("rhel", "rocky", "almalinux", "centos", "ol")
        for major in (8, 9, 10)
        for minor in ("", ".0", ".4", ".10")
    ),
    ('ID=cloudlinux; ID_LIKE="rhel fedora centos"; VERSION_ID="9.6"; PLATFORM_ID="platform:el9"', "rhel 9"),
    ('ID=eurolinux; ID_LIKE="rhel"; VERSION_ID="8.10"; PLATFORM_ID="platform:el8"', "rhel 8"),
    ('ID=amzn; ID_LIKE=fedora; VERSION_ID="2023"; PLATFORM_ID="platform:al2023"', "amzn 2023"),
    ('ID=fedora; VERSION_ID=42; PLATFORM_ID="platform:f42"', "fedora 42"),
    ('ID=nobara; ID_LIKE="rhel centos fedora"; VERSION_ID="42"; PLATFORM_ID="platform:f42"', "fedora 42"),
]  # fmt: skip
UNKNOWN = [
    # release, what is said
    ("ID=mine; ID_LIKE=ubuntu; VERSION_ID=24.04", "which release of it"),
    ("ID=mine; ID_LIKE=debian; VERSION_ID=12", "which release of it"),
    ("ID=kali; ID_LIKE=debian; VERSION_CODENAME=kali-rolling", "which release of it"),
    ('ID=mine; ID_LIKE="rhel fedora"; VERSION_ID=9', "which release of it"),
    ("ID=mine; ID_LIKE=rhel; VERSION_ID=9; UBUNTU_CODENAME=noble", "that of ubuntu 24.04"),
    ('ID=mine; ID_LIKE=debian; VERSION_ID=9; PLATFORM_ID="platform:el9"', "that of rhel 9"),
    (MINT.replace("noble", "jammy"), "is made of ubuntu 24.04"),
    ("ID=ubuntu; ID_LIKE=debian; VERSION_ID=25.10; UBUNTU_CODENAME=questing", "no driver source"),
    ('ID=amzn; ID_LIKE="centos rhel fedora"; VERSION_ID="2"', "no driver source"),
    ("ID=fedora; VERSION_ID=36", "no driver source"),
    ("ID=arch", "no driver source"),
    ('ID=sles; VERSION_ID="15.6"; ID_LIKE=suse', "zypper"),
    ('ID=opensuse-leap; VERSION_ID="15.6"; ID_LIKE="suse opensuse"', "zypper"),
    ('ID=opensuse-tumbleweed; VERSION_ID="20261101"; ID_LIKE="opensuse suse"', "zypper"),
    ('ID=azurelinux; VERSION_ID="3.0"', "tdnf"),
]


@pytest.mark.parametrize(("release", "row"), KNOWN)
def test_a_distribution_and_its_derivatives_have_one_row(release: str, row: str) -> None:
    found = distribution(there(release, glibc=GLIBC[row]))
    assert found
    assert f"{found.id} {found.version}" == row


@pytest.mark.parametrize(("release", "said"), UNKNOWN)
def test_nothing_is_guessed_of_another_distribution(release: str, said: str) -> None:
    found = there(release)
    assert distribution(found) is None
    plan = planner.plan(found)
    assert isinstance(plan, NoPlan)
    assert any(said in because for because in plan.conflict.because)
    # With everything in place its stack goes on top.
    ready = host("h100-not-root-ready", distribution=model.plain(found.distribution))
    made = planner.plan(ready)
    assert isinstance(made, Plan)
    assert made.driver
    assert (made.driver.action, made.system_packages) == ("keep", ())


def test_a_derivative_with_another_c_library_than_its_base_is_doubted() -> None:
    assert distribution(there(MINT, glibc="2.39"))
    refused = planner.plan(there(MINT, glibc="2.35"))
    assert isinstance(refused, NoPlan)
    assert any("2.39; here it is 2.35" in because for because in refused.conflict.because)


@pytest.mark.parametrize("release", [row for row, name in KNOWN if name.startswith("ubuntu")])
def test_a_derivative_of_ubuntu_takes_the_driver_of_its_archive(release: str) -> None:
    found = there(release, kernel={"release": "6.8.0-65-generic"})
    plan = planner.plan(found)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert plan.driver.packages[0].startswith("linux-modules-nvidia-580-server-open-generic")
    assert plan.driver.repository
    assert (plan.driver.repository.archive, plan.driver.repository.components) == (
        "Ubuntu",
        ("restricted",),
    )
    assert plan.cuda
    assert plan.cuda.repository
    assert plan.cuda.repository.directory in ("ubuntu2204/x86_64", "ubuntu2404/x86_64")


def test_a_kernel_of_a_derivative_has_no_modules_in_the_archive_of_ubuntu() -> None:
    release = 'ID=pop; ID_LIKE="ubuntu debian"; VERSION_ID="24.04"; UBUNTU_CODENAME=noble'
    kernel = {"release": "6.12.10-76061203-generic", "headers": True}
    plan = planner.plan(there(release, kernel=kernel, glibc="2.39"))
    assert isinstance(plan, Plan)
    assert plan.driver
    assert (plan.driver.build, plan.driver.origin) == ("dkms", "nvidia")


@pytest.mark.parametrize("arch", list(ARCHITECTURES))
@pytest.mark.parametrize("row", DISTRIBUTIONS, ids=lambda row: f"{row.id}-{row.version}")
def test_every_row_is_planned_on_both_machines_or_says_how(row: Any, arch: str) -> None:  # noqa: ANN401
    there = what_if.Machine(gpus=["10de:2330"], os=f"{row.id}-{row.version}", arch=arch)
    plan = planner.plan(what_if.host(there, []))
    if row.by_hand:
        assert isinstance(plan, NoPlan)
        assert row.by_hand in plan.conflict.because
        assert "by hand" in plan.conflict.remedies[0]
        return
    if (row.last_branch, arch) == ("560", "aarch64"):
        # Wheels with CUDA for this machine need a newer driver than its directory has.
        assert isinstance(plan, NoPlan)
        assert any("560" in because for because in plan.conflict.because)
        return
    assert isinstance(plan, Plan)
    assert plan.driver
    assert plan.driver.packages
    assert plan.cuda
    assert plan.cuda.repository
    assert plan.cuda.repository.directory == f"{row.repository}/{ARCHITECTURES[arch].nvidia}"


@pytest.mark.parametrize("name", [name for row in BY_HAND for name in row.ids])
def test_a_distribution_that_no_role_installs_on_says_where_to_go(name: str) -> None:
    machine = what_if.Machine(gpus=["10de:2330"], os=f"{name}-15")
    plan = planner.plan(what_if.host(machine, []))
    assert isinstance(plan, NoPlan)
    assert "Installation Guide" in plan.conflict.remedies[0]


def test_the_release_that_the_guide_covers_has_the_drivers_of_its_time() -> None:
    for device, branch in (("2330", "550"), ("1db4", "550"), ("102d", "470")):
        machine = what_if.Machine(gpus=[f"10de:{device}"], os="debian-11")
        plan = planner.plan(what_if.host(machine, []))
        assert isinstance(plan, Plan)
        assert plan.driver
        assert plan.driver.branch == branch
        components = plan.driver.repository.components if plan.driver.repository else ()
        assert components == (("contrib", "non-free") if branch == "470" else ())


@pytest.mark.parametrize(
    ("system", "epel"),
    [
        ("rocky-9", ("epel-release",)),
        ("almalinux-8", ("epel-release",)),
        ("ol-9", ("oracle-epel-release-el9",)),
        ("ol-8", ("oracle-epel-release-el8",)),
        ("rhel-9", ()),
        ("amzn-2023", ()),
    ],
)
def test_dkms_comes_from_where_the_distribution_has_it(system: str, epel: tuple[str, ...]) -> None:
    plan = planner.plan(what_if.host(what_if.Machine(gpus=["10de:2330"], os=system), []))
    assert isinstance(plan, Plan)
    assert plan.driver
    assert plan.driver.repository
    assert plan.driver.repository.packages == epel


@pytest.mark.parametrize(
    ("release", "packages"),
    [
        (
            "6.1.141-155.222.amzn2023.x86_64",
            ("kernel-devel-6.1.141-155.222.amzn2023.x86_64", "kernel-headers",
             "kernel-modules-extra-6.1.141-155.222.amzn2023.x86_64"),
        ),
        (
            "6.12.30-33.104.amzn2023.aarch64",
            ("kernel6.12-devel-6.12.30-33.104.amzn2023.aarch64", "kernel6.12-headers",
             "kernel6.12-modules-extra-6.12.30-33.104.amzn2023.aarch64"),
        ),
    ],
)  # fmt: skip
def test_headers_of_amazon_linux(release: str, packages: tuple[str, ...]) -> None:
    found = there(
        'ID=amzn; ID_LIKE=fedora; VERSION_ID="2023"',
        kernel={"release": release},
        architecture=release.rpartition(".")[2],
    )
    plan = planner.plan(found)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert plan.driver.packages[:4] == ("@nvidia-driver:580-open", *packages)


@pytest.mark.parametrize("name", ["opensuse-leap", "sles", "azurelinux"])
def test_the_version_of_a_what_if_is_what_follows_the_last_hyphen(name: str) -> None:
    found = what_if.host(what_if.Machine(os=f"{name}-15.6"), []).distribution
    assert (found.id, found.version) == (name, "15.6")
