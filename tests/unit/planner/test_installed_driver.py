"""What is installed beside a loaded driver: which packages say its release, and what follows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.driver import REAL_TIME
from support.plan_builder import host, planned

M, OLD, NEW = "580.178.04", "550.90.07", "550.107.02"
TOOLS = (
    "nvidia-settings", "nvidia-persistenced", "nvidia-modprobe", "nvidia-xconfig", "nvidia-imex-570",
    "nvidia-kernel-common-570", "nvidia-fabricmanager-570", "xserver-xorg-video-nvidia-570",
    "libnvidia-container1", "nvidia-container-toolkit", "linux-firmware-nvidia-gsp-570",
)  # fmt: skip
LIBRARIES = (
    "libnvidia-compute-535",
    "libcuda1",
    "libnvidia-ml1",
    "libnvidia-ml",
    "nvidia-driver-cuda-libs",
)


def package(name: str, release: str) -> dict[str, str | None]:
    return {"name": name, "version": f"{release}-1", "origin": None}


def driver(loaded: str, *packages: dict[str, str | None], **change: object) -> Any:  # noqa: ANN401
    there = {"driver": {"version": loaded, "flavour": "open"}, "driver_packages": list(packages)}
    found = planned(host(change.pop("name", "h100-driver-580-toolkit-13.0"), **{**there, **change}))
    assert found.driver
    why = [row.because for row in found.reasons if row.choice == "driver.action"]
    return found, found.driver, "; ".join(why)


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("release", ["510.47.03", "570.211.01", "595.91.07"])
def test_tools_and_daemons_of_another_release_condemn_no_driver(name: str, release: str) -> None:
    _, made, _ = driver(M, package(name, release))
    assert (made.action, made.reason) == ("keep", "works")
    rows = [package("nvidia-driver-580-open", M), package(name, release)]
    _, beside, _ = driver(M, *rows)
    assert (beside.action, beside.reason) == ("keep", "works")


@pytest.mark.parametrize("name", ["nvidia-settings", "nvidia-persistenced"])
@pytest.mark.parametrize("release", [OLD, "560.35.03"])
def test_an_upgrade_that_waits_for_a_start_is_one_beside_any_tool(name: str, release: str) -> None:
    rows = [package("libnvidia-compute-550", NEW), package("nvidia-dkms-550", NEW)]
    _, made, why = driver("550.54.14", *rows, package(name, release))
    assert (made.action, made.reason) == ("restart", "restart-pending")
    assert NEW in why


def test_the_newest_of_several_modules_is_so_by_number() -> None:
    rows = [package("nvidia-dkms-550", NEW), package("kmod-nvidia-open-dkms", OLD)]
    _, made, why = driver("550.54.14", *rows, package("libnvidia-compute-550", NEW))
    assert made.action == "restart"
    assert NEW in why


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries_of_another_release_are_no_module_of_that_release(name: str) -> None:
    _, made, why = driver(M, package(name, "535.183.01"))
    assert made.reason == "mixed-releases"
    assert made.action != "restart"
    assert "535.183.01" in why


def test_a_start_into_a_driver_that_does_not_know_the_gpu_is_not_planned() -> None:
    there = {"module": "550.163.01", "library": "550.163.01"}
    rows = [package("nvidia-dkms-550-open", "550.163.01")]
    _, made, why = driver(M, *rows, name="rtx5090-ubuntu-24.04", installed_driver=there)
    assert made.action in {"upgrade", "switch"}
    assert int(made.branch) >= 570
    assert "a start would not do" in why
    assert "works once" not in why


@pytest.mark.parametrize("packages", [[], [package("nvidia-open", M)]])
def test_fabric_manager_is_held_with_the_driver_whatever_that_is_made_of(
    packages: list[Any],
) -> None:
    found, made, _ = driver(M, *packages, nvswitches=["10de:22a3"])
    assert made.action == "keep"
    assert made.fabric_packages
    assert made.pin
    text = "; ".join(row.because for row in found.reasons if row.choice == "driver.pin")
    assert "nothing that an upgrade" not in text


def test_a_started_driver_gets_the_fabric_manager_of_its_release() -> None:
    there = {"module": M, "library": M}
    _, made, _ = driver("580.65.06", nvswitches=["10de:22a3"], installed_driver=there)
    assert made.action == "restart"
    assert made.fabric_packages == (f"nvidia-fabricmanager={M}-*",)


@pytest.mark.parametrize("release", ["580.95.05", "575.64.05"])
def test_root_sees_that_another_fabric_manager_is_exchanged(release: str) -> None:
    there = {"fabric_manager": release}
    found, made, _ = driver(M, nvswitches=["10de:22a3"], installed_driver=there)
    assert made.action == "keep"
    text = "; ".join(row.because for row in found.reasons if row.choice == "driver.fabric_manager")
    assert release in text
    assert "802" in text


@pytest.mark.parametrize("name", ["a100-opensuse", "a100-arch-linux"])
def test_a_family_whose_packages_are_not_held_says_so(name: str) -> None:
    base = host("h100-driver-580-toolkit-13.0")
    tools = {key: base[key] for key in ("toolkits", "compilers", "pythons")}
    rows = [package("nvidia-open", M)]
    found, made, _ = driver(M, *rows, name=name, nvswitches=["10de:1af1"], **tools)
    reasons = {row.choice: row.because for row in found.reasons}
    assert not made.pin
    assert "hold" in reasons["driver.pin"]
    said = "; ".join(row.because for row in found.reasons if row.choice == "driver.fabric_manager")
    assert "by hand" in said


@pytest.mark.parametrize(
    ("release", "real_time"),
    [
        ("5.15.0-1080-realtime", True),
        ("6.12.41+deb13-rt-amd64", True),
        ("6.12.0-55.el10.x86_64+rt", True),
        ("5.15.0-119-generic", False),
        ("5.14.0-427.13.1.el9_4.x86_64", False),
        ("6.8.0-1010-start", False),
    ],
)
def test_a_real_time_kernel_is_named(release: str, *, real_time: bool) -> None:
    assert bool(REAL_TIME.search(release)) is real_time
