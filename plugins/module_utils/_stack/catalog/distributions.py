"""Linux distributions: package sources of driver and toolkit, keys, compilers, package names."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

NVIDIA_REPOSITORY = Source(
    "https://developer.download.nvidia.com/compute/cuda/repos/ and the Driver Installation Guide",
    "2026-11-22",
)
KEYS = Source("NVIDIA/cuda-repo-management issues 4, 30, 34, 39, 44", "2026-11-22")
UBUNTU_LISTINGS = Source("Ubuntu package listings", "2026-11-22")
DEBIAN_LISTS = Source("package lists of the Debian archive", "2026-11-22", "measured")
OLD_DEBIAN_LISTS = Source("package lists of Debian 11", "2026-11-30", "uncertain")
STREAMS = Source(
    "nvidia-driver-assistant 0.23.48 (third-party copy); NVIDIA/yum-packaging-precompiled-kmod",
    "2026-11-22",
    "uncertain",
)
EXPECTED = Source(
    "first releases in NVIDIA's directory for the distribution, unverified",
    "2026-11-22",
    "uncertain",
)
DRIVER_GUIDE = Source(
    "NVIDIA Driver Installation Guide 580, 610 and 620, tables of distributions and of kernel modules",
    "2026-11-30",
)
AMAZON_LISTS = Source("Amazon Linux 2023 release notes, package list", "2026-11-30", "uncertain")
FEDORA_LISTS = Source("Fedora change sets of glibc, GCC and Python", "2026-11-30", "uncertain")
DNF_5 = "the roles do not hold a driver with dnf 5, the package manager of Fedora"
COMPILERS = Source("package lists of the distribution", "2026-11-22", "uncertain")


# A kernel or its flavour in the name of a package.
KERNEL = "{kernel}"


class SigningKey(NamedTuple):
    """The key of a repository: its file in the directory of the packages, and its fingerprint."""

    file: str
    fingerprint: str


class ArchiveRow(NamedTuple):
    """A driver branch in the distribution's own archive, with its packages by flavour.

    ``{kernel}`` stands for a kernel or its flavour, such as generic: the module is built for it.
    """

    branch: str
    version: str
    open: tuple[str, ...]
    proprietary: tuple[str, ...]
    signed: bool
    source: Source

    def names(self, flavour: str | None) -> tuple[str, ...]:
        """Return the packages with one of the kernel modules; the open one where none is named."""
        return self.proprietary if flavour == "proprietary" else self.open


class ToolkitArchiveRow(NamedTuple):
    """The CUDA toolkit in the distribution's own archive, and the folder that its packages fill.

    They depend on the driver's libraries, and install those of ``driver`` where there are none.
    """

    cuda: str
    driver: str
    packages: tuple[str, ...]
    home: str
    source: Source


class DistributionRow(NamedTuple):
    """A release of a distribution.

    ``repository`` is its directory in NVIDIA's repository, ``key`` the signing key,
    ``naming`` the rule by which that repository names driver packages; ``compilers`` are the GCC
    majors that can be installed, the default first; ``python`` is the default interpreter.
    ``first_branch`` and ``first_toolkit`` are the oldest driver branch and CUDA toolkit
    expected in that directory, "" where it is not known.
    ``source`` vouches for directory and key, ``packages`` for package names and compilers,
    ``contents`` for what the directory begins with. ``toolkit`` is in the distribution's archive.
    ``last_branch`` and ``last_toolkit`` are the newest in a directory that gets no more, "" for the
    others. ``by_hand`` says why the roles do not install a driver there, "" where they do.
    """

    id: str
    version: str
    family: str
    glibc: str
    python: str
    repository: str
    key: SigningKey
    naming: str
    first_branch: str
    first_toolkit: str
    compilers: tuple[int, ...]
    archive: tuple[ArchiveRow, ...]
    source: Source
    packages: Source
    contents: Source = EXPECTED
    toolkit: ToolkitArchiveRow | None = None
    last_branch: str = ""
    last_toolkit: str = ""
    by_hand: str = ""


def _ubuntu(branch: str, version: str) -> ArchiveRow:
    return ArchiveRow(
        branch,
        version,
        (
            f"linux-modules-nvidia-{branch}-server-open-{{kernel}}",
            f"nvidia-driver-{branch}-server-open",
        ),
        (
            f"linux-modules-nvidia-{branch}-server-{{kernel}}",
            f"nvidia-driver-{branch}-server",
        ),
        signed=True,
        source=UBUNTU_LISTINGS,
    )


# Without recommended packages nvidia-driver has neither CUDA nor the video codecs.
_DEBIAN_LIBRARIES = ("nvidia-driver", "libcuda1", "libnvcuvid1", "libnvidia-encode1", "nvidia-smi")
_DEBIAN_DRIVER = (
    ("nvidia-open-kernel-dkms", *_DEBIAN_LIBRARIES),
    ("nvidia-kernel-dkms", *_DEBIAN_LIBRARIES),
)
_TESLA = (
    "nvidia-tesla-470-driver",
    "libnvidia-tesla-470-cuda1",
    "libnvidia-tesla-470-nvcuvid1",
    "libnvidia-tesla-470-encode1",
    "nvidia-tesla-470-smi",
)
# The open module of Debian 12 is 535.261.03, which does not go with the 535.309.01 of all else.
_BOOKWORM = (
    ArchiveRow("535", "535.309.01", (), _DEBIAN_DRIVER[1], signed=False, source=DEBIAN_LISTS),
    ArchiveRow("470", "470.256.02", (), _TESLA, signed=False, source=DEBIAN_LISTS),
)
_BULLSEYE = (
    ArchiveRow("470", "470.256.02", (), _DEBIAN_DRIVER[1], signed=False, source=OLD_DEBIAN_LISTS),
)
_TRIXIE = (ArchiveRow("550", "550.163.01", *_DEBIAN_DRIVER, signed=False, source=DEBIAN_LISTS),)
_BOOKWORM_TOOLKIT = ToolkitArchiveRow("11.8", "535", ("nvidia-cuda-toolkit",), "/usr", DEBIAN_LISTS)
_TRIXIE_TOOLKIT = ToolkitArchiveRow("12.4", "550", ("nvidia-cuda-toolkit",), "/usr", DEBIAN_LISTS)
_UBUNTU = (_ubuntu("580", "580.159.03"), _ubuntu("595", "595.91.07"))
# The last branch for Kepler; it has no open module.
_JAMMY = (*_UBUNTU, _ubuntu("470", "470.256.02")._replace(open=()))

# The fingerprints are those of the keys that the directories had when they were read.
_OLD_KEY = SigningKey("3bf863cc.pub", "EB693B3035CD5710E231E123A4B469963BF863CC")
_NEW_KEY = SigningKey("8793F200.pub", "02182E60104FCDC26EAE1B8597A5D4CB8793F200")
_RPM_KEY = SigningKey("D42D0685.pub", "610C7B14E068A878070DA4E99CD0A493D42D0685")
_UBUNTU_26_KEY = SigningKey("60DF8A40.pub", "14BAFBC7562AD710CA04E69905FBB6DA60DF8A40")

# fmt: off
DISTRIBUTIONS = (
    # id  version  family  glibc  Python  NVIDIA's directory  key  naming  first branch
    # first toolkit  GCC majors  archive
    DistributionRow("ubuntu", "22.04", "debian", "2.35", "3.10", "ubuntu2204", _OLD_KEY, "ubuntu", "535", "11.7",
                    (11, 12, 10, 9), _JAMMY, NVIDIA_REPOSITORY, COMPILERS),
    DistributionRow("ubuntu", "24.04", "debian", "2.39", "3.12", "ubuntu2404", _OLD_KEY, "ubuntu", "550", "12.5",
                    (13, 14, 12, 11, 10), _UBUNTU, NVIDIA_REPOSITORY, COMPILERS),
    DistributionRow("ubuntu", "26.04", "debian", "2.42", "3.14", "ubuntu2604", _UBUNTU_26_KEY, "ubuntu", "580", "",
                    (15, 14, 13, 12), _UBUNTU, NVIDIA_REPOSITORY, COMPILERS),
    DistributionRow("debian", "11", "debian", "2.31", "3.9", "debian11", _OLD_KEY, "debian", "535", "11.7",
                    (10, 9), _BULLSEYE, NVIDIA_REPOSITORY, DEBIAN_LISTS, last_branch="560", last_toolkit="12.6"),
    DistributionRow("debian", "12", "debian", "2.36", "3.11", "debian12", _OLD_KEY, "debian", "535", "12.3",
                    (12, 11), _BOOKWORM, NVIDIA_REPOSITORY, DEBIAN_LISTS, toolkit=_BOOKWORM_TOOLKIT),
    DistributionRow("debian", "13", "debian", "2.41", "3.13", "debian13", _NEW_KEY, "debian", "580", "13.0",
                    (14, 13, 12), _TRIXIE, NVIDIA_REPOSITORY, DEBIAN_LISTS, toolkit=_TRIXIE_TOOLKIT),
    DistributionRow("rhel", "8", "redhat", "2.28", "3.6", "rhel8", _RPM_KEY, "stream", "535", "11.0",
                    (8, 13, 12, 11, 10, 9), (), NVIDIA_REPOSITORY, STREAMS),
    DistributionRow("rhel", "9", "redhat", "2.34", "3.9", "rhel9", _RPM_KEY, "stream", "535", "11.7",
                    (11, 14, 13, 12), (), NVIDIA_REPOSITORY, STREAMS),
    DistributionRow("rhel", "10", "redhat", "2.39", "3.12", "rhel10", _RPM_KEY, "suffix", "570", "12.9",
                    (14, 15), (), NVIDIA_REPOSITORY, STREAMS),
    DistributionRow("amzn", "2023", "redhat", "2.34", "3.9", "amzn2023", _RPM_KEY, "stream", "560", "12.6",
                    (11,), (), DRIVER_GUIDE, AMAZON_LISTS),
    DistributionRow("fedora", "42", "redhat", "2.41", "3.13", "fedora42", _RPM_KEY, "suffix", "580", "13.0",
                    (15,), (), DRIVER_GUIDE, FEDORA_LISTS, by_hand=DNF_5),
    DistributionRow("fedora", "43", "redhat", "2.42", "3.14", "fedora43", _RPM_KEY, "suffix", "590", "13.1",
                    (15,), (), DRIVER_GUIDE, FEDORA_LISTS, by_hand=DNF_5),
    DistributionRow("fedora", "44", "redhat", "2.43", "3.14", "fedora44", _RPM_KEY, "suffix", "610", "13.3",
                    (16,), (), DRIVER_GUIDE, FEDORA_LISTS, by_hand=DNF_5),
)

# Rebuilds of Red Hat Enterprise Linux use its rows.
SAME_AS = {"rocky": "rhel", "almalinux": "rhel", "centos": "rhel", "ol": "rhel"}

# Derivatives with the packages of another distribution, where their os-release does not say which.
DERIVED = {
    ("linuxmint", "21"): ("ubuntu", "22.04"),
    ("linuxmint", "22"): ("ubuntu", "24.04"),
    ("linuxmint", "6"): ("debian", "12"),
    ("linuxmint", "7"): ("debian", "13"),
    ("pop", "22.04"): ("ubuntu", "22.04"),
    ("pop", "24.04"): ("ubuntu", "24.04"),
    ("zorin", "17"): ("ubuntu", "22.04"),
    ("zorin", "18"): ("ubuntu", "24.04"),
    ("elementary", "7"): ("ubuntu", "22.04"),
    ("elementary", "8"): ("ubuntu", "24.04"),
    ("neon", "22.04"): ("ubuntu", "22.04"),
    ("neon", "24.04"): ("ubuntu", "24.04"),
    ("tuxedo", "22.04"): ("ubuntu", "22.04"),
    ("tuxedo", "24.04"): ("ubuntu", "24.04"),
}

# What PLATFORM_ID of os-release says, by its letters before the number.
PLATFORMS = {"el": "rhel", "f": "fedora", "al": "amzn"}


class ByHandRow(NamedTuple):
    """Distributions whose package ``manager`` the roles do not use; ``guide`` says how to install."""

    ids: tuple[str, ...]
    manager: str
    guide: str
    source: Source


BY_HAND = (
    ByHandRow(
        ("sles", "sled", "sles_sap", "sle_hpc", "sle-micro", "sl-micro", "opensuse", "opensuse-leap", "opensuse-tumbleweed"),
        "zypper", "section SUSE", NVIDIA_REPOSITORY,
    ),
    ByHandRow(("azurelinux", "mariner"), "tdnf", "section Azure Linux", NVIDIA_REPOSITORY),
)  # fmt: skip

# NVIDIA's repository has a directory per distribution and machine.
NVIDIA_BASE = "https://developer.download.nvidia.com/compute/cuda/repos"


class ComponentsRow(NamedTuple):
    """The origin that an archive declares, and the components of its drivers and toolkits."""

    origin: str
    components: tuple[str, ...]


COMPONENTS = {
    "debian": ComponentsRow("Debian", ("contrib", "non-free", "non-free-firmware")),
    "ubuntu": ComponentsRow("Ubuntu", ("restricted",)),
}

# Debian 11 has no component of its own for firmware.
OLD_COMPONENTS = {("debian", "11"): ("contrib", "non-free")}


def components(name: str, version: str) -> ComponentsRow | None:
    """Return the components of drivers and toolkits of a release, None where no table has it."""
    row = COMPONENTS.get(name)
    own = OLD_COMPONENTS.get((name, version))
    return row._replace(components=own) if row and own else row


# EPEL has dkms; on Red Hat Enterprise Linux itself it is set up by address, by the administrator.
# Amazon Linux and Fedora have dkms themselves.
EPEL_RELEASE = "epel-release"
EPEL_RELEASES = {"rhel": None, "amzn": None, "fedora": None, "ol": "oracle-epel-release-el{version}"}

# What the suites of an archive are named after.
CODENAMES = {
    ("debian", "11"): "bullseye",
    ("debian", "12"): "bookworm",
    ("debian", "13"): "trixie",
    ("ubuntu", "22.04"): "jammy",
    ("ubuntu", "24.04"): "noble",
    ("ubuntu", "26.04"): "resolute",
}

# What a need is called, by family; {major} is the GCC major.
SYSTEM_PACKAGES = {
    "debian": {
        "git": ("git",),
        "compiler": ("gcc-{major}", "g++-{major}"),
        "python-headers": ("python{python}-dev",),
        "python-venv": ("python{python}-venv",),
        "opencv": ("libgl1", "libglib2.0-0"),
        "make": ("make",),
        "nasm": ("nasm",),
        "clang": ("clang",),
        "pkg-config": ("pkg-config",),
        "zlib": ("zlib1g-dev",),
        "ffmpeg": ("ffmpeg",),
    },
    "redhat": {
        "git": ("git",),
        "compiler": ("gcc", "gcc-c++"),
        "toolset": ("gcc-toolset-{major}-gcc", "gcc-toolset-{major}-gcc-c++"),
        "python-headers": ("python{python}-devel",),
        "python-venv": (),
        "opencv": ("mesa-libGL", "glib2"),
        "make": ("make",),
        "nasm": ("nasm",),
        "clang": ("clang",),
        "pkg-config": ("pkgconf-pkg-config",),
        "zlib": ("zlib-devel",),
    },
}
# fmt: on
