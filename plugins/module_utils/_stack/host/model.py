"""What a host is: typed values, read from plain data and written back the same way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Callable, TypeVar

from ..core import names, validation
from ..core.architectures import ARCHITECTURES, canonical, of_kernel
from ..core.construct import construct, plain, read
from ..core.display import escaped
from ..core.errors import StackError
from ..core.versions import Version, version
from . import known

SCHEMA = 1
NVIDIA = "10de"
# Where the facts of a host come from, unless its data say otherwise.
PROBE = "the probe of this host"
_LONGEST_LINE, _LONGEST_REASON = 200, 2000
# No list of a real host is longer, such as that of its packages of a driver.
_MOST_ROWS = 4096
# A file system on a network may report 16 EiB.
_MOST_MIB, _MOST_CORES = 10**15, 1 << 20
_PCI_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
# The id of a GPU that only its driver names.
UNKNOWN_GPU = f"{NVIDIA}:0000"
# The slot of a host that does not say it.
UNKNOWN_SLOT = "unknown"
# os-release(5), uname(2) and sysfs have no other characters; packages and paths are made of these.
_word = names.matching(r"[A-Za-z0-9][A-Za-z0-9._+~:-]{0,127}", "letters, digits and . _ + ~ : -")
_path = names.matching(r"/[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,1023}", "an absolute path")
_variant = names.matching(r"cpu|cu[0-9]{2,4}", "a variant such as cu130, or cpu")
_capability = names.matching(r"[0-9]{1,2}\.[0-9]", "a compute capability such as 9.0")

T = TypeVar("T")


class _Exact:
    """A part of a host; a key that is not known is an error at every depth."""

    @classmethod
    def from_dict(cls: type[T], value: object, where: str) -> T:  # noqa: PYI019  (Python 3.9)
        """Read plain data. Raises ``StackError``."""
        return construct(cls, value, where)


def _version(value: object, where: str) -> str:
    text = validation.text(value, where)
    try:
        version(text)
    except StackError:
        raise validation.bad(where, "a version such as 580.65.06", value) from None
    return text


_DRIVER = re.compile(r"\d{2,3}(\.\d{1,4}){1,3}")


def _driver_release(value: object, where: str) -> str:
    text = _version(value, where)
    if not _DRIVER.fullmatch(text):
        raise validation.bad(where, "the release of a driver, such as 580.65.06", value)
    return text


def _perhaps(value: object, where: str) -> str:
    """Read a word that may be empty, as that of a host whose files do not say it."""
    return _word(value, where) if value else ""


def _line(value: object, where: str) -> str:
    """Read one short line of text, as a program of the host prints it."""
    text = validation.text(value, where)
    if len(text) > _LONGEST_LINE or not text.isprintable():
        raise validation.bad(where, f"one line of at most {_LONGEST_LINE} characters", text)
    return text


def one_line(text: str) -> str:
    """Return text of a file of the host as one short line without characters that are not printable."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())[:_LONGEST_LINE]


def _reason(value: object, where: str) -> str:
    """Read why something is unknown, which may be what the system said on several lines."""
    return escaped(" ".join(validation.text(value, where).split()))[:_LONGEST_REASON]


def _at_most(most: int) -> Callable[[object, str], int]:
    def reader(value: object, where: str) -> int:
        found = validation.count(value, where)
        if found > most:
            raise validation.bad(where, f"at most {most}", value)
        return found

    return reader


def _by_name(
    allowed: tuple[str, ...], inner: Callable[[object, str], T]
) -> Callable[[object, str], dict[str, T]]:
    """Return a reader of a mapping whose keys the probe has."""

    def reader(value: object, where: str) -> dict[str, T]:
        found = validation.mapping(value, where)
        validation.only_keys(found, where, allowed)
        return {key: inner(each, f"{where}.{key}") for key, each in found.items()}

    return reader


def _nvswitch(value: object, where: str) -> str:
    return validation.one_of(_pci(value, where), where, known.NVSWITCHES)


