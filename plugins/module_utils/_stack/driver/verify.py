"""Say whether an installed driver will work after a start: everything that can be known before it.

A driver is a kernel module and libraries of one version; a host that restarts into anything else
has no GPU, and often no screen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import StackError
from ..core.versions import version
from ..host import parsers
from ..host.driver_files import MODULES

if TYPE_CHECKING:
    from ..host.model import Driver
    from ..host.probe import Runner

LIBRARIES = (
    "/usr/lib64/libnvidia-ml.so.1",
    "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
    "/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
)
INITRAMFS = ("/boot/initrd.img-{kernel}", "/boot/initramfs-{kernel}.img")
# Where DKMS keeps the key that it signs modules with.
SIGNING_KEYS = ("/var/lib/shim-signed/mok/MOK.der", "/var/lib/dkms/mok.pub")
ENROLLED, REQUESTED = "already enrolled", "already in the enrollment request"
# Asked of NVML itself: what a program finds that starts now.
NVML_QUESTION = """
import ctypes
nvml = ctypes.CDLL("libnvidia-ml.so.1")
text = ctypes.create_string_buffer(80)
status = nvml.nvmlInit_v2() or nvml.nvmlSystemGetDriverVersion(text, 80)
print("error %d" % status if status else text.value.decode())
"""
# The first start of NVML initialises every GPU.
NVML_TIMEOUT_S = 120
# A new initramfs is written beside the old one.
INITRAMFS_COPIES = 1.5
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


class State(NamedTuple):
    """What is on disk for the kernel that starts next, and what runs now; None is absent.

    ``initramfs_stale`` is None without an initramfs. ``signer`` is who signed the module;
    ``enrolled`` and ``requested`` are what the firmware knows of the signing key, None without one.
    ``flavour`` is that of the module, ``loaded_flavour`` that of the running one: open or
    proprietary. Of the running driver /proc says ``loaded``, /sys ``shown``, NVML ``nvml``.
    /boot has ``boot_free_mib`` MiB free; a new initramfs needs ``boot_needs_mib``.
    """

    kernel: str
    module: str | None
    flavour: str | None
    library: str | None
    fabric_manager: str | None
    loaded: str | None
    loaded_flavour: str | None
    shown: str | None
    nvml: str | None
    initramfs_stale: bool | None
    boot_free_mib: int | None
    boot_needs_mib: int | None
    signer: str | None
    signing_key: str | None
    enrolled: bool | None
    requested: bool | None


class Expected(NamedTuple):
    """What the plan asks of the driver.

    ``settings`` is the file that keeps nouveau away, ``python`` an interpreter that asks NVML.
    """

    branch: str
    fabric_manager: bool
    mok: bool
    settings: str
    python: str


def look(runner: Runner, wanted: Expected) -> State:
    """Read the state of a host; change nothing."""
    kernel = next_kernel(
        _output(runner, "grubby", "--default-kernel"),
        _output(runner, "ls", "-1", "/boot"),
        _output(runner, "uname", "-r"),
    )
    modules = ((m, _field(runner, kernel, "version", m)) for m in MODULES)
    name, module = next(((m, text) for m, text in modules if text), ("", ""))
    loaded = _loaded(runner)
    links = (_output(runner, "readlink", "-e", path) for path in LIBRARIES)
    keys = (key for key in SIGNING_KEYS if wanted.mok and runner.read(key) is not None)
    key = next(keys, None)
    # mokutil exits 1 where it knows the key: its output counts, not its status.
    said = runner.run(("mokutil", "--test-key", key)).stdout if key else ""
    return State(
        kernel=kernel,
        module=_number(module),
        flavour=_flavour(_field(runner, kernel, "license", name)) if module else None,
        library=next(filter(None, (_number(link.rpartition(".so.")[2]) for link in links)), None),
        fabric_manager=_number(_output(runner, "nv-fabricmanager", "--version")),
        loaded=loaded.version if loaded else None,
        loaded_flavour=loaded.flavour if loaded else None,
        shown=_number(_text(runner, "/sys/module/nvidia/version")),
        nvml=_nvml(runner, wanted.python) if loaded else None,
        initramfs_stale=_stale(runner, kernel, wanted.settings),
        boot_free_mib=parsers.disk_free_mib(_output(runner, "df", "-Pm", "/boot")),
        boot_needs_mib=_initramfs_mib(runner, kernel),
        signer=_field(runner, kernel, "signer", name) or None,
        signing_key=key,
        enrolled=ENROLLED in said if key else None,
        requested=REQUESTED in said if key else None,
    )


def _field(runner: Runner, kernel: str, field: str, module: str) -> str:
    return _output(runner, "modinfo", "-k", kernel, "-F", field, module)


def _output(runner: Runner, *argv: str) -> str:
    answer = runner.run(argv)
    return answer.stdout.strip() if answer.rc == 0 else ""


def _number(text: str) -> str | None:
    match = _NUMBER.search(text)
    return match.group() if match else None


def _text(runner: Runner, path: str) -> str:
    return (runner.read(path) or b"").decode("utf-8", "replace")


def _loaded(runner: Runner) -> Driver | None:
    text = _text(runner, "/proc/driver/nvidia/version")
    return parsers.loaded_driver(text) if text else None


def _flavour(licence: str) -> str:
    """Return the flavour of a module by its licence: only the open one is GPL-compatible."""
    return "open" if "GPL" in licence else "proprietary"


def _nvml(runner: Runner, python: str) -> str | None:
    argv = (python, "-I", "-c", NVML_QUESTION)
    return runner.run(argv, timeout_s=NVML_TIMEOUT_S).stdout.strip() or None


def _of_initramfs(runner: Runner, kernel: str, field: str) -> str:
    paths = [form.format(kernel=kernel) for form in INITRAMFS]
    return next(filter(None, (_output(runner, "stat", "-c", field, path) for path in paths)), "")


def _stale(runner: Runner, kernel: str, settings: str) -> bool | None:
    written = _output(runner, "stat", "-c", "%Y", settings)
    made = _of_initramfs(runner, kernel, "%Y")
    return (not written or int(made) < int(written)) if made else None


def _initramfs_mib(runner: Runner, kernel: str) -> int | None:
    size = _of_initramfs(runner, kernel, "%s")
    return int(int(size) * INITRAMFS_COPIES) // 2**20 + 1 if size else None


def next_kernel(default: str, boot: str, running: str) -> str:
    """Return the release that starts next: the loader's default, else the newest in /boot."""
    if default:
        return default.rpartition("vmlinuz-")[2]
    prefix = "vmlinuz-"
    found = [name[len(prefix) :] for name in boot.split() if name.startswith(prefix)]
    return max(found, key=_order, default=running)


