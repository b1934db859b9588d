"""Driver branches: what they drive, how long they live, and which kernel module goes with them."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

BRANCHES_PAGE = Source(
    "https://docs.nvidia.com/datacenter/tesla/drivers/releases.json and the branch tables of 615 and 620",
    "2026-11-30",
)
OLD_BRANCHES = Source(
    "NVIDIA's table of CUDA and drivers of March 2021 (RN-08625-001); release announcements",
    "2026-11-30",
    "uncertain",
)
TAGS = Source("tags of NVIDIA/open-gpu-kernel-modules", "2026-11-30", "measured")
PACKAGED_KERNELS = Source(
    "the newest kernel that Gentoo's nvidia-drivers accepts with the newest release that it had of a branch",
    "2026-11-30",
    "documented",
)
KERNEL_PATCHES = Source(
    "patches that Frogging-Family/nvidia-all has for newer kernels; void-packages issue 53759",
    "2026-11-30",
    "documented",
)
UNBOUNDED = Source("its releases still follow new kernels", "2026-11-30")
LEGACY_LIST = Source(
    "NVIDIA forum thread 60588 (deprecation schedule); branch table of 615", "2026-11-22"
)
ID_RANGES = Source(
    "all 832 ids of pci.ids 2026.08.22 against their chip family; supported-gpus.json of 615.71.09",
    "2026-11-22",
    "measured",
)
INSTALL_PAGE = Source(
    "NVIDIA Driver Installation Guide, package names by distribution and branch", "2026-11-22"
)
MODULE_PAGE = Source('NVIDIA Driver Installation Guide, page "Kernel modules"', "2026-11-22")
OPEN_ONLY_POST = Source(
    'NVIDIA blog "NVIDIA Transitions Fully Towards Open-Source GPU Kernel Modules"', "2026-11-22"
)
FABRIC = Source(
    "NVIDIA/gpu-driver-container @06a208c (ubuntu24.04/install.sh, nvidia-driver)", "2026-11-22"
)
REAL_TIME_CHECK = Source(
    "preempt_rt_sanity_check in kernel-open/Kbuild of NVIDIA/open-gpu-kernel-modules", "2026-11-30"
)
SIGNATURES = Source(
    "Ubuntu package listings; NVIDIA's repository builds modules with DKMS", "2026-11-22"
)


class BranchRow(NamedTuple):
    """A driver branch; versions are text.

    ``newest`` is the newest known release, ``life`` its designation, ``ends`` the month its support
    ends ("" where it is not known), ``first_device`` and ``last_device`` bound the PCI ids
    that it drives. ``kernel`` is the newest Linux that its modules build on, "" where none is known
    to be too new; ``kernel_source`` vouches for it.
    """

    branch: str
    newest: str
    life: str
    ends: str
    first_device: str
    last_device: str
    source: Source
    kernel: str = ""
    kernel_source: Source = UNBOUNDED


class FirstDriverRow(NamedTuple):
    """The first driver release for chips of one compute capability."""

    capability: str
    driver: str
    source: Source


class RangeRow(NamedTuple):
    """What the PCI id alone says, also about an id that no table knows.

    ``capability`` is the lowest of these families, for a GPU whose id says less than what its driver
    measured.
    """

    first: str
    last: str
    families: str
    last_branch: str | None
    flavour: str
    source: Source
    capability: str = "0"


class NamesRow(NamedTuple):
    """How NVIDIA's repository names the driver from a branch on, and what it needs beside it.

    ``naming`` is that of a DistributionRow. The packages of either kernel module are named by
    themselves where the package manager would keep the conflicting module. ``beside`` are the
    daemon that keeps GPUs initialised and what holds a release; ``fabric`` is Fabric Manager.
    In names ``{branch}`` and ``{release}`` (a pattern, such as 580.*) are replaced.
    """

    naming: str
    first_branch: str
    open: tuple[str, ...]
    proprietary: tuple[str, ...]
    beside: tuple[str, ...]
    fabric: str
    source: Source


class HoldRow(NamedTuple):
    """What keeps the driver on its release on a family of distributions.

    ``held`` are patterns of packages, ``every_branch`` packages that work with each branch and that
    a distribution has in releases of their own, ``unattended`` the beginnings of names that
    unattended upgrades leave alone, ``kernel`` those of kernels, for prebuilt modules.
    ``needs`` are packages without which nothing is held.
    """

    held: tuple[str, ...]
    every_branch: tuple[str, ...]
    unattended: tuple[str, ...]
    kernel: tuple[str, ...]
    needs: tuple[str, ...]


# fmt: off
BRANCHES = (
    # branch  newest seen  designation  support ends  first device  last device  source  newest kernel
    BranchRow("450", "450.248.02", "former LTSB", "2023-07", "0fa0", "20ff", OLD_BRANCHES, "5.12", PACKAGED_KERNELS),
    BranchRow("455", "455.45.01", "evaluation", "", "0fa0", "25ff", OLD_BRANCHES, "5.9", PACKAGED_KERNELS),
    BranchRow("460", "460.106.00", "former production", "2022-01", "0fa0", "25ff", OLD_BRANCHES, "5.13", PACKAGED_KERNELS),
    BranchRow("465", "465.31", "new feature", "", "0fa0", "25ff", OLD_BRANCHES, "5.12", PACKAGED_KERNELS),
    BranchRow("470", "470.256.02", "legacy", "2024-09", "0fa0", "25ff", LEGACY_LIST, "6.11", KERNEL_PATCHES),
    BranchRow("495", "495.46", "new feature", "", "1340", "25ff", OLD_BRANCHES, "5.15", PACKAGED_KERNELS),
    BranchRow("510", "510.108.03", "former production", "", "1340", "25ff", OLD_BRANCHES, "6.1", PACKAGED_KERNELS),
    BranchRow("515", "515.105.01", "former production", "", "1340", "25ff", TAGS, "6.2", PACKAGED_KERNELS),
    BranchRow("520", "520.61.07", "evaluation", "", "1340", "28ff", TAGS, "6.0", PACKAGED_KERNELS),
    BranchRow("525", "525.147.05", "former production", "", "1340", "28ff", TAGS, "6.7", PACKAGED_KERNELS),
    BranchRow("530", "530.41.03", "new feature", "", "1340", "28ff", TAGS, "6.3", PACKAGED_KERNELS),
    BranchRow("535", "535.274.02", "LTSB", "2026-06", "1340", "28ff", BRANCHES_PAGE, "6.18", PACKAGED_KERNELS),
    BranchRow("545", "545.29.06", "new feature", "", "1340", "28ff", TAGS, "6.7", PACKAGED_KERNELS),
    BranchRow("550", "550.163.01", "former production", "2025-06", "1340", "28ff", BRANCHES_PAGE, "6.14", PACKAGED_KERNELS),
    BranchRow("555", "555.58.02", "new feature", "", "1340", "28ff", TAGS, "6.10", PACKAGED_KERNELS),
    BranchRow("560", "560.35.03", "new feature", "", "1340", "28ff", TAGS, "6.10", PACKAGED_KERNELS),
    BranchRow("565", "565.77", "new feature", "", "1340", "28ff", TAGS, "6.12", PACKAGED_KERNELS),
    BranchRow("570", "570.211.01", "former production", "2026-02", "1340", "2fff", TAGS, "6.18", PACKAGED_KERNELS),
    BranchRow("575", "575.64.05", "new feature", "", "1340", "2fff", TAGS, "6.16", PACKAGED_KERNELS),
    BranchRow("580", "580.178.04", "LTSB", "2028-06", "1340", "ffff", BRANCHES_PAGE),
    BranchRow("590", "590.48.01", "new feature", "", "1e00", "ffff", TAGS, "6.18", PACKAGED_KERNELS),
    BranchRow("595", "595.91.07", "production", "2027-03", "1e00", "ffff", BRANCHES_PAGE),
    BranchRow("610", "610.57.04", "new feature", "2026-08", "1e00", "ffff", BRANCHES_PAGE, "7.1", KERNEL_PATCHES),
    BranchRow("615", "615.71.09", "new feature", "", "1e00", "ffff", BRANCHES_PAGE),
    BranchRow("620", "620.70.06", "LTSB", "2029-09", "1e00", "ffff", BRANCHES_PAGE),
)

# A chip needs a driver that knows it, whatever the CUDA rule says.
FIRST_DRIVERS = (
    FirstDriverRow("8.9", "520.56.06", Source("driver 520 release notes", "2026-11-22", "uncertain")),
    FirstDriverRow("9.0", "525.60.13", Source("driver 525 release notes", "2026-11-22", "uncertain")),
    FirstDriverRow("10.0", "570.26", BRANCHES_PAGE),
    FirstDriverRow("12.0", "570.86.16", BRANCHES_PAGE),
    FirstDriverRow("10.3", "580.82.07", BRANCHES_PAGE),
    FirstDriverRow("12.1", "580.94.13", BRANCHES_PAGE),
    FirstDriverRow("11.0", "580.65.06", Source("CUDA 13.0 release notes", "2026-11-22", "uncertain")),
    FirstDriverRow("10.7", "615", Source("CUDA 13.4 release notes", "2026-11-22", "uncertain")),
)

RANGES = (
    # first  last  families  last branch  kernel module  source  lowest capability
    RangeRow("0000", "133f", "Kepler or older", "470", "proprietary", ID_RANGES, "0"),
    RangeRow("1340", "1dff", "Maxwell, Pascal or Volta", "580", "proprietary", ID_RANGES, "5.0"),
    RangeRow("1e00", "ffff", "Turing or newer", None, "open", ID_RANGES, "7.5"),
)
# A GPU of which neither id nor capability is known can be of any family.
ANY_FAMILY = RangeRow("0000", "ffff", "unknown", None, "any", ID_RANGES)
# Windows numbers the releases of a branch up to this far beyond its name: 471 to 475 are of 470.
WINDOWS_NUMBERS = 5

# Architectures whose chips run with the open kernel module only.
OPEN_ONLY = ("Blackwell", "Rubin")
# The first branch whose open module drives data-centre and desktop GPUs alike.
FIRST_OPEN_BRANCH = "560"
# The first branch with an open module at all, and the first that has no other.
OPEN_FROM, OPEN_ONLY_FROM = "515", "620"

VERSION_LOCK = "python3-dnf-plugin-versionlock"
_RPM_BESIDE = ("nvidia-persistenced", VERSION_LOCK)
_RPM_FABRIC = "nvidia-fabric-manager-{release}"
# Of each naming, the last row whose first branch is not newer applies.
NAMES = (
    # naming  from branch  open module  proprietary module  beside  Fabric Manager
    NamesRow("ubuntu", "0", ("nvidia-open-{branch}={release}", "nvidia-dkms-{branch}-open={release}"),
             ("cuda-drivers-{branch}={release}", "nvidia-dkms-{branch}={release}"),
             (), "nvidia-fabricmanager-{branch}", INSTALL_PAGE),
    NamesRow("ubuntu", "580", ("nvidia-open-{branch}={release}", "nvidia-dkms-{branch}-open={release}"),
             ("cuda-drivers-{branch}={release}", "nvidia-dkms-{branch}={release}"),
             (), "nvidia-fabricmanager", INSTALL_PAGE),
    NamesRow("ubuntu", "590", ("nvidia-open={release}", "nvidia-dkms-open={release}"),
             ("cuda-drivers={release}", "nvidia-dkms={release}"),
             (), "nvidia-fabricmanager", INSTALL_PAGE),
    NamesRow("debian", "0", ("nvidia-open={release}", "nvidia-kernel-open-dkms={release}"),
             ("cuda-drivers={release}", "nvidia-kernel-dkms={release}"),
             ("nvidia-persistenced",), "nvidia-fabricmanager-{branch}", INSTALL_PAGE),
    NamesRow("debian", "580", ("nvidia-open={release}", "nvidia-kernel-open-dkms={release}"),
             ("cuda-drivers={release}", "nvidia-kernel-dkms={release}"),
             ("nvidia-persistenced",), "nvidia-fabricmanager", INSTALL_PAGE),
    NamesRow("stream", "0", ("@nvidia-driver:{branch}-open",), ("@nvidia-driver:{branch}-dkms",),
             _RPM_BESIDE, _RPM_FABRIC, INSTALL_PAGE),
    NamesRow("suffix", "0", ("nvidia-open-{branch}",), ("cuda-drivers-{branch}",),
             _RPM_BESIDE, _RPM_FABRIC, INSTALL_PAGE),
)

# The switches of NVLink 5 are managed over InfiniBand.
NVLINK5_PACKAGES = ("nvlsm", "infiniband-diags")
# What shares memory between the hosts of a rack.
IMEX = "nvidia-imex"
# What DKMS signs modules with, and what asks the firmware for its keys.
SIGNING_PACKAGES = ("openssl", "mokutil")
SERVICES, FABRIC_SERVICES = ("nvidia-persistenced",), ("nvidia-fabricmanager",)

HOLDS = {
    "debian": HoldRow(
        ("*nvidia*", "cuda-drivers*", "libcuda1", "libcudadebugger1", "libnvcuvid1", "libnvoptix1", "libnvsdm*", "libxnvctrl*"),
        ("nvidia-modprobe", "nvidia-persistenced", "nvidia-settings", "nvidia-xconfig"),
        ("nvidia-", "libnvidia-", "libcuda", "cuda-drivers", "linux-modules-nvidia-"),
        ("linux-image-", "linux-modules-"), ()),
    "redhat": HoldRow(
        ("nvidia-driver*", "nvidia-kmod-common", "nvidia-persistenced", "nvidia-modprobe", "nvidia-settings", "nvidia-xconfig",
         "nvidia-imex", "nvidia-fabric-manager", "nvidia-libXNVCtrl*", "nvidia-open*", "cuda-drivers*", "kmod-nvidia*",
         "libnvidia-cfg", "libnvidia-fbc", "libnvidia-gpucomp", "libnvidia-ml", "libnvidia-nscq", "libnvsdm", "xorg-x11-nvidia"),
        (), (), (), (VERSION_LOCK,)),
}
# fmt: on