def _pci(value: object, where: str) -> str:
    text = validation.text(value, where).lower()
    if not _PCI_ID.fullmatch(text):
        raise validation.bad(where, "a PCI id VENDOR:DEVICE such as 10de:2330", value)
    return text


def _packages(value: object, where: str) -> tuple[str, ...]:
    return tuple(names.package(row, where) for row in validation.items(value, where))


def _words(value: object, where: str) -> tuple[str, ...]:
    return tuple(_word(row, where) for row in validation.items(value, where))


def _nvidia(value: object, where: str) -> str:
    pci_id = _pci(value, where)
    if not pci_id.startswith(f"{NVIDIA}:"):
        raise validation.bad(where, f"a device of NVIDIA's vendor id {NVIDIA}", pci_id)
    return pci_id


def _require_schema(value: object, where: str) -> None:
    if value != SCHEMA or isinstance(value, bool):
        raise validation.InvalidValueError(
            where,
            f"{SCHEMA}, the schema that this release reads",
            names.shortened(value),
            "Read it with the release that recorded it, or record the host again with this one.",
        )


def _cores(value: object, where: str) -> int:
    found = _at_most(_MOST_CORES)(value, where)
    if not found:
        raise validation.bad(where, "1 or more", value)
    return found


@dataclass(frozen=True)
class Gpu(_Exact):
    """A PCI function of class 0300 or 0302; ``kernel_driver`` is None where none is bound.

    ``compute_capability`` is what the loaded driver reports through NVML, None where it was not asked;
    ``listed`` says whether that driver lists the GPU, None where nothing says so; ``mig`` is the
    number of instances of a GPU in MIG mode, None outside of it. ``model`` is the name that the
    driver gives to one whose PCI id is not known (10de:0000).
    """

    slot: str = read(lambda value, where: _word(value or UNKNOWN_SLOT, where))
    pci_id: str = read(_nvidia)
    pci_class: str = read(validation.choice("0300", "0302"), default="0302", key="class")
    kernel_driver: str | None = read(_word, default=None)
    subsystem: str | None = read(_pci, default=None)
    compute_capability: str | None = read(_capability, default=None)
    listed: bool | None = read(default=None, omit=True)
    mig: int | None = read(_at_most(known.MOST_INSTANCES), default=None, omit=True)
    model: str | None = read(_line, default=None, omit=True)

    @property
    def device(self) -> str:
        """Return the device half of the id, four hexadecimal digits."""
        return self.pci_id.partition(":")[2]


def _gpus(value: object, where: str) -> tuple[Gpu, ...]:
    """Read GPUs, each in a slot of its own."""
    rows = validation.items(value, where)
    if len(rows) > known.MOST_GPUS:
        raise validation.bad(where, f"a list of at most {known.MOST_GPUS} GPUs", rows)
    found = tuple(Gpu.from_dict(row, f"{where}[{n}]") for n, row in enumerate(rows))
    slots = Counter(gpu.slot for gpu in found if gpu.slot != UNKNOWN_SLOT)
    twice = next((slot for slot, times in slots.items() if times > 1), None)
    if twice:
        raise validation.bad(where, "GPUs in different slots", f"two in {twice}")
    return found


@dataclass(frozen=True)
class Distribution(_Exact):
    """The contents of os-release; ``family`` is debian, redhat or other, that of ``id`` if not said.

    Of a derivative also what it says of the distribution that it is made of: ``like`` its ID_LIKE,
    ``codename`` that of Ubuntu or Debian, ``platform`` its PLATFORM_ID, such as el9.
    """

    id: str = read(_word)
    version: str = read(_perhaps, default="")
    family: str = read(validation.choice(*known.FAMILIES), default=known.OTHER)
    name: str = read(lambda value, where: _line(value, where) if value else "", default="")
    like: tuple[str, ...] = read(_words, default=(), omit=True)
    codename: str = read(_perhaps, default="", omit=True)
    platform: str = read(_perhaps, default="", omit=True)

    @classmethod
    def from_dict(cls, value: object, where: str) -> Distribution:
        """Read plain data; without a name it is id and version. Raises ``StackError``."""
        found, said = construct(cls, value, where), validation.mapping(value, where).get("family")
        own = known.family_of(found.id)
        if own and said not in (None, own):
            raise validation.bad(
                f"{where}.family", f"{own}, the family of {found.id} ({where}.id)", found.family
            )
        return replace(
            found,
            family=said or known.family(found.id, found.like),
            name=found.name or f"{found.id} {found.version}".strip(),
        )


