"""Parse the text of files and commands; each parser is pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..core.errors import Unreadable
from ..core.validation import is_number, parse_json
from . import known
from .model import Compiler, Distribution, Driver, Gpu, Package, Python, Toolkit, Torch, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DRIVER_LINE = re.compile(r"NVRM version: (.*?)\s(\d{3}\.\d+(?:\.\d+)*)\s")
_GPU_CLASSES = ("0300", "0302")
_DRIVER_PACKAGE = re.compile(
    r"(cuda-drivers|nvidia-(driver|open|dkms|kernel|headless|tesla|fabric-?manager)|"
    r"libnvidia-compute|kmod-nvidia|linux-modules-nvidia|nvidia-linux-grid)[\w.+-]*"
)


def pairs(text: str) -> dict[str, str]:
    """Parse lines of NAME=VALUE, as in uevent and os-release; quotes are removed."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found[name.strip()] = value.strip().strip("\"'")
    return found


def os_release(text: str) -> Distribution:
    """Parse os-release(5). Raises ``Unreadable`` if it has no ID."""
    found = pairs(text)
    if "ID" not in found:
        raise Unreadable(
            "The distribution is not known.",
            "/etc/os-release has no ID.",
            "Restore the file from the package base-files or the release package.",
            code="host.unknown-distribution",
        )
    likes = tuple(found.get("ID_LIKE", "").split())
    family = known.family(found["ID"], likes)
    number = found.get("VERSION_ID", "")
    # Point releases of RHEL and its rebuilds share one row: 9.4 is 9.
    number = number.partition(".")[0] if family == "redhat" else number
    name = one_line(found.get("PRETTY_NAME", "")) or f"{found['ID']} {number}".strip()
    if family in (known.OTHER, known.family_of(found["ID"])):
        return Distribution(found["ID"], number, family, name)
    codenames = ("UBUNTU_CODENAME", "DEBIAN_CODENAME", "VERSION_CODENAME")
    return Distribution(
        found["ID"],
        number,
        family,
        name,
        likes,
        next((found[key] for key in codenames if found.get(key)), ""),
        found.get("PLATFORM_ID", "").partition(":")[2],
    )


def pci_function(slot: str, uevent: str) -> Gpu | None:
    """Parse the uevent file of one PCI function; return None if it has no PCI id."""
    found = pairs(uevent)
    if "PCI_ID" not in found:
        return None
    return Gpu(
        slot,
        found["PCI_ID"].lower(),
        # The kernel writes class and interface without leading zeros: 30200 is 0302, 00.
        found.get("PCI_CLASS", "").zfill(6)[:4].lower(),
        found.get("DRIVER"),
        found["PCI_SUBSYS_ID"].lower() if "PCI_SUBSYS_ID" in found else None,
    )


def is_gpu(function: Gpu) -> bool:
    """Return whether a PCI function is a GPU, not an audio, USB or bridge function of NVIDIA."""
    return function.pci_id.startswith("10de:") and function.pci_class in _GPU_CLASSES


def is_nvswitch(function: Gpu) -> bool:
    """Return whether a PCI function is an NVSwitch."""
    return function.pci_id in known.NVSWITCHES


def loaded_driver(text: str) -> Driver:
    """Parse /proc/driver/nvidia/version. Raises ``Unreadable``."""
    match = _DRIVER_LINE.search(text + " ")
    if not match:
        raise Unreadable(
            "The version of the loaded NVIDIA driver is not known.",
            f"/proc/driver/nvidia/version reads {text.strip()[:80]!r}.",
            "Report this line; until then plan with --installed-driver VERSION.",
            code="host.unknown-driver",
        )
    return Driver(
        match.group(2), "open" if "Open Kernel Module" in match.group(1) else "proprietary"
    )


def compiler(path: str, text: str, cxx: str | None) -> Compiler | None:
    """Parse ``gcc -dumpfullversion``; return None for another compiler of that name."""
    match = re.fullmatch(r"(\d+)(\.\d+)*", text.strip())
    return Compiler(int(match.group(1)), match.group(), path, cxx) if match else None


