"""The plan of a rollback restores exactly what was installed before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.filter.rollback_plan import rollback_plan
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.driver_record import (
    Installed,
    installed,
)
from support.errors import fails

HOSTS = Path(__file__).parent.parent / "hosts"
VENDOR = "cudatools <cudatools@nvidia.com>"


def packages(release: str, maker: str, *names: str, stream: str = "") -> Installed:
    lines = "".join(f"{name}\t{release}\t{maker}\tinstalled\n" for name in names)
    return installed(lines, f"[nvidia-driver]\nstream={stream}\n" if stream else "")


def planned(
    host: str, before: Installed | None, now: Installed, **change: object
) -> dict[str, Any]:
    facts = json.loads((HOSTS / f"{host}.json").read_text(encoding="utf-8"))["host"]
    record = {"before": before.to_dict() if before else None, "now": now.to_dict()}
    return rollback_plan(record, {**facts, **change})


OLD = packages("580.95.05-1", VENDOR, "libcuda1", "nvidia-open", "nvidia-kernel-open-dkms")
NEW = packages("595.91.07-1", VENDOR, "libcuda1", "nvidia-open", "libnvidia-gpucomp")
EL9 = {"release": "5.14.0-570.el9_6.x86_64", "headers": True}
KERNEL = {"release": "6.1.0-56-amd64", "headers": False}


def test_exact_versions_are_installed_and_newer_packages_removed() -> None:
    plan = planned("v100-debian-13", OLD, NEW, kernel=KERNEL, secure_boot=False)
    assert plan["removed"] == ["libnvidia-gpucomp"]
    driver = plan["driver"]
    assert driver["action"] == "rollback"
    assert driver["branch"] == "580"
    assert driver["release"] == "580.95.05-*"
    assert driver["origin"] == "nvidia"
    assert driver["packages"] == [
        "libcuda1=580.95.05-1",
        "nvidia-kernel-open-dkms=580.95.05-1",
        "nvidia-open=580.95.05-1",
        "linux-headers-6.1.0-56-amd64",
        "nvidia-persistenced",
    ]
    assert driver["repository"]["directory"] == "debian13/x86_64"
    assert driver["reboot"] is True
    assert driver["services"] == ["nvidia-persistenced"]
    assert "*nvidia*" in driver["pin"]
    assert driver["unpinned"] == []


def test_secure_boot_needs_a_signed_module_of_the_vendor() -> None:
    plan = planned("v100-debian-13", OLD, NEW, kernel=KERNEL, secure_boot=True)
    assert plan["driver"]["mok"] is True
    assert plan["driver"]["packages"][-2:] == ["openssl", "mokutil"]


def test_the_distributions_own_driver_is_restored_from_its_archive() -> None:
    debian = "Debian NVIDIA Maintainers <pkg-nvidia-devel@lists.alioth.debian.org>"
    before = packages("550.163.01-2", debian, "nvidia-driver", "nvidia-kernel-dkms")
    driver = planned("v100-debian-13", before, NEW, secure_boot=True)["driver"]
    assert driver["origin"] == "distribution"
    assert driver["mok"] is False
    assert driver["repository"]["components"] == ["contrib", "non-free", "non-free-firmware"]
    assert "nvidia-persistenced" in driver["unpinned"]


def test_the_red_hat_family_returns_to_its_stream() -> None:
    before = packages("580.95.05", "NVIDIA", "nvidia-driver", stream="580-open")
    driver = planned("h100-rocky-9", before, NEW, kernel=EL9)["driver"]
    assert driver["stream"] == "nvidia-driver:580-open"
    assert driver["packages"] == [
        "@nvidia-driver:580-open",
        "nvidia-driver-580.95.05",
        f"kernel-devel-{EL9['release']}",
        "kernel-headers",
        "nvidia-persistenced",
        "python3-dnf-plugin-versionlock",
    ]
    assert driver["repository"]["packages"] == ["epel-release"]


@pytest.mark.parametrize("before", [None, packages("1", "someone", "bash")])
def test_without_a_previous_driver_there_is_no_plan(before: Installed | None) -> None:
    with fails("driver.no-previous"):
        planned("v100-debian-13", before, NEW)


@pytest.mark.parametrize(
    "module", ["linux-modules-nvidia-580-open-6.8.0-31-generic", "nvidia-open"]
)
def test_a_module_of_the_distribution_needs_no_headers(module: str) -> None:
    before = packages("580.95.05", "Ubuntu", "libnvidia-compute-580", module)
    kernel = {"release": "6.8.0-31-generic", "headers": False}
    driver = planned("h100-pcie-ubuntu-24.04", before, NEW, kernel=kernel)["driver"]
    prebuilt = module.startswith("linux-modules")
    assert ("linux-headers-6.8.0-31-generic" not in driver["packages"]) is prebuilt