@dataclass(frozen=True)
class Kernel(_Exact):
    """The running kernel; ``meta`` are packages that install each new one, as linux-image-aws.

    ``modules`` are the packages of NVIDIA's modules for this kernel or its flavour that the lists
    of the package manager name; empty where they name none, or were not asked.
    """

    release: str = read(_perhaps, default="")
    headers: bool = False
    meta: tuple[str, ...] = read(_packages, default=(), omit=True)
    modules: tuple[str, ...] = read(_packages, default=(), omit=True)


@dataclass(frozen=True)
class Driver(_Exact):
    """The loaded kernel driver; ``flavour`` is open, proprietary or None where it is not known."""

    version: str = read(_driver_release)
    flavour: str | None = read(validation.choice("open", "proprietary"), default=None)


@dataclass(frozen=True)
class InstalledDriver(_Exact):
    """What a start would load: the releases of module and libraries on disk, None where unknown.

    ``nvml_error`` is why NVML does not work with the loaded module. ``fabric_manager`` is the release
    of Fabric Manager, ``held`` the release on which this collection holds the driver (580.*), ``guest``
    says that the driver is that of a vGPU guest.
    """

    module: str | None = read(_version, default=None)
    library: str | None = read(_version, default=None)
    nvml_error: str | None = read(_line, default=None)
    fabric_manager: str | None = read(_version, default=None, omit=True)
    held: str | None = read(_line, default=None, omit=True)
    guest: bool = read(default=False, omit=True)


@dataclass(frozen=True)
class Package(_Exact):
    """An installed package of the driver; ``origin`` is nvidia, distribution or None (unknown)."""

    name: str = read(names.package)
    version: str = read(names.package_version)
    origin: str | None = read(validation.choice("nvidia", "distribution"), default=None)


@dataclass(frozen=True)
class Toolkit(_Exact):
    """A CUDA toolkit with its folder."""

    version: str = read(_version)
    path: str = read(_path)


@dataclass(frozen=True)
class Compiler(_Exact):
    """A GCC; ``cxx`` is the path of its C++ compiler, None where only C is installed."""

    major: int
    version: str = read(_version)
    path: str = read(_path)
    cxx: str | None = read(_path, default=None)

    @classmethod
    def from_dict(cls, value: object, where: str) -> Compiler:
        """Read plain data; major and version agree. Raises ``StackError``."""
        found = construct(cls, value, where)
        if version(found.version).major != found.major:
            raise validation.bad(f"{where}.major", f"that of {found.version}", found.major)
        return found


@dataclass(frozen=True)
class Python(_Exact):
    """An interpreter; ``headers`` for building extensions, ``venv`` for making environments."""

    version: str = read(_version)
    path: str = read(_path)
    headers: bool = False
    venv: bool = False


@dataclass(frozen=True)
class Torch(_Exact):
    """The PyTorch of an interpreter: release without its local part, and variant such as cu130."""

    python: str = read(_path)
    version: str = read(_version)
    variant: str = read(_variant)


@dataclass(frozen=True)
class Interrupted(_Exact):
    """Installations that were interrupted: the driver, toolkits by version, any packages."""

    driver: bool = False
    toolkits: tuple[str, ...] = read(
        lambda value, where: tuple(_version(row, where) for row in validation.items(value, where)),
        default=(),
    )
    packages: tuple[str, ...] = read(_packages, default=())


@dataclass(frozen=True)
class Disk(_Exact):
    """The file system of a folder, which need not exist yet."""

    path: str = read(_path)
    free_mib: int = read(_at_most(_MOST_MIB))


