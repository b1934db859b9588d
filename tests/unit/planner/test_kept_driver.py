"""What keeps a driver that stays from being separated from its libraries, and its Fabric Manager."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import HOLDS
from support.plan_builder import host, planned, refused

NOT_HERE = [{"root": False}, {"virtualization": "container"}]
UBUNTU, ROCKY = "h100-driver-580-toolkit-13.0", "h100-rocky-9"
LOADED = {"version": "580.95.05", "flavour": "open"}


def kept(name: str, origin: str | None = "nvidia", **change: object) -> dict[str, Any]:
    """Return a host with driver 580.95.05 of packages, and everything else that a plan needs."""
    base = host(UBUNTU)
    there = {
        "driver": LOADED,
        "driver_packages": [{"name": "nvidia-open", "version": "580.95.05-1", "origin": origin}],
        "toolkits": base["toolkits"],
        "compilers": base["compilers"],
        "pythons": [{**row, "headers": True, "venv": True} for row in base["pythons"]],
    }
    return host(name, **{**there, **change})


def said(plan: Any, choice: str) -> str:  # noqa: ANN401
    return "; ".join(row.because for row in plan.reasons if row.choice == choice)


@pytest.mark.parametrize(
    ("name", "family", "held"),
    [
        ("h100-ubuntu-22.04", "debian", "580.*"),
        ("h100-debian-12", "debian", "580.*"),
        (ROCKY, "redhat", "580.95.05"),
        ("h100-rhel-8", "redhat", "580.95.05"),
    ],
)
def test_a_driver_that_stays_is_held_as_one_that_is_installed(
    name: str, family: str, held: str
) -> None:
    plan = planned(kept(name))
    driver, row = plan.driver, HOLDS[family]
    assert driver
    assert (driver.action, driver.packages) == ("keep", ())
    assert (driver.pin, driver.unattended) == (row.held, row.unattended)
    assert (driver.release, driver.protect) == ("580.*", True)
    assert driver.hold_packages == row.needs
    assert "580.*" in said(plan, "driver.pin")
    # Held once, nothing is left to do.
    again = planned(kept(name, installed_driver={"held": held})).driver
    assert again
    assert again.protect is False
    other = planned(kept(name, installed_driver={"held": "535.*"})).driver
    assert other
    assert other.protect is True


def test_a_prebuilt_driver_is_held_with_its_kernel() -> None:
    modules = {"name": "linux-modules-nvidia-580-server-open-generic", "version": "6.8.0-1.1"}
    libraries = {"name": "libnvidia-compute-580-server", "version": "580.95.05-0ubuntu1"}
    packages = [{**row, "origin": "distribution"} for row in (modules, libraries)]
    driver = planned(kept("h100-ubuntu-22.04", driver_packages=packages)).driver
    assert driver
    assert "linux-image-" in driver.unattended
    assert driver.unpinned


def test_a_driver_without_packages_is_not_held() -> None:
    plan = planned(kept("h100-ubuntu-22.04", driver_packages=[]))
    assert plan.driver
    assert (plan.driver.pin, plan.driver.protect) == ((), False)
    assert "no package of it is known" in said(plan, "driver.pin")


@pytest.mark.parametrize("change", NOT_HERE)
def test_who_cannot_hold_a_driver_is_shown_who_can(change: dict[str, object]) -> None:
    plan = planned(kept("h100-ubuntu-22.04", **change))
    assert plan.driver
    assert (plan.driver.pin, plan.driver.protect, plan.driver.hold_packages) == ((), False, ())
    assert "nothing holds it from here" in said(plan, "driver.pin")


def test_a_driver_that_is_started_is_held_too() -> None:
    there = {"installed_driver": {"module": "580.105.08", "library": "580.105.08"}}
    driver = planned(kept("h100-ubuntu-22.04", **there)).driver
    assert driver
    assert (driver.action, driver.protect, driver.release) == ("restart", True, "580.*")


SWITCHES = [{"nvswitches": ["10de:22a3"]}, {"nvswitches": ["10de:1ac2"]}, {"nvlink5_fabric": True}]


@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("change", NOT_HERE)
def test_without_root_or_in_a_container_no_fabric_manager_is_installed(
    switches: dict[str, Any], change: dict[str, Any]
) -> None:
    plan = planned(kept("h100-ubuntu-22.04", **switches, **change))
    driver = plan.driver
    assert driver
    assert (driver.fabric_manager, driver.fabric_packages, driver.services) == (False, (), ())
    assert driver.repository is None
    text = said(plan, "driver.fabric_manager")
    owner = "runs this container" if "virtualization" in change else "the machine itself"
    assert owner in text
    assert "cannot be read from here" in text
    there = {"installed_driver": {"fabric_manager": "580.105.08"}}
    there_is = kept("h100-ubuntu-22.04", **switches, **change, **there)
    if "virtualization" in change:  # what a container has installed does not serve it
        assert "580.105.08" in said(planned(there_is), "driver.fabric_manager")
    else:
        assert any("580.105.08" in fact for fact in refused(there_is).conflict.facts)


@pytest.mark.parametrize("switches", SWITCHES)
def test_root_gets_the_fabric_manager_of_exactly_the_loaded_release(
    switches: dict[str, Any],
) -> None:
    driver = planned(kept("h100-ubuntu-22.04", **switches)).driver
    assert driver
    assert driver.fabric_manager
    assert driver.fabric_packages[0] == "nvidia-fabricmanager=580.95.05-*"
    assert ("nvlsm" in driver.fabric_packages) is ("nvlink5_fabric" in switches)
    assert driver.protect
