"""What a host is: typed values, read from plain data and written back the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..core import validation
from ..core.architectures import canonical
from ..core.construct import construct, plain, read
from ..core.errors import StackError
from ..core.versions import Version, version

SCHEMA = 1
NVIDIA = "10de"
# Where the facts of a host come from, unless its data say otherwise.
PROBE = "the probe of this host"
_LONGEST_LINE = 200
_PCI_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")


def _version(value: object, where: str) -> str:
    text = validation.text(value, where)
    try:
        version(text)
    except StackError:
        raise validation.bad(where, "a version such as 580.65.06", value) from None
    return text


def _perhaps(value: object, where: str) -> str:
    """Read a text that may be empty, as that of a host whose files do not say it."""
    return validation.text(value, where) if value else ""


def _line(value: object, where: str) -> str:
    """Read one short line of text, as a program of the host prints it."""
    text = validation.text(value, where)
    if len(text) > _LONGEST_LINE or not text.isprintable():
        raise validation.bad(where, f"one line of at most {_LONGEST_LINE} characters", text[:40])
    return text


def _pci(value: object, where: str) -> str:
    text = validation.text(value, where).lower()
    if not _PCI_ID.fullmatch(text):
        raise validation.bad(where, "a PCI id VENDOR:DEVICE such as 10de:2330", value)
    return text


def _nvidia(value: object, where: str) -> str:
    pci_id = _pci(value, where)
    if not pci_id.startswith(f"{NVIDIA}:"):
        raise validation.bad(where, f"a device of NVIDIA's vendor id {NVIDIA}", pci_id)
    return pci_id


def _require_schema(value: object, where: str) -> None:
    if value != SCHEMA:
        raise validation.bad(where, f"{SCHEMA}, the schema that this release reads", value)


@dataclass(frozen=True)
class Gpu:
    """A PCI function of class 0300 or 0302; ``kernel_driver`` is None where none is bound.

    ``compute_capability`` is what the loaded driver reports through NVML, None where it was not asked;
    ``listed`` says whether that driver lists the GPU, None where nothing says so; ``mig`` is the
    number of instances of a GPU in MIG mode, None outside of it.
    """

    slot: str = read(lambda value, where: validation.text(value or "unknown", where))
    pci_id: str = read(_nvidia)
    pci_class: str = read(validation.choice("0300", "0302"), default="0302", key="class")
    kernel_driver: str | None = None
    subsystem: str | None = None
    compute_capability: str | None = read(_version, default=None)
    listed: bool | None = read(default=None, omit=True)
    mig: int | None = read(default=None, omit=True)

    @property
    def device(self) -> str:
        """Return the device half of the id, four hexadecimal digits."""
        return self.pci_id.partition(":")[2]


FAMILIES = ("debian", "redhat", "other")


@dataclass(frozen=True)
class Distribution:
    """The contents of os-release; ``family`` is debian, redhat or other."""

    id: str
    version: str = read(_perhaps, default="")
    family: str = read(validation.choice(*FAMILIES), default="other")
    name: str = ""

    @classmethod
    def from_dict(cls, value: object, where: str) -> Distribution:
        """Read plain data; without a name it is id and version. Raises ``StackError``."""
        found = construct(cls, value, where, ignore_unknown=True)
        return found if found.name else replace(found, name=f"{found.id} {found.version}".strip())


@dataclass(frozen=True)
class Kernel:
    """The running kernel; ``meta`` are packages that install each new one, as linux-image-aws."""

    release: str = read(_perhaps, default="")
    headers: bool = False
    meta: tuple[str, ...] = read(default=(), omit=True)


@dataclass(frozen=True)
class Driver:
    """The loaded kernel driver; ``flavour`` is open, proprietary or None where it is not known."""

    version: str = read(_version)
    flavour: str | None = read(validation.choice("open", "proprietary"), default=None)


@dataclass(frozen=True)
class InstalledDriver:
    """What a start would load: the releases of module and libraries on disk, None where unknown.

    ``nvml_error`` is why NVML does not work with the loaded module. ``fabric_manager`` is the release
    of Fabric Manager, ``held`` the release on which this collection holds the driver (580.*).
    """

    module: str | None = read(_version, default=None)
    library: str | None = read(_version, default=None)
    nvml_error: str | None = read(_line, default=None)
    fabric_manager: str | None = read(_version, default=None)
    held: str | None = read(_line, default=None)


@dataclass(frozen=True)
class Package:
    """An installed package of the driver; ``origin`` is nvidia, distribution or None (unknown)."""

    name: str
    version: str
    origin: str | None = None


@dataclass(frozen=True)
class Toolkit:
    """A CUDA toolkit with its folder."""

    version: str = read(_version)
    path: str = read()


@dataclass(frozen=True)
class Compiler:
    """A GCC; ``cxx`` is the path of its C++ compiler, None where only C is installed."""

    major: int
    version: str = read(_version)
    path: str = read()
    cxx: str | None = None


@dataclass(frozen=True)
class Python:
    """An interpreter; ``headers`` for building extensions, ``venv`` for making environments."""

    version: str = read(_version)
    path: str = read()
    headers: bool = False
    venv: bool = False


@dataclass(frozen=True)
class Torch:
    """The PyTorch of an interpreter: release without its local part, and variant such as cu130."""

    python: str
    version: str
    variant: str


@dataclass(frozen=True)
class Interrupted:
    """Installations that were interrupted: the driver, toolkits by version, any packages."""

    driver: bool = False
    toolkits: tuple[str, ...] = read(
        lambda value, where: tuple(_version(row, where) for row in validation.items(value, where)),
        default=(),
    )
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Disk:
    """The file system of a folder, which need not exist yet."""

    path: str
    free_mib: int


@dataclass(frozen=True)
class Unknown:
    """Something that exists and could not be read or understood: what, where, and why not."""

    name: str
    source: str
    reason: str


@dataclass(frozen=True)
class Host:
    """A machine as it is; sizes in MiB.

    ``secure_boot`` is None without EFI; ``libraries`` maps each shared library of interest to
    whether the loader finds it, ``network`` each endpoint to whether it was reached. ``torch`` is
    that of the one interpreter which the probe was asked about. ``source`` says where all of this
    comes from, which is an assumption for a what-if.
    """

    architecture: str = read(lambda value, where: canonical(validation.text(value, where)))
    distribution: Distribution = read()
    kernel: Kernel = Kernel()
    gpus: tuple[Gpu, ...] = ()
    nvswitches: tuple[str, ...] = read(
        lambda value, where: tuple(_pci(row, where) for row in validation.items(value, where)),
        default=(),
    )
    nvlink5_fabric: bool = False
    driver: Driver | None = None
    driver_packages: tuple[Package, ...] = ()
    installed_driver: InstalledDriver = read(default=InstalledDriver(), omit=True)
    toolkits: tuple[Toolkit, ...] = ()
    compilers: tuple[Compiler, ...] = ()
    pythons: tuple[Python, ...] = ()
    tools: dict[str, str | None] = read(default_factory=dict)
    libraries: dict[str, bool] = read(default_factory=dict)
    secure_boot: bool | None = None
    nouveau: bool = False
    virtualization: str = read(validation.choice("none", "container", "vm"), default="none")
    pending_reboot: bool = False
    package_lock: bool = False
    root: bool = False
    cores: int = 1
    memory_mib: int = 0
    glibc: str | None = read(_version, default=None)
    disk: Disk | None = None
    network: dict[str, bool] = read(default_factory=dict)
    unreadable: tuple[Unknown, ...] = ()
    torch: Torch | None = read(default=None, omit=True)
    interrupted: Interrupted = read(default=Interrupted(), omit=True)
    source: str = read(default=PROBE, omit=True)

    def to_dict(self) -> dict[str, object]:
        """Return the plain data of the contract."""
        return {"schema": SCHEMA, **plain(self)}


def host(value: object) -> Host:
    """Read a host; an absent key means that there is none of it. Raises ``StackError``."""
    data = validation.mapping(value, "host")
    _require_schema(data.get("schema", SCHEMA), "host.schema")
    return construct(Host, {key: data[key] for key in data if key != "schema"}, "host")


def series(text: str) -> Version:
    """Return major and minor of a version: 3.11.2 belongs to 3.11."""
    return version(".".join(text.split(".")[:2]))
