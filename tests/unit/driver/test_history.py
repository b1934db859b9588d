"""What was there before an installation is remembered, also over interruptions."""

from __future__ import annotations

from typing import Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver import (
    history as driver_record,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver.history import (
    Installed,
    begun,
    ended,
    installed,
    way_back,
)

VENDOR = "cudatools <cudatools@nvidia.com>"


def packages(release: str, *names: str) -> Installed:
    lines = [f"{name}\t{release}-1\t{VENDOR}\tinstalled\n" for name in names]
    other = "bash\t5.2\tDebian\tinstalled\nnvidia-open\t1-1\tNVIDIA\tconfig-files\n"
    return installed("".join(lines) + other, "")


OLD = packages("580.95.05", "libcuda1", "nvidia-open", "nvidia-kernel-open-dkms")
HALF = packages("580.178.04", "libcuda1")
NEW = packages("595.91.07", "libcuda1", "nvidia-open", "libnvidia-gpucomp")


def install(record: dict[str, Any] | None, before: Installed, after: Installed) -> dict[str, Any]:
    return ended(begun(record, before), after)


def test_only_packages_of_the_driver_are_remembered() -> None:
    assert [package.name for package in OLD.packages] == [
        "libcuda1",
        "nvidia-kernel-open-dkms",
        "nvidia-open",
    ]


def test_the_way_back_names_exact_versions_and_what_goes() -> None:
    record = install(None, OLD, NEW)
    plan = way_back(driver_record.read(record["before"]), NEW, "debian")
    assert plan
    assert plan["branch"] == "580"
    assert plan["release"] == "580.95.05"
    assert plan["origin"] == "nvidia"
    assert "nvidia-open=580.95.05-1" in plan["packages"]
    assert plan["gone"] == ["libnvidia-gpucomp"]


def test_an_interrupted_installation_keeps_what_was_before_it() -> None:
    record = begun(begun(None, OLD), HALF)
    assert driver_record.read(record["before"]) == OLD
    assert driver_record.read(ended(record, NEW)["before"]) == OLD


def test_a_run_that_changes_nothing_keeps_the_way_back() -> None:
    record = install(None, OLD, NEW)
    assert install(record, NEW, NEW) == record


def test_the_way_back_of_a_way_back_leads_forward() -> None:
    record = install(install(None, OLD, NEW), NEW, OLD)
    assert driver_record.read(record["before"]) == NEW


def test_where_there_was_no_driver_there_is_no_way_back() -> None:
    record = install(None, packages("1"), NEW)
    assert way_back(driver_record.read(record["before"]), NEW, "debian") is None


def test_the_red_hat_family_comes_back_to_its_stream() -> None:
    lines = "nvidia-driver\t580.95.05\tNVIDIA\tinstalled\n"
    before = installed(lines, "[nvidia-driver]\nname=nvidia-driver\nstream=580-open\n")
    plan = way_back(before, before, "redhat")
    assert plan
    assert plan["packages"] == ["@nvidia-driver:580-open", "nvidia-driver-580.95.05"]