def interpreter(path: str, text: str) -> Python | None:
    """Parse the output of PYTHON_QUESTION; return None if it is not valid."""
    found = _mapping(text)
    version = found.get("version")
    if not isinstance(version, str) or not _PYTHON_VERSION.fullmatch(version):
        return None
    return Python(version, path, bool(found.get("headers")), bool(found.get("venv")))


def python_files(text: str) -> list[str]:
    """Return the files that the output of PYTHON_QUESTION depends on beside the program."""
    files = _mapping(text).get("files")
    return [path for path in files if isinstance(path, str)] if isinstance(files, list) else []


def _mapping(text: str) -> dict[str, object]:
    try:
        found = parse_json(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_PYTHON_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){2}")
# Prints one line of JSON; works on every Python 3. A program that only loads its library changes
# with that, and headers and ensurepip come with packages of their own.
PYTHON_QUESTION = (
    "import importlib.util as u,json,os,sys,sysconfig as s;"
    "v=s.get_config_var;j=os.path.join;p=s.get_paths();h=j(p['include'],'Python.h');"
    "print(json.dumps({'version':'%d.%d.%d'%sys.version_info[:3],"
    "'headers':os.path.exists(h),'venv':u.find_spec('ensurepip') is not None,"
    "'files':[h,j(p['stdlib'],'ensurepip'),j(v('LIBDIR') or '',v('INSTSONAME') or '')]}))"
)


# Prints one line of JSON about the torch of an interpreter, without importing it.
TORCH_QUESTION = (
    "import json,runpy;from importlib import metadata as m;d=m.distribution('torch');"
    "v=runpy.run_path(str(d.locate_file('torch/version.py')));"
    "print(json.dumps({'version':d.version,'cuda':v.get('cuda'),'hip':v.get('hip')}))"
)


def torch(python: str, text: str) -> Torch | None:
    """Parse the output of TORCH_QUESTION; return None without torch, or for a build for ROCm."""
    try:
        found = parse_json(text)
    except ValueError:
        return None
    if found["hip"]:
        return None
    cuda = (found["cuda"] or "").split(".")[:2]
    variant = "cu" + "".join(cuda) if any(cuda) else "cpu"
    return Torch(python, found["version"].partition("+")[0], variant)


def toolkit(path: str, text: str) -> Toolkit | None:
    """Parse version.json (11.1 and newer), version.txt or ``nvcc --version``; else return None."""
    match = re.search(r'"cuda"\s*:\s*\{[^}]*"version"\s*:\s*"(\d+\.\d+)', text)
    match = match or re.search(r"CUDA Version (\d+\.\d+)", text)
    match = match or re.search(r"Cuda compilation tools, release (\d+\.\d+)", text)
    return Toolkit(match.group(1), path) if match else None


def tool_version(text: str) -> str | None:
    """Return the first version number in the output of ``--version``."""
    match = re.search(r"\d+(\.\d+)+", text)
    return match.group() if match else None


# Not the packages of one kernel, which begin with its number, nor those without headers.
_KERNEL_META = re.compile(r"linux-image-(?!unsigned-|extra-|\d)[a-z0-9.-]+(?<!-dbg)")


def debian_packages(text: str) -> tuple[Package, ...]:
    """Parse ``dpkg-query -W``: lines of name, version, maintainer and state, separated by tabs."""
    rows = [line.split("\t") for line in text.splitlines()]
    return tuple(
        Package(name, number, _debian_origin(maintainer))
        for name, number, maintainer, state in (row for row in rows if len(row) == 4)  # noqa: PLR2004
        if state == "installed" and _DRIVER_PACKAGE.fullmatch(name)
    )


def kernel_meta(text: str) -> tuple[str, ...]:
    """Return the meta packages of kernels, such as linux-image-aws, from the same lines."""
    rows = [line.split("\t") for line in text.splitlines()]
    return tuple(
        row[0] for row in rows if row[-1] == "installed" and _KERNEL_META.fullmatch(row[0])
    )