@dataclass(frozen=True)
class Platform(_Exact):
    """A machine whose GPU is no PCI function: wsl, or tegra with the ``name`` of its chip.

    ``driver`` is true where WSL2 has the libraries of NVIDIA's driver for Windows.
    """

    kind: str = read(validation.choice("wsl", "tegra"))
    name: str = read(_perhaps, default="")
    driver: bool = False


@dataclass(frozen=True)
class Unknown(_Exact):
    """Something that exists and could not be read or understood: what, where, and why not."""

    name: str = read(_reason)
    source: str = read(_reason)
    reason: str = read(_reason)


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
    gpus: tuple[Gpu, ...] = read(_gpus, default=())
    nvswitches: tuple[str, ...] = read(
        lambda value, where: tuple(_nvswitch(row, where) for row in validation.items(value, where)),
        default=(),
    )
    nvlink5_fabric: bool = False
    driver: Driver | None = None
    driver_packages: tuple[Package, ...] = ()
    installed_driver: InstalledDriver = read(default=InstalledDriver(), omit=True)
    toolkits: tuple[Toolkit, ...] = ()
    compilers: tuple[Compiler, ...] = ()
    pythons: tuple[Python, ...] = ()
    tools: dict[str, str | None] = read(
        _by_name(known.TOOLS, lambda value, where: value if value is None else _line(value, where)),
        default_factory=dict,
    )
    libraries: dict[str, bool] = read(
        _by_name(known.LIBRARIES, validation.flag), default_factory=dict
    )
    secure_boot: bool | None = None
    nouveau: bool = False
    virtualization: str = read(validation.choice("none", "container", "vm"), default="none")
    pending_reboot: bool = False
    package_lock: bool = False
    root: bool = False
    cores: int = read(_cores, default=1)
    memory_mib: int = read(_at_most(_MOST_MIB), default=0)
    glibc: str | None = read(_version, default=None)
    disk: Disk | None = None
    shared_memory_mib: int | None = read(_at_most(_MOST_MIB), default=None, omit=True)
    network: dict[str, bool] = read(default_factory=dict)
    unreadable: tuple[Unknown, ...] = ()
    torch: Torch | None = read(default=None, omit=True)
    interrupted: Interrupted = read(default=Interrupted(), omit=True)
    platform: Platform | None = read(default=None, omit=True)
    source: str = read(_line, default=PROBE, omit=True)

    def to_dict(self) -> dict[str, object]:
        """Return the plain data of the contract."""
        return {"schema": SCHEMA, **plain(self)}


def host(value: object) -> Host:
    """Read a host; an absent key means that there is none of it. Raises ``StackError``."""
    data = validation.mapping(value, "host")
    _require_schema(data.get("schema", SCHEMA), "host.schema")
    _require_short(data, "host")
    found = construct(Host, {key: data[key] for key in data if key != "schema"}, "host")
    _require_one_machine(found)
    return found


def _require_short(value: object, where: str) -> None:
    """Raise for a list or a mapping inside of a host that is longer than any real one."""
    if isinstance(value, (Mapping, list, tuple)):
        if len(value) > _MOST_ROWS and where != "host.gpus":
            raise validation.bad(where, f"at most {_MOST_ROWS} entries", value)
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, each in pairs:
            if isinstance(each, (Mapping, list, tuple)):
                _require_short(each, validation.below(where, key))


def _require_one_machine(found: Host) -> None:
    """Raise where parts of a host are of two architectures; a container may emulate another one."""
    here = found.architecture
    if here not in ARCHITECTURES or found.virtualization == "container":
        return
    kernel = of_kernel(found.kernel.release)
    if kernel not in (None, here):
        wanted = f"a kernel for {here} (host.architecture), not for {kernel}"
        raise validation.bad("host.kernel.release", wanted, found.kernel.release)


def series(text: str) -> Version:
    """Return major and minor of a version: 3.11.2 belongs to 3.11."""
    return version(".".join(text.split(".")[:2]))
