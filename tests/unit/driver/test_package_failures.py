"""What apt and dnf say is read, and answered with a reason and a next step."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.filter.explain_package_failure import (
    explain_package_failure,
)


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (
            {
                "msg": "'/usr/bin/apt-get -y install 'nvidia-open=580.*'' failed: E: Unable to"
                " acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another"
                " process using it?"
            },
            "did not end in time",
        ),
        ({"msg": "No package matching 'linux-headers-6.18.44' is available"}, "no headers"),
        (
            {
                "msg": "'/usr/bin/apt-get install' failed",
                "stderr": "E: Failed to fetch http://x/a.deb  Connection failed [IP: 10.1.1.1]\n",
            },
            "does not answer",
        ),
        (
            {"msg": "no available installation candidate for nvidia-open=580.*"},
            "do not have it for this distribution",
        ),
        (
            {
                "msg": "Failed to install some of the specified packages",
                "failures": ["nvidia-driver:580-open broken groups or modules: nvidia-driver"],
            },
            "do not have it for this distribution",
        ),
        (
            {
                "msg": "Depsolve Error occurred: \n Problem: conflicting requests\n"
                "  - nothing provides dkms needed by kmod-nvidia-open-dkms-3:580.178.04-1.el9"
            },
            "dkms, which builds",
        ),
        (
            {
                "msg": "'/usr/bin/apt-get -y install' failed: E: Could not get lock"
                " /var/lib/dpkg/lock-frontend. It is held by process 1 (unattended-upgr)"
            },
            "did not end in time",
        ),
        (
            {
                "msg": "'/usr/bin/apt-get -y install 'nvidia-kernel-open-dkms=580.178.04-1'"
                " 'linux-headers-6.1.0=1' -o X=no' failed: E: Failed to fetch http://x/a.deb"
                "  File has unexpected size (500 != 30912). Mirror sync in progress?"
            },
            "broke off in the middle",
        ),
        ({"msg": "cannot copy extracted data: No space left on device"}, "is full"),
        ({"msg": "Failed to validate GPG signature for nvidia-driver"}, "not signed by the key"),
        ({"msg": "something new"}, "The package manager stopped"),
    ],
)
def test_each_failure_says_why_and_what_next(result: dict[str, object], why: str) -> None:
    said = explain_package_failure(result)
    assert why in said
    assert said.endswith(said.partition("It said: ")[2])
    assert "`" in said or "Ask" in said or "Patch" in said or "Start" in said or "Make" in said


def test_the_line_that_tells_is_quoted() -> None:
    said = explain_package_failure(
        {"msg": "'apt-get install' failed", "stderr": "W: x\nE: No space left"}
    )
    assert said.endswith("It said: E: No space left")