def kernel_modules(text: str, release: str) -> tuple[str, ...]:
    """Return NVIDIA's modules for a kernel, or for kernels of its flavour, of a list of names."""
    flavour = re.sub(r"^[0-9.]+-[0-9.]+-", "", release)
    fits = re.compile(
        rf"linux-modules-nvidia-\d+(-server)?(-open)?-({re.escape(release)}|{re.escape(flavour)}(-(hwe|lts)-[\d.]+)?)"
    )
    return tuple(sorted(name for name in text.split() if release and fits.fullmatch(name)))


def _debian_origin(maintainer: str) -> str | None:
    if "nvidia.com" in maintainer:
        return "nvidia"
    return "distribution" if re.search(r"debian\.org|ubuntu\.com", maintainer) else None


def redhat_packages(text: str) -> tuple[Package, ...]:
    """Parse ``rpm -qa``: lines of name, version and vendor, separated by tabs."""
    rows = [line.split("\t") for line in text.splitlines()]
    return tuple(
        Package(name, number, "nvidia" if "nvidia" in vendor.lower() else "distribution")
        for name, number, vendor in (row for row in rows if len(row) == 3)  # noqa: PLR2004
        if _DRIVER_PACKAGE.fullmatch(name)
    )


def secure_boot(variable: bytes) -> bool:
    """Parse the EFI variable SecureBoot: four bytes of attributes, one of state."""
    if len(variable) != 5:  # noqa: PLR2004
        raise Unreadable(
            "The state of Secure Boot is not known.",
            f"Its EFI variable has {len(variable)} bytes, not 5.",
            "Find it with mokutil --sb-state and plan with --secure-boot where it is on.",
            code="host.unknown-secure-boot",
        )
    return variable[4] == 1


def memory_mib(text: str) -> int:
    """Return MemTotal of /proc/meminfo in MiB; 0 if it is missing."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    return int(match.group(1)) // 1024 if match else 0


def disk_free_mib(text: str) -> int | None:
    """Return the fourth column of ``df -Pm``, the free MiB."""
    columns = text.strip().splitlines()[-1].split() if text.strip() else []
    return int(columns[3]) if len(columns) > 3 and is_number(columns[3]) else None  # noqa: PLR2004


def glibc(text: str) -> str | None:
    """Parse ``getconf GNU_LIBC_VERSION``; return None for another C library."""
    match = re.search(r"glibc (\d+\.\d+)", text)
    return match.group(1) if match else None


def library_path(text: str, name: str, machine: str) -> str | None:
    """Return the path of a shared library of this machine in ``ldconfig -p``, None where it is not."""
    word = {"x86_64": "x86-64", "aarch64": "AArch64"}.get(machine, "")
    for line in text.splitlines():
        label, _arrow, path = line.partition(" => ")
        if label.split()[:1] == [name] and word in label:
            return path.strip()
    return None


def library_release(path: str) -> str | None:
    """Return the release in the name of a library of the driver, as libcuda.so.580.65.06 has it."""
    match = re.search(r"\.so\.(\d{3}(?:\.\d+)+)$", path.strip())
    return match.group(1) if match else None


def libraries(text: str, wanted: tuple[str, ...]) -> dict[str, bool]:
    """Return for each shared library whether ``ldconfig -p`` lists it."""
    listed = set(text.split())
    return {name: name in listed for name in wanted}


def virtualization(detect: str, files: Mapping[str, str | None]) -> str:
    """Return none, container or vm, by systemd-detect-virt or by files of container runtimes."""
    word = detect.strip()
    if word == "none":
        return "none"
    containers = (
        "docker",
        "podman",
        "lxc",
        "lxc-libvirt",
        "systemd-nspawn",
        "container-other",
        "wsl",
    )
    if word:
        return "container" if word in containers else "vm"
    if files["/.dockerenv"] is not None or files["/run/.containerenv"] is not None:
        return "container"
    if "hypervisor" in (files["/proc/cpuinfo"] or "").split():
        return "vm"
    return "none"


def python_names(names: Iterable[str]) -> list[str]:
    """Return python3.N and python3 among the names of a folder."""
    return sorted(n for n in names if re.fullmatch(r"python3(\.\d+)?", n))


def compiler_names(names: Iterable[str]) -> list[str]:
    """Return gcc and gcc-N among the names of a folder."""
    return sorted(n for n in names if re.fullmatch(r"gcc(-\d+)?", n))
