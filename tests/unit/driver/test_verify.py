"""What is said of a driver before a reboot, and after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver.verify import (
    Expected,
    State,
    loaded_problem,
    look,
    next_kernel,
    problems,
    space_problem,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.probe import Answer

SETTINGS = "/etc/modprobe.d/nouveau.conf"
WANTED = Expected("580", fabric_manager=False, mok=False, settings=SETTINGS, python="python3")
LOADED = b"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.309.01  Release Build\n"
GOOD = State(
    kernel="6.1.0-56-amd64",
    module="580.178.04",
    flavour="open",
    library="580.178.04",
    fabric_manager=None,
    loaded="580.178.04",
    loaded_flavour="open",
    shown="580.178.04",
    nvml="580.178.04",
    initramfs_stale=False,
    boot_free_mib=300,
    boot_needs_mib=60,
    signer=None,
    signing_key=None,
    enrolled=None,
    requested=None,
)
SIGNED = {"signer": "DKMS module signing key", "signing_key": "/k", "enrolled": False}


def codes(*found: StackError | None) -> list[str]:
    return [problem.code for problem in found if problem]


class Machine:
    """Answers from tables; a command that is not there has no return code."""

    def __init__(self, commands: dict[str, tuple[int, str]], files: dict[str, bytes]) -> None:
        self.commands, self.files = commands, files

    def run(self, argv: Sequence[str], *, timeout_s: float = 10, text: str = "") -> Answer:
        assert timeout_s
        assert not text
        known = " ".join(argv) if "-c" not in argv or argv[0] == "stat" else "nvml"
        return Answer(*self.commands.get(known, (None, "")))

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


def test_a_driver_of_one_version_has_no_problem() -> None:
    assert problems(GOOD, WANTED) == []
    assert loaded_problem(GOOD) is None


@pytest.mark.parametrize(
    ("change", "wanted", "code"),
    [
        ({"module": None}, {}, "driver.no-module"),
        ({"module": "595.91.07", "library": "595.91.07"}, {}, "driver.other-branch"),
        ({"library": "580.65.06"}, {}, "driver.other-library"),
        ({"library": None}, {}, "driver.no-library"),
        ({"initramfs_stale": True}, {}, "driver.old-initramfs"),
        ({}, {"fabric_manager": True}, "driver.other-fabric-manager"),
        ({"fabric_manager": "580.65.06"}, {"fabric_manager": True}, "driver.other-fabric-manager"),
        ({}, {"mok": True}, "driver.no-key"),
        ({"signing_key": "/k", "enrolled": True}, {"mok": True}, "driver.not-signed"),
        (SIGNED, {"mok": True}, "driver.key-not-enrolled"),
        ({**SIGNED, "requested": True}, {"mok": True}, "driver.key-waits"),
    ],
)
def test_each_problem_is_an_error_of_its_own(
    change: dict[str, Any], wanted: dict[str, Any], code: str
) -> None:
    found = problems(GOOD._replace(**change), WANTED._replace(**wanted))
    assert codes(*found) == [code]
    assert all(found[0].to_dict().values())


def test_an_enrolled_key_and_an_equal_fabric_manager_are_no_problem() -> None:
    state = GOOD._replace(fabric_manager="580.178.04", **{**SIGNED, "enrolled": True})
    assert problems(state, WANTED._replace(fabric_manager=True, mok=True)) == []


def test_the_running_driver_is_compared_to_the_point_release() -> None:
    for loaded in ("580.65.06", None):
        assert codes(loaded_problem(GOOD._replace(loaded=loaded))) == ["driver.not-loaded"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"shown": "580.65.06"}, "driver.half-loaded"),
        ({"nvml": "error 18"}, "driver.nvml-failed"),
        ({"nvml": None}, "driver.nvml-failed"),
    ],
)
def test_kernel_and_nvml_have_to_say_the_same(change: dict[str, Any], code: str) -> None:
    assert codes(loaded_problem(GOOD._replace(**change))) == [code]
    assert loaded_problem(GOOD._replace(shown=None)) is None


def test_the_other_module_of_the_same_release_is_another_driver() -> None:
    problem = loaded_problem(GOOD._replace(loaded_flavour="proprietary"))
    assert codes(problem) == ["driver.other-flavour"]


def test_a_full_boot_is_reported_before_anything_is_installed() -> None:
    assert space_problem(GOOD) is None
    assert space_problem(GOOD._replace(boot_needs_mib=None)) is None
    problem = space_problem(GOOD._replace(boot_free_mib=20))
    assert codes(problem) == ["driver.boot-full"]
    assert problem is not None
    assert "20 MiB" in problem.message
    assert "60 MiB" in problem.cause


def test_the_kernel_of_the_boot_loader_counts_else_the_newest() -> None:
    boot = "vmlinuz-6.1.0-9-amd64\nvmlinuz-6.1.0-56-amd64\nconfig-6.9"
    assert next_kernel("/boot/vmlinuz-5.14.0-503.el9", boot, "6.1") == "5.14.0-503.el9"
    assert next_kernel("", boot, "6.1.0-9-amd64") == "6.1.0-56-amd64"
    assert next_kernel("", "", "6.18.44") == "6.18.44"


def test_a_host_is_read_from_its_commands() -> None:
    kernel = "6.1.0-56-amd64"
    machine = Machine(
        {
            "ls -1 /boot": (0, f"vmlinuz-{kernel}\n"),
            "uname -r": (0, "6.1.0-9-amd64\n"),
            f"modinfo -k {kernel} -F version nvidia": (1, ""),
            f"modinfo -k {kernel} -F version nvidia-current": (0, "535.309.01\n"),
            f"modinfo -k {kernel} -F license nvidia-current": (0, "NVIDIA\n"),
            f"modinfo -k {kernel} -F signer nvidia-current": (0, "DKMS module signing key\n"),
            "readlink -e /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1": (
                0,
                "/usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so.535.309.01\n",
            ),
            f"stat -c %Y /boot/initrd.img-{kernel}": (0, "100\n"),
            f"stat -c %Y {SETTINGS}": (0, "200\n"),
            f"stat -c %s /boot/initrd.img-{kernel}": (0, f"{40 << 20}\n"),
            "df -Pm /boot": (
                0,
                "Filesystem 1M-blocks Used Available\n/dev/vda1 500 100 400 20% /\n",
            ),
            "nvml": (0, "535.309.01\n"),
            "nv-fabricmanager --version": (0, "Fabric Manager version is : 535.309.01\n"),
            "mokutil --test-key /var/lib/dkms/mok.pub": (
                1,
                "/var/lib/dkms/mok.pub is already enrolled\n",
            ),
        },
        {
            "/var/lib/dkms/mok.pub": b"key",
            "/proc/driver/nvidia/version": LOADED,
            "/sys/module/nvidia/version": b"535.309.01\n",
        },
    )
    assert look(machine, WANTED._replace(mok=True)) == State(
        kernel=kernel,
        module="535.309.01",
        flavour="proprietary",
        library="535.309.01",
        fabric_manager="535.309.01",
        loaded="535.309.01",
        loaded_flavour="proprietary",
        shown="535.309.01",
        nvml="535.309.01",
        initramfs_stale=True,
        boot_free_mib=400,
        boot_needs_mib=61,
        signer="DKMS module signing key",
        signing_key="/var/lib/dkms/mok.pub",
        enrolled=True,
        requested=False,
    )


def test_a_bare_machine_has_nothing_and_says_so() -> None:
    state = look(Machine({"uname -r": (0, "6.18.44\n")}, {}), WANTED)
    assert state.kernel == "6.18.44"
    assert codes(*problems(state, WANTED)) == ["driver.no-module", "driver.no-library"]
