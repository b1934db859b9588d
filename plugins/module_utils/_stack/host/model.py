"""What a host is, as values: read from plain data at the border, written back the same way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import validation
from ..core.errors import StackError
from ..core.versions import Version, version

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1
NVIDIA = "10de"
_PCI_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


class Gpu(NamedTuple):
    """A PCI function of class 0300 or 0302; ``kernel_driver`` is None where nothing is bound.

    ``compute_capability`` is what the loaded driver says through NVML, None where nobody asked.
    """

    slot: str
    pci_id: str
    pci_class: str
    kernel_driver: str | None
    subsystem: str | None
    compute_capability: str | None = None

    @property
    def device(self) -> str:
        """Return the device half of the id, four hexadecimal digits."""
        return self.pci_id.partition(":")[2]


class Distribution(NamedTuple):
    """The contents of os-release; ``family`` is debian, redhat or other."""

    id: str
    version: str
    family: str
    name: str


class Driver(NamedTuple):
    """The loaded kernel driver; ``flavour`` is open, proprietary or None where it is not told."""

    version: str
    flavour: str | None


class Package(NamedTuple):
    """An installed package of the driver; ``origin`` is nvidia, distribution or None (unknown)."""

    name: str
    version: str
    origin: str | None


class Toolkit(NamedTuple):
    """A CUDA toolkit with its folder."""

    version: str
    path: str


class Compiler(NamedTuple):
    """A GCC; ``cxx`` is the path of its C++ compiler, None where only C is there."""

    major: int
    version: str
    path: str
    cxx: str | None


class Python(NamedTuple):
    """An interpreter; ``headers`` for building extensions, ``venv`` for making environments."""

    version: str
    path: str
    headers: bool
    venv: bool


class Torch(NamedTuple):
    """The PyTorch of an interpreter: release without its local part, and variant such as cu130."""

    python: str
    version: str
    variant: str


class Unfinished(NamedTuple):
    """What began on a host and did not end: the driver, toolkits by version, any packages."""

    driver: bool = False
    toolkits: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


class Host(NamedTuple):
    """A machine as it is; sizes in MiB.

    ``kernel_meta`` are the packages that bring each new kernel, such as linux-image-aws.
    ``secure_boot`` is None without EFI, ``libraries`` says of each looked-for shared library
    whether the loader finds it, ``network`` of each probed endpoint whether it was reached.
    ``unreadable`` lists what is there and could not be read: {"what", "source", "why"}.
    ``torch`` is that of the one interpreter which the probe was asked about. ``unfinished`` are
    installations that were interrupted.
    """

    architecture: str
    distribution: Distribution
    kernel: str
    kernel_headers: bool
    kernel_meta: tuple[str, ...]
    gpus: tuple[Gpu, ...]
    nvswitches: tuple[str, ...]
    nvlink5_fabric: bool
    driver: Driver | None
    driver_packages: tuple[Package, ...]
    toolkits: tuple[Toolkit, ...]
    compilers: tuple[Compiler, ...]
    pythons: tuple[Python, ...]
    tools: dict[str, str | None]
    libraries: dict[str, bool]
    secure_boot: bool | None
    nouveau: bool
    virtualization: str
    pending_reboot: bool
    package_lock: bool
    root: bool
    cores: int
    memory_mib: int
    glibc: str | None
    disk: dict[str, Any] | None
    network: dict[str, bool]
    unreadable: tuple[dict[str, str], ...]
    torch: Torch | None = None
    unfinished: Unfinished = Unfinished()

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's plain data."""
        fields = self._asdict()
        headers, meta = fields.pop("kernel_headers"), list(fields.pop("kernel_meta"))
        kernel = {"release": self.kernel, "headers": headers}
        fields["kernel"] = {**kernel, "meta": meta} if meta else kernel
        fields["distribution"] = self.distribution._asdict()
        fields["driver"] = self.driver._asdict() if self.driver else None
        # Only of an interpreter that the probe was asked about.
        del fields["torch"]
        if self.torch:
            fields["torch"] = self.torch._asdict()
        # Only where there is something.
        del fields["unfinished"]
        if any(self.unfinished):
            driver, toolkits, packages = self.unfinished
            left = {"toolkits": list(toolkits), "packages": list(packages)}
            fields["unfinished"] = {"driver": driver, **left}
        for name in ("driver_packages", "toolkits", "compilers", "pythons"):
            fields[name] = [row._asdict() for row in getattr(self, name)]
        fields["gpus"] = [_gpu_dict(gpu) for gpu in self.gpus]
        fields["nvswitches"] = list(self.nvswitches)
        fields["unreadable"] = list(self.unreadable)
        return {"schema": SCHEMA, **fields}


