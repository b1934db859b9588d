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
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.memory import Answer

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


@pytest.mark.parametrize(
    ("free", "needs", "full"),
    [(60, 60, False), (59, 60, True), (61, 60, False), (None, 60, False), (0, None, False)],
)
def test_the_space_that_an_initramfs_needs(
    free: int | None, needs: int | None, *, full: bool
) -> None:
    state = GOOD._replace(boot_free_mib=free, boot_needs_mib=needs)
    assert codes(space_problem(state)) == (["driver.boot-full"] if full else [])


KERNEL = "6.1.0-56-amd64"
BOOT = {"grubby --default-kernel": (0, f"/boot/vmlinuz-{KERNEL}\n")}


@pytest.mark.parametrize(
    ("made", "written", "stale"),
    [
        ("100", "101", True),
        ("100", "100", False),
        ("101", "100", False),
        ("100", "", True),
        ("", "100", None),
    ],
)
@pytest.mark.parametrize("image", [f"/boot/initrd.img-{KERNEL}", f"/boot/initramfs-{KERNEL}.img"])
def test_an_initramfs_is_stale_if_its_settings_are_newer_or_absent(
    image: str, made: str, written: str, *, stale: bool | None
) -> None:
    commands = dict(BOOT)
    commands |= {f"stat -c %Y {image}": (0, made)} if made else {}
    commands |= {f"stat -c %Y {SETTINGS}": (0, written)} if written else {}
    assert look(Machine(commands, {}), WANTED).initramfs_stale is stale


@pytest.mark.parametrize(
    ("size", "mib"), [(1, 1), (2**20, 2), (2 * 2**20, 4), (40 * 2**20, 61), (None, None)]
)
def test_a_new_initramfs_needs_half_as_much_again(size: int | None, mib: int | None) -> None:
    commands = dict(BOOT)
    if size:
        commands[f"stat -c %s /boot/initrd.img-{KERNEL}"] = (0, str(size))
    assert look(Machine(commands, {}), WANTED).boot_needs_mib == mib


@pytest.mark.parametrize(
    ("licence", "flavour"), [("Dual MIT/GPL", "open"), ("NVIDIA", "proprietary")]
)
@pytest.mark.parametrize("name", ["nvidia", "nvidia-current-open", "nvidia-tesla-470"])
def test_the_flavour_of_a_module_is_that_of_its_licence(
    name: str, licence: str, flavour: str
) -> None:
    commands = BOOT | {
        f"modinfo -k {KERNEL} -F version {name}": (0, "580.178.04"),
        f"modinfo -k {KERNEL} -F license {name}": (0, licence),
    }
    state = look(Machine(commands, {}), WANTED)
    assert (state.module, state.flavour, state.signer) == ("580.178.04", flavour, None)


@pytest.mark.parametrize(
    ("files", "said", "key", "enrolled", "requested"),
    [
        ((), "", None, None, None),
        (("/var/lib/shim-signed/mok/MOK.der",), "is already enrolled", 0, True, False),
        (("/var/lib/dkms/mok.pub",), "is already in the enrollment request", 1, False, True),
        (
            ("/var/lib/dkms/mok.pub", "/var/lib/shim-signed/mok/MOK.der"),
            "is not enrolled",
            0,
            False,
            False,
        ),
    ],
)
def test_the_key_that_dkms_signs_with(
    files: tuple[str, ...],
    said: str,
    key: int | None,
    *,
    enrolled: bool | None,
    requested: bool | None,
) -> None:
    keys = ("/var/lib/shim-signed/mok/MOK.der", "/var/lib/dkms/mok.pub")
    commands = BOOT | {f"mokutil --test-key {name}": (1, f"{name} {said}") for name in keys}
    machine = Machine(commands, dict.fromkeys(files, b"key"))
    state = look(machine, WANTED._replace(mok=True))
    assert state.signing_key == (None if key is None else keys[key])
    assert (state.enrolled, state.requested) == (enrolled, requested)
    assert look(machine, WANTED).signing_key is None


def test_nvml_is_asked_with_patience_and_only_of_a_loaded_driver() -> None:
    patience: list[float] = []

    class Slow(Machine):
        def run(self, argv: Sequence[str], *, timeout_s: float = 10, text: str = "") -> Answer:
            if "-I" in argv:
                patience.append(timeout_s)
            return super().run(argv, timeout_s=timeout_s, text=text)

    assert look(Slow(BOOT, {}), WANTED).nvml is None
    assert patience == []
    look(Slow(BOOT, {"/proc/driver/nvidia/version": LOADED}), WANTED)
    assert patience == [120]


@pytest.mark.parametrize(
    ("boot", "newest"),
    [
        ("vmlinuz-6.1.0-9 vmlinuz-6.1.0-10", "6.1.0-10"),
        ("vmlinuz-6.1.0-10 vmlinuz-6.1.0-9", "6.1.0-10"),
        ("vmlinuz-5.14.0-9.el9 vmlinuz-5.14.0-9.1.el9", "5.14.0-9.1.el9"),
        ("vmlinuz-6.9 initrd.img-7.0 vmlinuz", "6.9"),
        ("initrd.img-7.0", "1.2"),
    ],
)
def test_the_newest_kernel_in_boot(boot: str, newest: str) -> None:
    assert next_kernel("", boot, "1.2") == newest


@pytest.mark.parametrize(
    ("change", "wanted", "code"),
    [
        ({"module": "579.9"}, {}, ["driver.other-branch", "driver.other-library"]),
        ({"module": None}, {}, ["driver.no-module"]),
        ({"module": None}, {"mok": True}, ["driver.no-module"]),
        ({"library": None}, {}, ["driver.no-library"]),
        ({"library": "580.1"}, {}, ["driver.other-library"]),
        ({}, {"fabric_manager": True}, ["driver.other-fabric-manager"]),
        ({"fabric_manager": "580.1"}, {"fabric_manager": True}, ["driver.other-fabric-manager"]),
        ({"fabric_manager": "580.1"}, {}, []),
        ({"initramfs_stale": None}, {}, []),
        ({"initramfs_stale": True}, {}, ["driver.old-initramfs"]),
        ({}, {"mok": True}, ["driver.no-key"]),
        ({"signing_key": "/k"}, {"mok": True}, ["driver.not-signed"]),
        (SIGNED, {"mok": True}, ["driver.key-not-enrolled"]),
        ({**SIGNED, "requested": True}, {"mok": True}, ["driver.key-waits"]),
        ({**SIGNED, "enrolled": True, "requested": True}, {"mok": True}, []),
    ],
)
def test_what_keeps_a_driver_from_being_loaded(
    change: dict[str, Any], wanted: dict[str, Any], code: list[str]
) -> None:
    assert codes(*problems(GOOD._replace(**change), WANTED._replace(**wanted))) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, []),
        ({"shown": None}, []),
        ({"loaded": None}, ["driver.not-loaded"]),
        ({"module": None}, ["driver.not-loaded"]),
        ({"loaded": "580.1"}, ["driver.not-loaded"]),
        ({"loaded_flavour": "proprietary"}, ["driver.other-flavour"]),
        ({"shown": "580.1"}, ["driver.half-loaded"]),
        ({"nvml": None}, ["driver.nvml-failed"]),
        ({"nvml": "580.1"}, ["driver.nvml-failed"]),
    ],
)
def test_what_is_wrong_with_the_driver_that_runs(change: dict[str, Any], code: list[str]) -> None:
    assert codes(loaded_problem(GOOD._replace(**change))) == code