def _order(release: str) -> list[tuple[bool, int, str]]:
    parts = re.findall(r"\d+|[a-z]+", release)
    # A number is newer than a word, and than a number with fewer digits.
    return [(part.isdigit(), len(part), part) for part in parts]


def problems(state: State, wanted: Expected) -> list[StackError]:
    """Return why the planned driver would not be loaded after a reboot; empty where it would."""
    found = [
        _module_problem(state, wanted),
        _library_problem(state),
        _fabric_problem(state, wanted),
        _initramfs_problem(state, wanted),
        _key_problem(state) if wanted.mok and state.module else None,
    ]
    return [problem for problem in found if problem]


def _module_problem(state: State, wanted: Expected) -> StackError | None:
    if state.module is None:
        return StackError(
            f"There is no NVIDIA module for kernel {state.kernel}, which starts next.",
            "dkms has not built one.",
            "Install the headers of that kernel and read what `dkms status` prints.",
            code="driver.no-module",
        )
    if version(state.module).major != version(wanted.branch).major:
        return StackError(
            f"The module is {state.module}; the plan asks for branch {wanted.branch}.",
            "Another package of the driver is installed.",
            "Remove the other driver with `slowfast-stack purge driver`.",
            code="driver.other-branch",
        )
    return None


def _library_problem(state: State) -> StackError | None:
    if state.library is None:
        return StackError(
            "The driver's libraries are missing.",
            "There is no libnvidia-ml.so.1.",
            "Install the packages of the plan again.",
            code="driver.no-library",
        )
    if state.module not in (None, state.library):
        return StackError(
            f"The module is {state.module}, but the libraries are {state.library}.",
            "An upgrade changed one of them alone.",
            "Install the packages of the plan again.",
            code="driver.other-library",
        )
    return None


