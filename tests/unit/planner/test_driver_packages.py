"""The packages of a driver: what goes with each distribution, branch, flavour, kernel and fabric."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    driver_packages,
)
from support.plan_builder import host

UBUNTU, DEBIAN, ROCKY = "h100-ubuntu-22.04", "h100-debian-12", "h100-rocky-9"
QUIET = {"kernel": {"release": "", "headers": False}, "secure_boot": False}


def there(name: str, **change: object) -> model.Host:
    return model.host(host(name, **{**QUIET, **change}))


def option(
    number: str, flavour: str = "open", origin: str = "nvidia", action: str = "install"
) -> candidates.DriverOption:
    row = candidates.branch(number)
    return candidates.DriverOption(action, row, number, version(f"{number}.1"), flavour, origin)


@pytest.mark.parametrize(
    ("name", "number", "flavour", "packages"),
    [
        (UBUNTU, "570", "open", ["nvidia-open-570=570.*", "nvidia-dkms-570-open=570.*"]),
        (UBUNTU, "570", "proprietary", ["cuda-drivers-570=570.*", "nvidia-dkms-570=570.*"]),
        (UBUNTU, "589", "open", ["nvidia-open-589=589.*", "nvidia-dkms-589-open=589.*"]),
        (UBUNTU, "590", "open", ["nvidia-open=590.*", "nvidia-dkms-open=590.*"]),
        (UBUNTU, "590", "proprietary", ["cuda-drivers=590.*", "nvidia-dkms=590.*"]),
        (DEBIAN, "580", "open", ["nvidia-open=580.*", "nvidia-kernel-open-dkms=580.*",
                                 "nvidia-persistenced"]),
        (ROCKY, "580", "open", ["@nvidia-driver:580-open", "kernel-devel", "kernel-headers",
                                "nvidia-persistenced", "python3-dnf-plugin-versionlock"]),
        (ROCKY, "535", "proprietary", ["@nvidia-driver:535-dkms", "kernel-devel", "kernel-headers",
                                       "nvidia-persistenced", "python3-dnf-plugin-versionlock"]),
    ],
)  # fmt: skip
def test_packages_of_the_vendor(name: str, number: str, flavour: str, packages: list[str]) -> None:
    made = driver_packages.driver(there(name, nvswitches=[]), option(number, flavour))
    assert list(made.packages) == packages
    assert made.release == f"{number}.*"
    assert made.fabric_packages == ()
    assert made.services == ("nvidia-persistenced",)


@pytest.mark.parametrize(
    ("name", "number", "origin", "fabric"),
    [
        (UBUNTU, "579", "nvidia", "nvidia-fabricmanager-579"),
        (UBUNTU, "580", "nvidia", "nvidia-fabricmanager"),
        (UBUNTU, "580", "distribution", "nvidia-fabricmanager-580"),
        (DEBIAN, "579", "nvidia", "nvidia-fabricmanager-579"),
        (DEBIAN, "580", "nvidia", "nvidia-fabricmanager"),
    ],
)
@pytest.mark.parametrize("nvlink5", [False, True])
def test_fabric_manager_of_a_new_driver(
    name: str, number: str, origin: str, fabric: str, *, nvlink5: bool
) -> None:
    switches = {"nvlink5_fabric": True} if nvlink5 else {"nvswitches": ["10de:22a3"]}
    made = driver_packages.driver(there(name, **switches), option(number, origin=origin))
    assert made.fabric_manager
    more = ("nvlsm", "infiniband-diags") if nvlink5 else ()
    assert made.fabric_packages == (fabric, *more)
    assert made.services == ("nvidia-persistenced", "nvidia-fabricmanager")


@pytest.mark.parametrize(
    ("name", "origin", "fabric", "source"),
    [
        (UBUNTU, "nvidia", "nvidia-fabricmanager=580.65.06-*", "nvidia"),
        (UBUNTU, None, "nvidia-fabricmanager=580.65.06-*", "nvidia"),
        (UBUNTU, "distribution", "nvidia-fabricmanager-580=580.65.06-*", None),
        (ROCKY, "nvidia", "nvidia-fabric-manager-580.65.06", "nvidia"),
    ],
)
def test_fabric_manager_beside_a_driver_that_stays_has_exactly_its_version(
    name: str, origin: str | None, fabric: str, source: str | None
) -> None:
    loaded = {"version": "580.65.06", "flavour": "open"}
    found = there(name, driver=loaded, nvswitches=["10de:22a3"])
    kept = option("580", action="keep")._replace(origin=origin)
    made = driver_packages.driver(found, kept)
    assert made.fabric_packages == (fabric,)
    # Fabric Manager is a package, also beside a driver that is none: it is held with the driver.
    assert (made.packages, made.services) == ((), ())
    assert (bool(made.pin), made.release, made.protect) == (True, "580.*", True)
    assert (made.reboot, made.mok) == (False, False)
    assert (made.repository.origin if made.repository else None) == source
    alone = driver_packages.driver(there(name, driver=loaded, nvswitches=[]), kept)
    assert (alone.fabric_manager, alone.fabric_packages, alone.repository) == (False, (), None)


def test_a_distribution_without_names_of_the_vendor_gets_none() -> None:
    made = driver_packages.driver(there("a100-arch-linux", nvswitches=["10de:22a3"]), option("580"))
    assert (made.packages, made.fabric_packages, made.pin, made.unattended) == ((), (), (), ())
    assert made.repository is None


@pytest.mark.parametrize(
    ("name", "kernel", "packages"),
    [
        (UBUNTU, {"release": ""}, ()),
        (UBUNTU, {"release": "6.8.0-1-aws", "headers": True}, ()),
        (UBUNTU, {"release": "6.8.0-1-aws", "headers": False}, ("linux-headers-6.8.0-1-aws",)),
        (
            UBUNTU,
            {"release": "6.8.0-1-aws", "headers": False, "meta": ["linux-image-image"]},
            ("linux-headers-6.8.0-1-aws",),
        ),
        (
            UBUNTU,
            {"release": "6.8.0-1-aws", "headers": True, "meta": ["linux-image-aws"]},
            ("linux-headers-aws",),
        ),
        (ROCKY, {"release": "5.14.0-custom", "headers": True}, ()),
        (
            ROCKY,
            {"release": "5.14.0-570.el9_6.x86_64", "headers": True},
            ("kernel-devel-5.14.0-570.el9_6.x86_64", "kernel-headers"),
        ),
        (ROCKY, {"release": "", "headers": True}, ("kernel-devel", "kernel-headers")),
    ],
)
def test_headers_of_a_kernel(
    name: str, kernel: dict[str, object], packages: tuple[str, ...]
) -> None:
    found = there(name, kernel=kernel)
    made = driver_packages.beside(found, "580", mok=False, prebuilt=False)
    rest = driver_packages.beside(found, "580", mok=False, prebuilt=True)
    assert made == (*packages, *rest)
    signing = driver_packages.beside(found, "580", mok=True, prebuilt=True)
    assert signing == (*rest, "openssl", "mokutil")


@pytest.mark.parametrize(
    ("release", "flavour"),
    [("6.8.0-31-generic", "generic"), ("6.8.0-1-aws", "aws"), ("", "generic")],
)
@pytest.mark.parametrize("secure_boot", [False, True])
def test_a_signed_driver_of_the_distribution_is_built_for_the_kind_of_kernel(
    release: str, flavour: str, *, secure_boot: bool
) -> None:
    found = there(
        "h100-pcie-ubuntu-24.04", kernel={"release": release}, secure_boot=secure_boot, nouveau=True
    )
    made = driver_packages.driver(found, option("580", origin="distribution"))
    assert f"linux-modules-nvidia-580-server-open-{flavour}" in made.packages
    assert not any(name.startswith("linux-headers") for name in made.packages)
    assert (made.mok, made.reboot) == (False, True)
    # The kernel changes with its modules.
    assert "linux-image-" in made.unattended
    assert made.unpinned
    vendor = driver_packages.driver(found, option("580"))
    assert vendor.mok == secure_boot
    assert "linux-image-" not in vendor.unattended
    assert vendor.unpinned == ()


@pytest.mark.parametrize(
    ("driver", "nouveau", "reboot"),
    [(None, False, False), (None, True, True), ({"version": "535.1"}, False, True)],
)
def test_a_driver_in_place_of_a_loaded_one_needs_a_reboot(
    driver: dict[str, str] | None, *, nouveau: bool, reboot: bool
) -> None:
    found = there(UBUNTU, driver=driver, nouveau=nouveau)
    assert driver_packages.driver(found, option("580")).reboot == reboot
