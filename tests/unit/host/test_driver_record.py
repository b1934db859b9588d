"""The record of driver installations, and the release that most packages have."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import Unreadable
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import driver_record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.driver_record import (
    Installed,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.packages import Package
from support.errors import fails

MAKER = "cudatools <cudatools@nvidia.com>"
OPEN = Package("nvidia-open", "580.65.06-1", MAKER)
ROWS = (OPEN, Package("libcuda1", "580.65.06-1", MAKER), Package("nvidia-smi", "570.1-1", MAKER))


def listing(*rows: Package, state: str = "installed") -> str:
    return "".join("\t".join((*row, state)) + "\n" for row in rows)


def test_driver_packages_are_sorted_and_others_left_out() -> None:
    text = listing(*ROWS, Package("git", "1:2", "x")) + listing(OPEN, state="config-files")
    found = driver_record.installed(text + "short\tline\n", "[nvidia-driver]\nstream = open-dkms\n")
    assert found.packages == tuple(sorted(ROWS))
    assert found.stream == "open-dkms"
    assert driver_record.installed("", "") == Installed((), "")


def test_the_release_is_the_one_that_most_packages_have() -> None:
    assert Installed(ROWS, "").release == "580.65.06"
    assert Installed((Package("nvidia-support", "1.0", MAKER),), "").release is None
    assert Installed((), "").release is None
    assert Installed((Package("nvidia-open", "610.57-1", MAKER),), "").release == "610.57"


def test_plain_data_and_back() -> None:
    before = Installed(ROWS, "580-open")
    assert Installed.from_dict(json.loads(json.dumps(before.to_dict()))) == before


def record(**change: object) -> str:
    return json.dumps({"done": False, "before": Installed(ROWS, "").to_dict(), **change})


def test_a_record_is_open_until_it_is_done_or_nothing_changed() -> None:
    now = Installed(ROWS[:1], "")
    half = driver_record.parse(record())
    assert half is not None
    assert driver_record.is_open(half, now)
    assert not driver_record.is_open(half, Installed(ROWS, ""))
    done = driver_record.parse(record(done=True))
    assert done is not None
    assert not driver_record.is_open(done, now)
    assert driver_record.parse("") is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "host.damaged-record"),
        ("[]", "host.damaged-record"),
        ("{}", "host.damaged-record"),
        (record(done="yes"), "host.damaged-record"),
        (record(before={}), "host.damaged-record"),
        (record(schema="1"), "host.damaged-record"),
        (record(schema=0), "host.damaged-record"),
        (record(schema=2), "record.unsupported-schema"),
    ],
)
def test_a_record_that_is_damaged_or_newer_is_not_guessed_at(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        driver_record.parse(text)
    assert caught.value.code == code


def test_the_schema_of_today_and_none_are_read() -> None:
    assert driver_record.parse(record(schema=1)) is not None


@pytest.mark.parametrize(
    ("packages", "values"),
    [
        ([list(OPEN)] * 501, ["at most 500"]),
        ([list(OPEN), ["nvidia-open", "580.1"]], ["packages[1]", "maker"]),
        ([["bash", "5.2", "Debian"]], ["packages[0]", "bash"]),
    ],
)
def test_a_record_names_packages_of_a_driver_alone(
    packages: list[list[str]], values: list[str]
) -> None:
    with fails("data.invalid-value", *values):
        Installed.from_dict({"packages": packages, "stream": ""})


def test_a_record_may_name_as_many_packages_as_a_driver_has() -> None:
    assert len(Installed.from_dict({"packages": [list(OPEN)] * 500, "stream": ""}).packages) == 500