def host(value: object) -> Host:
    """Read a host; keys that are absent mean nothing of the kind. Raises ``StackError``."""
    data = validation.mapping(value, "host")
    validation.only_keys(data, "host", _HOST_KEYS)
    if data.get("schema", SCHEMA) != SCHEMA:
        raise validation.bad(
            "host.schema", f"{SCHEMA}, the schema that this release reads", data["schema"]
        )
    kernel = validation.mapping(data.get("kernel") or {}, "host.kernel")
    architecture = validation.text(data.get("architecture"), "host.architecture")
    return Host(
        architecture=_ARCHITECTURES.get(architecture, architecture),
        distribution=_distribution(data.get("distribution")),
        kernel=validation.optional_text(kernel.get("release"), "host.kernel.release") or "",
        kernel_headers=validation.flag(kernel.get("headers", False), "host.kernel.headers"),
        kernel_meta=tuple(
            validation.text(name, "host.kernel.meta")
            for name in validation.items(kernel.get("meta"), "host.kernel.meta")
        ),
        gpus=tuple(_gpu(row, f"host.gpus[{n}]") for n, row in enumerate(_rows(data, "gpus"))),
        nvswitches=tuple(_pci(row, "host.nvswitches") for row in _rows(data, "nvswitches")),
        nvlink5_fabric=_flag(data, "nvlink5_fabric"),
        driver=_driver(data.get("driver")),
        driver_packages=tuple(_package(row) for row in _rows(data, "driver_packages")),
        toolkits=tuple(_toolkit(row) for row in _rows(data, "toolkits")),
        compilers=tuple(_compiler(row) for row in _rows(data, "compilers")),
        pythons=tuple(_python(row) for row in _rows(data, "pythons")),
        tools=_tools(data.get("tools")),
        libraries=_flags(data.get("libraries"), "host.libraries"),
        secure_boot=validation.optional_flag(data.get("secure_boot"), "host.secure_boot"),
        nouveau=_flag(data, "nouveau"),
        virtualization=validation.one_of(
            data.get("virtualization", "none"), "host.virtualization", ("none", "container", "vm")
        ),
        pending_reboot=_flag(data, "pending_reboot"),
        package_lock=_flag(data, "package_lock"),
        root=_flag(data, "root"),
        cores=validation.whole(data.get("cores", 1), "host.cores"),
        memory_mib=validation.whole(data.get("memory_mib", 0), "host.memory_mib"),
        glibc=_optional_version(data.get("glibc"), "host.glibc"),
        disk=_disk(data.get("disk")),
        network=_flags(data.get("network"), "host.network"),
        unreadable=tuple(
            validation.mapping(row, "host.unreadable") for row in _rows(data, "unreadable")
        ),
        torch=_torch(data.get("torch")),
        unfinished=_unfinished(data.get("unfinished")),
    )


_HOST_KEYS = (
    "schema",
    "kernel",
    *(name for name in Host._fields if not name.startswith("kernel")),
)


def _rows(data: Mapping[str, Any], name: str) -> list[Any]:
    return validation.items(data.get(name), f"host.{name}")


def _flag(data: Mapping[str, Any], name: str) -> bool:
    return validation.flag(data.get(name, False), f"host.{name}")


def _flags(value: object, where: str) -> dict[str, bool]:
    found = validation.mapping(value or {}, where)
    return {name: validation.flag(state, f"{where}.{name}") for name, state in found.items()}


def _tools(value: object) -> dict[str, str | None]:
    found = validation.mapping(value or {}, "host.tools")
    return {
        name: validation.optional_text(text, f"host.tools.{name}") for name, text in found.items()
    }


def _version(value: object, where: str) -> str:
    text = validation.text(value, where)
    try:
        version(text)
    except StackError:
        raise validation.bad(where, "a version such as 580.65.06", value) from None
    return text


def _optional_version(value: object, where: str) -> str | None:
    return None if value is None else _version(value, where)


def _pci(value: object, where: str) -> str:
    text = validation.text(value, where).lower()
    if not _PCI_ID.fullmatch(text):
        raise validation.bad(where, "a PCI id VENDOR:DEVICE such as 10de:2330", value)
    return text


