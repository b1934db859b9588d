"""Names that a probe gives, and what they say: tools, libraries, NVSwitches, distributions of a family."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Each prints its version for --version.
PROGRAMS = ("git", "ninja", "cmake", "mokutil", "make", "nasm", "clang", "pkg-config")
TOOLS = (*PROGRAMS, "ffmpeg", "zlib")
# Libraries that opencv-python needs and that a server often lacks.
LIBRARIES = ("libGL.so.1", "libgthread-2.0.so.0")
# The NVSwitch of V100 (HGX-2; NVIDIA's documentation of Fabric Manager), and those of A100 and of H100
# and H200, after pci.ids 2026.08.22.
NVSWITCHES = ("10de:1ac2", "10de:1af1", "10de:22a3")
# A host of the vGPU manager shows each virtual function of its GPUs, 32 and more of one.
MOST_GPUS = 512
# An A100 has seven instances; a later GPU may have more.
MOST_INSTANCES = 64
OTHER = "other"
_IDS = {
    "debian": ("debian", "ubuntu"),
    "redhat": ("rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn"),
}
FAMILIES = (*_IDS, OTHER)


def family_of(name: str) -> str | None:
    """Return the family of a distribution by its ID of os-release, None where no table has it."""
    return next((family for family, ids in _IDS.items() if name in ids), None)


def family(name: str, like: Iterable[str]) -> str:
    """Return the family by ID, else by ID_LIKE; other where neither says it."""
    likes = {family_of(each) for each in like}
    return family_of(name) or next((each for each in _IDS if each in likes), OTHER)
