"""Parsers at their limits; what complete machines answer is in the recorded hosts."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import Unreadable
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import parsers
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import (
    Compiler,
    Package,
    Python,
    Torch,
)

NO_MARKS = {"/.dockerenv": None, "/run/.containerenv": None, "/proc/cpuinfo": None}


def test_pairs_are_read_without_quotes_and_lines_without_a_sign_are_left() -> None:
    text = "A=1\n# no\nB = \"x y\"\nC='z'\nD=a=b\n\nE\n"
    assert parsers.pairs(text) == {"A": "1", "B": "x y", "C": "z", "D": "a=b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID=rocky\nVERSION_ID=9.4\nID_LIKE='rhel centos fedora'", ("rocky", "9", "redhat")),
        ("ID=debian\nVERSION_ID=12", ("debian", "12", "debian")),
        ("ID=pop\nVERSION_ID=22.04\nID_LIKE='ubuntu debian'", ("pop", "22.04", "debian")),
        ("ID=arch", ("arch", "", "other")),
    ],
)
def test_a_distribution_has_a_family_and_a_version(
    text: str, expected: tuple[str, str, str]
) -> None:
    found = parsers.os_release(text)
    assert (found.id, found.version, found.family) == expected
    assert found.name == " ".join(expected[:2]).strip()
    assert parsers.os_release(f"{text}\nPRETTY_NAME=Nice").name == "Nice"


def test_without_an_id_the_distribution_is_unreadable() -> None:
    with pytest.raises(Unreadable) as caught:
        parsers.os_release("VERSION_ID=12")
    assert caught.value.code == "host.unknown-distribution"


def test_a_pci_function_has_its_ids_in_small_letters_and_its_class_with_zeros() -> None:
    text = "PCI_ID=10DE:2330\nPCI_CLASS=30200\nDRIVER=nvidia\nPCI_SUBSYS_ID=10DE:16C1\n"
    found = parsers.pci_function("0000:01:00.0", text)
    assert found is not None
    assert (found.pci_id, found.pci_class, found.slot) == ("10de:2330", "0302", "0000:01:00.0")
    assert (found.kernel_driver, found.subsystem) == ("nvidia", "10de:16c1")
    assert parsers.pci_function("0", "DRIVER=x") is None
    bare = parsers.pci_function("0", "PCI_ID=10de:2330")
    assert bare is not None
    assert bare.pci_class == "0000"
    assert not parsers.is_gpu(bare)


@pytest.mark.parametrize(
    ("pci", "device_class", "gpu", "switch"),
    [
        ("10de:2330", "30200", True, False),
        ("10de:2204", "30000", True, False),
        ("1002:2330", "30200", False, False),
        ("10de:22a3", "68000", False, True),
        ("10de:1af1", "68000", False, True),
        ("1002:22a3", "68000", False, False),
        ("10de:22ba", "40300", False, False),
    ],
)
def test_gpus_and_nvswitches_are_reported_apart(
    pci: str, device_class: str, *, gpu: bool, switch: bool
) -> None:
    found = parsers.pci_function("0", f"PCI_ID={pci}\nPCI_CLASS={device_class}\n")
    assert found is not None
    assert (parsers.is_gpu(found), parsers.is_nvswitch(found)) == (gpu, switch)


@pytest.mark.parametrize(
    ("text", "release", "flavour"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Sat", "535.161.08", False),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release",
            "580.65.06",
            True,
        ),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  610.57", "610.57", False),
    ],
)
def test_the_loaded_driver_has_a_release_and_a_flavour(
    text: str, release: str, *, flavour: bool
) -> None:
    found = parsers.loaded_driver(text)
    assert (found.version, found.flavour) == (release, "open" if flavour else "proprietary")


def test_another_line_is_unreadable() -> None:
    with pytest.raises(Unreadable) as caught:
        parsers.loaded_driver("NVRM version: new")
    assert caught.value.code == "host.unknown-driver"


def test_compilers_interpreters_and_torch_answer_or_are_none() -> None:
    assert parsers.compiler("/usr/bin/gcc", "13.3.0\n", "/g++") == Compiler(
        13, "13.3.0", "/usr/bin/gcc", "/g++"
    )
    assert parsers.compiler("/gcc", "8", None) == Compiler(8, "8", "/gcc", None)
    assert parsers.compiler("/gcc", "Apple clang 15", None) is None
    answer = json.dumps({"version": "3.11.2", "headers": 0, "venv": 1})
    assert parsers.interpreter("/p", answer) == Python("3.11.2", "/p", headers=False, venv=True)
    assert parsers.interpreter("/p", "Traceback") is None


@pytest.mark.parametrize(
    ("version", "cuda", "hip", "expected"),
    [
        ("2.4.0+cu121", "12.1", None, ("2.4.0", "cu121")),
        ("2.11.0", "13.0.2", None, ("2.11.0", "cu130")),
        ("2.11.0+cpu", None, None, ("2.11.0", "cpu")),
        ("2.11.0", "", None, ("2.11.0", "cpu")),
        ("2.11.0+rocm6", None, "6.0", None),
    ],
)
def test_a_torch_is_named_by_release_and_variant(
    version: str, cuda: str | None, hip: str | None, expected: tuple[str, str] | None
) -> None:
    text = json.dumps({"version": version, "cuda": cuda, "hip": hip})
    assert parsers.torch("/p", text) == (Torch("/p", *expected) if expected else None)
    assert parsers.torch("/p", "") is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('{"cuda": {"name": "CUDA SDK", "version": "12.8.20250303"}}', "12.8"),
        ('{"nvcc": {"version": "11.0"}, "cuda" : {"version":"12.4.1"}}', "12.4"),
        ("CUDA Version 10.2.89", "10.2"),
        ("Cuda compilation tools, release 13.0, V13.0.88", "13.0"),
        ("release 13.0", None),
    ],
)
def test_a_toolkit_says_its_version_in_three_ways(text: str, version: str | None) -> None:
    found = parsers.toolkit("/usr/local/cuda", text)
    assert (found and found.version) == version
    assert found is None or found.path == "/usr/local/cuda"


@pytest.mark.parametrize(
    ("text", "version"),
    [("git version 2.39.5", "2.39.5"), ("ffmpeg n7", None), ("uv 0.13.2 (x 2026)", "0.13.2")],
)
def test_the_first_number_with_a_dot_is_a_version(text: str, version: str | None) -> None:
    assert parsers.tool_version(text) == version


def test_packages_of_the_driver_have_their_origin() -> None:
    rows = [
        ("nvidia-driver-580", "580.1", "cuda <cuda@nvidia.com>", "installed"),
        ("libnvidia-compute-580", "580.1", "A <a@lists.ubuntu.com>", "installed"),
        ("nvidia-tesla-470-driver", "470.1", "B <b@lists.debian.org>", "installed"),
        ("cuda-drivers-580", "580.1", "C <c@example.net>", "installed"),
        ("nvidia-dkms-580", "580.1", "cuda <cuda@nvidia.com>", "config-files"),
        ("nvidia-container-toolkit", "1.17", "cuda <cuda@nvidia.com>", "installed"),
        ("git", "2", "A <a@lists.ubuntu.com>", "installed"),
    ]
    text = "\n".join("\t".join(row) for row in rows) + "\nnvidia-open\t1\tx\n"
    assert parsers.debian_packages(text) == (
        Package("nvidia-driver-580", "580.1", "nvidia"),
        Package("libnvidia-compute-580", "580.1", "distribution"),
        Package("nvidia-tesla-470-driver", "470.1", "distribution"),
        Package("cuda-drivers-580", "580.1", None),
    )
    red = "kmod-nvidia-open-dkms\t580.1\tNVIDIA\nkmod-nvidia\t1\tRocky\nbash\t5\tRocky\nnvidia-driver\t1\n"
    assert parsers.redhat_packages(red) == (
        Package("kmod-nvidia-open-dkms", "580.1", "nvidia"),
        Package("kmod-nvidia", "1", "distribution"),
    )


@pytest.mark.parametrize(("last", "expected"), [(0, False), (1, True), (2, False)])
def test_secure_boot_is_the_fifth_byte(last: int, *, expected: bool) -> None:
    assert parsers.secure_boot(bytes([6, 0, 0, 0, last])) is expected


@pytest.mark.parametrize("data", [b"", b"\6\0\0\0", b"\6\0\0\0\1\0"])
def test_another_length_of_secure_boot_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        parsers.secure_boot(data)
    assert caught.value.code == "host.unknown-secure-boot"


def test_memory_disk_and_c_library() -> None:
    assert parsers.memory_mib("MemFree: 1 kB\nMemTotal:       2097152 kB\n") == 2048
    assert parsers.memory_mib("MemTotal:       2097151 kB\n") == 2047
    assert parsers.memory_mib("") == 0
    head = "Filesystem 1048576-blocks Used Available Capacity Mounted on\n"
    assert parsers.disk_free_mib(f"{head}/dev/vda 9 1 8 12% /\n") == 8
    assert parsers.disk_free_mib(f"{head}/dev/vda 9 1 - 12% /\n") is None
    assert parsers.disk_free_mib(f"{head}/dev/vda 9 1\n") is None
    assert parsers.disk_free_mib(" \n") is None
    assert parsers.glibc("glibc 2.36\n") == "2.36"
    assert parsers.glibc("musl libc 1.2.4") is None


def test_a_library_is_listed_by_its_own_name() -> None:
    listing = "\tlibGL.so.1 (libc6,x86-64) => /usr/lib/libGL.so.1\n\tlibcuda.so.10 (libc6)\n"
    wanted = ("libGL.so.1", "libcuda.so.1")
    assert parsers.libraries(listing, wanted) == {"libGL.so.1": True, "libcuda.so.1": False}


@pytest.mark.parametrize(
    ("detect", "marks", "kind"),
    [
        ("none\n", {"/.dockerenv": ""}, "none"),
        ("docker", {}, "container"),
        ("lxc", {}, "container"),
        ("wsl\n", {}, "container"),
        ("systemd-nspawn", {}, "container"),
        ("kvm", {}, "vm"),
        ("", {"/.dockerenv": ""}, "container"),
        ("", {"/run/.containerenv": ""}, "container"),
        ("", {"/proc/cpuinfo": "flags : fpu hypervisor\n"}, "vm"),
        ("", {"/proc/cpuinfo": "flags : fpu hypervisors\n"}, "none"),
        ("", {}, "none"),
    ],
)
def test_virtualization_is_said_by_systemd_or_by_marks(
    detect: str, marks: dict[str, str], kind: str
) -> None:
    assert parsers.virtualization(detect, {**NO_MARKS, **marks}) == kind


def test_names_of_interpreters_and_compilers_are_picked_out_of_a_folder() -> None:
    pythons = ["python3.11", "python3", "python3-config", "python3.9", "python", "python3.11m"]
    compilers = ["gcc", "gcc-12", "gcc-ar", "gcc-12.3", "g++"]
    assert parsers.python_names([*pythons, *compilers]) == ["python3", "python3.11", "python3.9"]
    assert parsers.compiler_names([*pythons, *compilers]) == ["gcc", "gcc-12"]