def _distribution(value: object) -> Distribution:
    data = validation.mapping(value, "host.distribution")
    name = validation.text(data.get("id"), "host.distribution.id")
    number = (
        validation.optional_text(data.get("version") or None, "host.distribution.version") or ""
    )
    return Distribution(
        name,
        number,
        validation.text(data.get("family", "other"), "host.distribution.family"),
        validation.text(data.get("name") or f"{name} {number}".strip(), "host.distribution.name"),
    )


def _gpu(value: object, where: str) -> Gpu:
    data = validation.mapping(value, where)
    pci_id = _pci(data.get("pci_id"), f"{where}.pci_id")
    if not pci_id.startswith(NVIDIA + ":"):
        raise validation.bad(f"{where}.pci_id", f"a device of NVIDIA's vendor id {NVIDIA}", pci_id)
    return Gpu(
        validation.text(data.get("slot", "unknown"), f"{where}.slot"),
        pci_id,
        validation.one_of(data.get("class", "0302"), f"{where}.class", ("0300", "0302")),
        validation.optional_text(data.get("kernel_driver"), f"{where}.kernel_driver"),
        validation.optional_text(data.get("subsystem"), f"{where}.subsystem"),
        _optional_version(data.get("compute_capability"), f"{where}.compute_capability"),
    )


def _gpu_dict(gpu: Gpu) -> dict[str, Any]:
    fields = gpu._asdict()
    fields["class"] = fields.pop("pci_class")
    return fields


def _driver(value: object) -> Driver | None:
    if value is None:
        return None
    data = validation.mapping(value, "host.driver")
    flavour = data.get("flavour")
    if flavour is not None:
        validation.one_of(flavour, "host.driver.flavour", ("open", "proprietary"))
    return Driver(_version(data.get("version"), "host.driver.version"), flavour)


def _package(value: object) -> Package:
    data = validation.mapping(value, "host.driver_packages")
    return Package(
        validation.text(data.get("name"), "host.driver_packages.name"),
        validation.text(data.get("version"), "host.driver_packages.version"),
        validation.optional_text(data.get("origin"), "host.driver_packages.origin"),
    )


def _toolkit(value: object) -> Toolkit:
    data = validation.mapping(value, "host.toolkits")
    return Toolkit(
        _version(data.get("version"), "host.toolkits.version"),
        validation.text(data.get("path"), "host.toolkits.path"),
    )


def _compiler(value: object) -> Compiler:
    data = validation.mapping(value, "host.compilers")
    return Compiler(
        validation.whole(data.get("major"), "host.compilers.major"),
        _version(data.get("version"), "host.compilers.version"),
        validation.text(data.get("path"), "host.compilers.path"),
        validation.optional_text(data.get("cxx"), "host.compilers.cxx"),
    )


def _torch(value: object) -> Torch | None:
    if value is None:
        return None
    data = validation.mapping(value, "host.torch")
    return Torch(*(validation.text(data.get(key), f"host.torch.{key}") for key in Torch._fields))


def _unfinished(value: object) -> Unfinished:
    data = validation.mapping(value or {}, "host.unfinished")
    return Unfinished(
        validation.flag(data.get("driver", False), "host.unfinished.driver"),
        tuple(
            _version(row, "host.unfinished.toolkits")
            for row in validation.items(data.get("toolkits"), "host.unfinished.toolkits")
        ),
        tuple(
            validation.text(row, "host.unfinished.packages")
            for row in validation.items(data.get("packages"), "host.unfinished.packages")
        ),
    )


def _python(value: object) -> Python:
    data = validation.mapping(value, "host.pythons")
    return Python(
        _version(data.get("version"), "host.pythons.version"),
        validation.text(data.get("path"), "host.pythons.path"),
        validation.flag(data.get("headers", False), "host.pythons.headers"),
        validation.flag(data.get("venv", False), "host.pythons.venv"),
    )


def _disk(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    data = validation.mapping(value, "host.disk")
    return {
        "path": validation.text(data.get("path"), "host.disk.path"),
        "free_mib": validation.whole(data.get("free_mib"), "host.disk.free_mib"),
    }


def series(text: str) -> Version:
    """Return major and minor of a version: 3.11.2 belongs to 3.11."""
    return version(".".join(text.split(".")[:2]))
