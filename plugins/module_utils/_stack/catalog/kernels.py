"""Kernels of distributions: flavours, and the packages of their headers and of NVIDIA's modules."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

UBUNTU_KERNELS = Source(
    "linux-meta and linux-restricted-modules of Ubuntu 22.04 and 24.04; NVIDIA's DGX guide",
    "2026-11-30",
)
UBUNTU_REALTIME = Source("documentation of the real-time kernel of Ubuntu", "2026-11-30")
DEBIAN_KERNELS = Source("package lists of the Debian archive", "2026-11-30", "measured")
PROXMOX = Source("Proxmox VE administration guide, host system", "2026-11-30")
RED_HAT_KERNELS = Source(
    "kernel.spec of Red Hat Enterprise Linux 8 to 10: names and uname -r of each variant",
    "2026-11-30",
)
ORACLE_KERNELS = Source("Unbreakable Enterprise Kernel release notes", "2026-11-30")
AMAZON_KERNELS = Source("Amazon Linux 2023 user guide, kernel 6.1 and 6.12", "2026-11-30")
AZURE_KERNELS = Source("package list of Azure Linux 3.0", "2026-11-30", "uncertain")


class DebKernelRow(NamedTuple):
    """A kernel flavour of Debian or Ubuntu, which ends the release of such a kernel.

    ``metas`` are the beginnings of its meta packages after linux-image-, such as generic in
    linux-image-generic-hwe-24.04. ``hwe`` flavours of a series newer than the release's own have a
    meta package with -hwe-RELEASE. ``modules`` is true where the archive has NVIDIA's modules
    built for it. ``headers`` is the package of the headers of one kernel.
    """

    distribution: str
    flavour: str
    metas: tuple[str, ...]
    hwe: bool
    modules: bool
    source: Source
    headers: str = "linux-headers-{release}"


class RpmKernelRow(NamedTuple):
    """A kernel of the Red Hat family: a pattern of its release, and the packages of its headers.

    ``{version}`` is the group of that name in the pattern, ``{series}`` another.
    """

    flavour: str
    release: str
    packages: tuple[str, ...]
    source: Source


def _ubuntu(
    flavour: str, *more: str, hwe: bool = False, modules: bool = True, source: Source | None = None
) -> DebKernelRow:
    return DebKernelRow("ubuntu", flavour, (flavour, *more), hwe, modules, source or UBUNTU_KERNELS)


def _debian(flavour: str) -> DebKernelRow:
    return DebKernelRow(
        "debian", flavour, (flavour,), hwe=False, modules=False, source=DEBIAN_KERNELS
    )


DEB_KERNELS = (
    _ubuntu("generic", "virtual", hwe=True),
    _ubuntu("generic-64k", hwe=True),
    _ubuntu("lowlatency", hwe=True),
    _ubuntu("lowlatency-64k", hwe=True),
    _ubuntu("aws"),
    _ubuntu("aws-64k"),
    _ubuntu("gcp"),
    _ubuntu("gcp-64k"),
    _ubuntu("azure"),
    _ubuntu("azure-fde"),
    _ubuntu("oracle"),
    _ubuntu("oracle-64k"),
    _ubuntu("nvidia", hwe=True),
    _ubuntu("nvidia-64k", hwe=True),
    _ubuntu("oem", modules=False),
    _ubuntu("ibm", modules=False),
    _ubuntu("gke", modules=False),
    _ubuntu("kvm", modules=False),
    _ubuntu("realtime", hwe=True, modules=False, source=UBUNTU_REALTIME),
    _debian("amd64"),
    _debian("cloud-amd64"),
    _debian("rt-amd64"),
    _debian("arm64"),
    _debian("cloud-arm64"),
    _debian("rt-arm64"),
    _debian("arm64-16k"),
    _debian("arm64-64k"),
    DebKernelRow(
        "debian", "pve", ("pve",), hwe=False, modules=False, source=PROXMOX,
        headers="proxmox-headers-{release}",
    ),
)  # fmt: skip

# Derivatives of Ubuntu that build their own kernels, for which its archive has no modules.
OWN_KERNELS = ("pop", "tuxedo")
# The kernel series that a release of Ubuntu began with; newer ones are those of -hwe-.
FIRST_SERIES = {"22.04": "5.15", "24.04": "6.8", "26.04": "7.0"}

_BUILD = r"[0-9][0-9.]*-[0-9][0-9.]*"
_EL = rf"{_BUILD}\.el[0-9]+(?:_[0-9]+)?(?:\.[0-9]+)*\.(?:x86_64(?:_v2)?|aarch64)"
_RT_IN_THE_MIDDLE = rf"{_BUILD}\.rt[0-9.]+\.el[89](?:_[0-9]+)?\.x86_64"
_USER = ("kernel-headers",)
# The first row whose pattern fits a release completely is used.
RPM_KERNELS = (
    RpmKernelRow("default", rf"(?P<version>{_EL})", ("kernel-devel-{version}", *_USER), RED_HAT_KERNELS),
    *(
        RpmKernelRow(
            name, rf"(?P<version>{_EL})\+{name}", (f"kernel-{name}-devel-{{version}}", *_USER), RED_HAT_KERNELS
        )
        for name in ("64k", "64k-debug", "debug", "rt", "rt-64k", "rt-debug")
    ),
    # The release of a real-time kernel of 8, and of 9 until 9.2, says so in its middle.
    *(
        RpmKernelRow(
            name, rf"(?P<version>{_RT_IN_THE_MIDDLE}){end}", (f"kernel-{name}-devel-{{version}}", *_USER), RED_HAT_KERNELS
        )
        for name, end in (("rt", ""), ("rt-debug", r"\+debug"))
    ),
    RpmKernelRow(
        "uek", rf"(?P<version>{_BUILD}\.el[0-9]+uek\.(?:x86_64|aarch64))",
        ("kernel-uek-devel-{version}", *_USER), ORACLE_KERNELS,
    ),
    RpmKernelRow(
        "uek64k", rf"(?P<version>{_BUILD}\.el[0-9]+uek\.aarch64)[+.]?64k",
        ("kernel-uek64k-devel-{version}", *_USER), ORACLE_KERNELS,
    ),
    RpmKernelRow(
        "uek-debug", rf"(?P<version>{_BUILD}\.el[0-9]+uek\.(?:x86_64|aarch64))[+.]debug",
        ("kernel-uek-debug-devel-{version}", *_USER), ORACLE_KERNELS,
    ),
    RpmKernelRow(
        "fedora", rf"(?P<version>{_BUILD}\.fc[0-9]+\.(?:x86_64|aarch64))",
        ("kernel-devel-{version}", *_USER), RED_HAT_KERNELS,
    ),
    RpmKernelRow(
        "amazon", r"(?P<version>6\.1\.[0-9.]+-[0-9.]+\.amzn2023\.(?:x86_64|aarch64))",
        ("kernel-devel-{version}", *_USER, "kernel-modules-extra-{version}"), AMAZON_KERNELS,
    ),
    RpmKernelRow(
        "amazon", r"(?P<version>(?P<series>[0-9]+\.[0-9]+)\.[0-9.]+-[0-9.]+\.amzn2023\.(?:x86_64|aarch64))",
        ("kernel{series}-devel-{version}", "kernel{series}-headers", "kernel{series}-modules-extra-{version}"),
        AMAZON_KERNELS,
    ),
    RpmKernelRow(
        "azure", rf"(?P<version>{_BUILD}\.azl[0-9]+)", ("kernel-devel-{version}", *_USER), AZURE_KERNELS,
    ),
)  # fmt: skip
# Where no kernel is known, as in a what-if.
RPM_UNKNOWN = ("kernel-devel", *_USER)
