"""What an interrupted installation left is distinguished from what is complete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import Unreadable
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import (
    Commands,
    Finished,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import (
    interrupted,
    package_recovery,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.memory import Answer
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import Interrupted
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.packages import Package
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.probe import LISTINGS
from support.errors import fails

VENDOR = "cudatools <cudatools@nvidia.com>"


class Machine:
    """Answers the question for all packages, and lists the journal of dpkg."""

    def __init__(self, family: str, listing: str, journal: str = "") -> None:
        self.said = {LISTINGS[family]: listing, ("ls", "-1", package_recovery.JOURNAL): journal}

    def run(self, argv: Sequence[str], **_: object) -> Answer:
        return Answer(0, self.said[tuple(argv)])

    def read(self, path: str) -> bytes | None:
        raise AssertionError(path)


@pytest.mark.parametrize(
    "state",
    ["half-installed", "unpacked", "half-configured", "triggers-awaiting", "triggers-pending"],
)
def test_each_state_on_the_way_is_incomplete(state: str) -> None:
    listing = f"libcuda1\t580.95.05-1\t{VENDOR}\t{state}\nbash\t5.2\tDebian\tinstalled\n"
    assert package_recovery.left(Machine("debian", listing), "debian") == ["libcuda1"]


@pytest.mark.parametrize("state", ["installed", "config-files", "not-installed"])
def test_each_state_that_packages_rest_in_is_complete(state: str) -> None:
    listing = f"libcuda1\t580.95.05-1\t{VENDOR}\t{state}\n"
    assert package_recovery.left(Machine("debian", listing), "debian") == []


def test_steps_that_dpkg_only_wrote_down_are_incomplete() -> None:
    assert package_recovery.left(Machine("debian", "", "0001\n"), "debian") == [
        package_recovery.JOURNAL
    ]
    assert package_recovery.left(Machine("debian", "", "tmp.i\n"), "debian") == []


def test_kernels_may_be_there_twice_and_drivers_not() -> None:
    kernels = "kernel-core\t5.14.0\tRed Hat\nkernel-core\t5.14.1\tRed Hat\n"
    assert package_recovery.left(Machine("redhat", kernels), "redhat") == []
    drivers = "libnvidia-ml\t580.95.05\tNVIDIA\nlibnvidia-ml\t580.178.04\tNVIDIA\n"
    assert package_recovery.left(Machine("redhat", kernels + drivers), "redhat") == ["libnvidia-ml"]


def test_packages_of_others_leave_the_driver_complete() -> None:
    listing = f"nvidia-container-toolkit\t1.17.4-1\t{VENDOR}\tunpacked\nvim\t9\tDebian\tunpacked\n"
    found = interrupted.find("debian", listing, "", "", "")
    assert not found.driver
    assert found.packages == ("nvidia-container-toolkit", "vim")


def test_an_installation_that_ended_is_finished_whatever_it_changed() -> None:
    record = json.dumps({"before": {"packages": [], "stream": ""}, "done": True})
    listing = f"libcuda1\t580.95.05-1\t{VENDOR}\tinstalled\n"
    assert interrupted.find("debian", listing, "", record, "") == Interrupted()


def test_a_damaged_record_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        interrupted.find("debian", "", "", '{"before": {', "")
    assert refused.value.code == "host.damaged-record"


def test_of_a_driver_that_is_there_twice_the_older_is_incomplete() -> None:
    rows = "libnvidia-ml\t570.1\tNVIDIA\nlibnvidia-ml\t580.1\tNVIDIA\n"
    once = "nvidia-open\t580.1\tNVIDIA\n"
    assert interrupted.redhat(rows + once + "no row\n") == (
        Package("libnvidia-ml", "570.1", "NVIDIA"),
    )
    assert interrupted.debian("no row\n") == ()


def test_a_driver_that_changed_on_the_red_hat_family_is_incomplete() -> None:
    before = [["nvidia-open", "570.1", "NVIDIA"]]
    record = json.dumps({"before": {"packages": before, "stream": ""}, "done": False})
    for now, driver in (("570.1", False), ("580.1", True)):
        found = interrupted.find(
            "redhat", f"nvidia-open\t{now}\tNVIDIA\n", "", record, "13.0\n12.8"
        )
        assert found == Interrupted(driver=driver, toolkits=("13.0", "12.8"))


class Manager(Commands):
    """A package manager that prints a text."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said
        self.asked: list[tuple[object, object]] = []

    def run(self, argv: Sequence[str], **options: Any) -> Finished:  # noqa: ANN401
        self.asked.append((argv, options["environment"]))
        return Finished(1, f"first line\n{self.said}\n")


@pytest.mark.parametrize("family", ["debian", "redhat"])
def test_the_package_manager_continues_without_questions(family: str) -> None:
    manager = Manager("some dependency is missing")
    package_recovery.finish(manager, family)
    assert manager.asked == [(package_recovery.COMMANDS[family], package_recovery.QUIET)]


def test_another_run_of_the_package_manager_is_named() -> None:
    with fails("packages.locked") as refused:
        package_recovery.finish(Manager("dpkg: lock is locked by another process"), "debian")
    assert refused.value.cause == "dpkg: lock is locked by another process."