def _fabric_problem(state: State, wanted: Expected) -> StackError | None:
    if not wanted.fabric_manager or state.fabric_manager == state.library:
        return None
    return StackError(
        f"Fabric Manager is {state.fabric_manager or 'missing'}, but has to be exactly"
        f" {state.library}, as the driver.",
        "On this machine no CUDA program starts without it.",
        "Install Fabric Manager of that version.",
        code="driver.other-fabric-manager",
    )


def _initramfs_problem(state: State, wanted: Expected) -> StackError | None:
    if not state.initramfs_stale:
        return None
    return StackError(
        f"The initramfs of kernel {state.kernel} is older than {wanted.settings}.",
        "The next boot would load nouveau from it.",
        "Rebuild it with `update-initramfs -u` or `dracut --force`.",
        code="driver.old-initramfs",
    )


def _key_problem(state: State) -> StackError | None:
    if state.signing_key is None:
        return StackError(
            "Secure Boot is on and there is no key that the module is signed with.",
            "dkms makes one when it builds a module.",
            "Run `dkms autoinstall`, or turn Secure Boot off.",
            code="driver.no-key",
        )
    if state.signer is None:
        return StackError(
            f"Secure Boot is on and the module of kernel {state.kernel} is not signed.",
            "It was built without the key, or signing failed.",
            "Remove it with `dkms remove`, build it again with `dkms autoinstall`,"
            " and read the messages about signing in its log.",
            code="driver.not-signed",
        )
    if state.enrolled:
        return None
    at_the_console = 'at the console choose "Enroll MOK", "Continue", "Yes" and give'
    if state.requested:
        return StackError(
            f"Secure Boot is on, and the key {state.signing_key} waits to be enrolled.",
            "It is confirmed at the console during the boot.",
            f"Reboot, and {at_the_console} the password that was chosen for it.",
            code="driver.key-waits",
        )
    return StackError(
        f"Secure Boot is on and the key {state.signing_key} is not enrolled.",
        "The kernel would refuse the module.",
        f"Run `mokutil --import {state.signing_key}`, choose a password, reboot,"
        f" and {at_the_console} that password.",
        code="driver.key-not-enrolled",
    )


def space_problem(state: State) -> StackError | None:
    """Return why /boot cannot take a new initramfs; None where it can, or where there is none."""
    if state.boot_free_mib is None or state.boot_needs_mib is None:
        return None
    if state.boot_free_mib >= state.boot_needs_mib:
        return None
    return StackError(
        f"/boot has {state.boot_free_mib} MiB left.",
        f"A new initramfs takes {state.boot_needs_mib} MiB.",
        "Remove kernels that are not needed (`apt autoremove`, `dnf remove --oldinstallonly`),"
        " and run the same command again.",
        code="driver.boot-full",
    )


def loaded_problem(state: State) -> StackError | None:
    """Return why the running driver is not the installed one, to the point release."""
    if state.loaded is None or state.loaded != state.module:
        return StackError(
            f"The running driver is {state.loaded or 'none'},"
            f" {state.module or 'nothing'} is installed.",
            "The kernel did not load the installed module.",
            "Read why with `dmesg | grep -i nvrm`.",
            code="driver.not-loaded",
        )
    if state.loaded_flavour != state.flavour:
        return StackError(
            f"The {state.loaded_flavour} module of driver {state.loaded} runs.",
            f"The {state.flavour} one is installed.",
            "Reboot.",
            code="driver.other-flavour",
        )
    # Not every kernel shows the version of its modules.
    if state.shown not in (None, state.loaded):
        return StackError(
            f"/proc says that driver {state.loaded} runs, /sys says {state.shown}.",
            "The module was exchanged while the old one was in use.",
            "Reboot.",
            code="driver.half-loaded",
        )
    if state.nvml != state.loaded:
        return StackError(
            f"The running driver is {state.loaded}.",
            f"NVML says {state.nvml or 'nothing'}.",
            "Read what `nvidia-smi` says, and which libnvidia-ml.so.1 `ldconfig -p` finds.",
            code="driver.nvml-failed",
        )
    return None
