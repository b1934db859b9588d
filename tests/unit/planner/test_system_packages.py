"""What a driver plan has for the roles: packages, their release, the repository and the services."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    DISTRIBUTIONS,
    DistributionRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import (
    HOLDS,
    NAMES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner

HOSTS = Path(__file__).parent.parent / "hosts"


def driver(host: str, request: dict[str, Any] | None = None, **change: object) -> dict[str, Any]:
    facts = json.loads((HOSTS / f"{host}.json").read_text(encoding="utf-8"))["host"]
    plan = planner.plan({**facts, **change}, request or {}).to_dict()
    found: dict[str, Any] = plan["driver"]
    return found


KERNEL = {"release": "6.8.0-45-generic", "headers": False, "meta": ["linux-image-generic"]}


def test_headers_of_the_kernel_and_of_kernels_to_come_are_installed_with_the_driver() -> None:
    found = driver("h100-ubuntu-22.04", kernel=KERNEL)
    assert found["packages"] == [
        "nvidia-open-580=580.*",
        "nvidia-dkms-580-open=580.*",
        "linux-headers-6.8.0-45-generic",
        "linux-headers-generic",
    ]
    assert found["release"] == "580.*"
    assert found["services"] == ["nvidia-persistenced"]


def test_prebuilt_signed_modules_need_no_headers_and_change_with_their_kernel() -> None:
    found = driver("h100-ubuntu-22.04", kernel=KERNEL, secure_boot=True)
    assert found["origin"] == "distribution"
    assert found["packages"] == [
        "linux-modules-nvidia-580-server-open-generic",
        "nvidia-driver-580-server-open",
    ]
    assert found["repository"] == {
        "origin": "distribution",
        "archive": "Ubuntu",
        "components": ["restricted"],
    }
    assert found["unattended"][-2:] == ["linux-image-", "linux-modules-"]
    assert "nvidia-persistenced" in found["unpinned"]
    assert found["mok"] is False


def test_a_module_that_is_built_here_is_signed_with_a_key_of_the_owner() -> None:
    found = driver("h100-rocky-9", secure_boot=True)
    assert found["mok"] is True
    assert found["packages"][-2:] == ["openssl", "mokutil"]


@pytest.mark.parametrize(
    ("host", "packages"),
    [
        ("h100x8-nvswitch-ubuntu-22.04", ["nvidia-fabricmanager=580.95.05-*"]),
        ("a100x8-nvswitch-rocky-9", ["nvidia-fabric-manager-580.95.05"]),
    ],
)
def test_beside_a_kept_driver_fabric_manager_has_its_exact_version(
    host: str, packages: list[str]
) -> None:
    loaded = {"version": "580.95.05", "flavour": "open"}
    found = driver(host, driver=loaded, driver_packages=[])
    assert found["action"] == "keep"
    assert found["packages"] == []
    assert found["fabric_packages"] == packages
    assert found["repository"]["origin"] == "nvidia"


def test_only_the_driver_of_a_rebuild_needs_epel() -> None:
    assert driver("h100-rocky-9")["repository"]["packages"] == ["epel-release"]
    assert "packages" not in driver("rtx2080ti-rhel-9")["repository"]


def test_every_naming_and_family_of_the_distributions_has_its_rows() -> None:
    assert {row.naming for row in DISTRIBUTIONS} == {row.naming for row in NAMES}
    assert {row.family for row in DISTRIBUTIONS} == set(HOLDS)


@pytest.mark.parametrize("row", DISTRIBUTIONS, ids=lambda row: f"{row.id}-{row.version}")
def test_the_short_id_of_a_key_ends_its_fingerprint(row: DistributionRow) -> None:
    assert len(row.key.fingerprint) == 40
    assert row.key.fingerprint.endswith(row.key.file.removesuffix(".pub").upper())
