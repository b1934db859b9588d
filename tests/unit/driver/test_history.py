"""What was there before an installation is remembered, also over interruptions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import Unreadable
from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver.history import (
    begun,
    ended,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import driver_record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.driver_record import (
    SCHEMA,
    Installed,
    installed,
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


def test_an_interrupted_installation_keeps_what_was_before_it() -> None:
    record = begun(begun(None, OLD), HALF)
    assert Installed.from_dict(record["before"]) == OLD
    assert Installed.from_dict(ended(record, NEW)["before"]) == OLD


def test_a_run_that_changes_nothing_keeps_the_way_back() -> None:
    record = install(None, OLD, NEW)
    assert install(record, NEW, NEW) == record


def test_the_way_back_of_a_way_back_leads_forward() -> None:
    record = install(install(None, OLD, NEW), NEW, OLD)
    assert Installed.from_dict(record["before"]) == NEW


def test_a_record_names_its_schema_and_is_read_back() -> None:
    record = begun(None, OLD)
    assert record["schema"] == SCHEMA
    assert driver_record.parse(json.dumps(record)) == record
    assert install(None, OLD, NEW)["schema"] == SCHEMA


def test_a_record_without_a_schema_is_read() -> None:
    record = {"before": OLD.to_dict(), "older": None, "done": False}
    assert driver_record.parse(json.dumps(record)) == record
    assert driver_record.parse("") is None


def test_a_record_of_a_newer_release_is_refused() -> None:
    record = {**begun(None, OLD), "schema": SCHEMA + 1}
    with pytest.raises(Unreadable) as refused:
        driver_record.parse(json.dumps(record))
    assert refused.value.code == "record.unsupported-schema"


@pytest.mark.parametrize(
    "text",
    ['{"before": {', "[]", "{}", '{"before": {"packages": [[1]], "stream": ""}, "done": true}',
     '{"before": {"packages": [], "stream": ""}, "done": "yes"}',
     '{"before": {"packages": [[1, 2, 3]], "stream": ""}, "done": true}',
     '{"before": {"packages": [], "stream": 5}, "done": true}',
     '{"before": {"packages": [], "stream": ""}, "older": 5, "done": false}', "5", "null"],
)  # fmt: skip
def test_a_damaged_record_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        driver_record.parse(text)
    assert refused.value.code == "host.damaged-record"


@pytest.mark.parametrize(("before", "release"), [(OLD, "580.95.05"), (packages("1"), None)])
def test_the_release_is_that_of_the_driver_packages(before: Installed, release: str | None) -> None:
    assert before.release == release
