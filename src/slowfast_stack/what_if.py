"""A host that does not exist: bare, with the GPUs and the system of the what-if options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    BY_HAND,
    DERIVED,
    DISTRIBUTIONS,
    SAME_AS,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.kernels import (
    OWN_KERNELS,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.architectures import (
    ARCHITECTURES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    InvalidValueError,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_OS, DEFAULT_ARCH = "ubuntu-24.04", "x86_64"
_GPU = re.compile(r"(?P<pci>[0-9a-fA-F]{4}:[0-9a-fA-F]{4})(?:x(?P<count>[1-9]\d{0,2}))?")
_NVSWITCH = "10de:22a3"
# Which option a value of the host comes from.
_OPTIONS = {
    "host.gpus": "--gpu",
    "host.driver": "--installed-driver",
    "host.toolkits": "--installed-cuda",
    "host.architecture": "--arch",
}


@dataclass(frozen=True)
class Machine:
    """The machine of the what-if options; ``gpus`` are written VENDOR:DEVICE[xN]."""

    gpus: Sequence[str] = ()
    os: str = DEFAULT_OS
    arch: str = DEFAULT_ARCH
    driver: str | None = None
    cuda: str | None = None
    secure_boot: bool = False
    nvswitch: bool = False
    nvlink5: bool = False


def host(machine: Machine, endpoints: list[str]) -> model.Host:
    """Return the host as probe would find it, with every endpoint in reach. Raises UsageError."""
    system = _distribution(machine.os)
    python = system.python
    found = {
        "source": "the what-if options",
        "architecture": machine.arch,
        "distribution": {
            "id": system.id,
            "version": system.version,
            "family": system.family,
        },
        "kernel": {
            "release": _kernel(system, machine.arch),
            "headers": False,
        },
        "gpus": _gpus(machine.gpus),
        "nvswitches": [_NVSWITCH] if machine.nvswitch else [],
        "nvlink5_fabric": machine.nvlink5,
        "driver": {"version": machine.driver, "flavour": None} if machine.driver else None,
        "toolkits": _toolkits(machine.cuda),
        "pythons": [{"version": python, "path": f"/usr/bin/python{python}"}] if python else [],
        "secure_boot": machine.secure_boot,
        "root": True,
        "cores": 8,
        "memory_mib": 65536,
        "glibc": system.glibc,
        "network": dict.fromkeys(endpoints, True),
    }
    try:
        return model.host(found)
    except InvalidValueError as error:
        option = next(each for part, each in _OPTIONS.items() if error.where.startswith(part))
        raise UsageError(
            f"{option} {error.value} is not valid.",
            error.cause,
            f"Correct {option}; see slowfast-stack plan --help.",
            code="cli.invalid-value",
        ) from error


def _kernel(system: System, arch: str) -> str | None:
    """Return the flavour of the kernel, as in linux-headers-amd64, where the distribution says it."""
    if system.family != "debian" or system.id in OWN_KERNELS:
        return None
    made_of = DERIVED.get((system.id, system.version)) or DERIVED.get(
        (system.id, system.version.partition(".")[0])
    )
    debian = (made_of or (system.id,))[0] == "debian"
    return ARCHITECTURES[arch].debian if debian and arch in ARCHITECTURES else "generic"


def _gpus(texts: Sequence[str]) -> list[dict[str, str]]:
    gpus: list[dict[str, str]] = []
    for text in texts:
        found = _GPU.fullmatch(text)
        if not found:
            raise UsageError(
                f"--gpu {text} is not valid.",
                "It should be VENDOR:DEVICE as lspci -nn shows it, with x8 after it for eight of them.",
                "For example: --gpu 10de:2330x8",
                code="cli.invalid-value",
            )
        for _ in range(int(found["count"] or 1)):
            slot = f"0000:{len(gpus) + 1:02x}:00.0"
            gpus.append({"slot": slot, "pci_id": found["pci"].lower(), "class": "0302"})
    return gpus


def _toolkits(version: str | None) -> list[dict[str, str]]:
    return [{"version": version, "path": f"/usr/local/cuda-{version}"}] if version else []


class System(NamedTuple):
    """A distribution of --os with the C library and Python that it comes with, where they are known."""

    id: str
    version: str
    family: str
    glibc: str | None
    python: str | None


def _distribution(text: str) -> System:
    name, _, version = text.lower().rpartition("-")
    if not name:
        name, version = version, ""
    major = version.partition(".")[0]
    made_of = DERIVED.get((name, version)) or DERIVED.get((name, major))
    kin, wanted = made_of or (SAME_AS.get(name, name), version)
    for row in DISTRIBUTIONS:
        if row.id == kin and row.version in (wanted, wanted.partition(".")[0]):
            return System(name, version, row.family, row.glibc, row.python)
    if version and any(name in row.ids for row in BY_HAND):
        return System(name, version, "other", None, None)
    known = ", ".join(f"{row.id}-{row.version}" for row in DISTRIBUTIONS)
    made = ", ".join(f"{name}-{version}" for name, version in DERIVED)
    raise UsageError(
        f"--os {text} is not supported.",
        f"Known are {known}; {', '.join(SAME_AS)} as rhel; {made}.",
        "For example: --os ubuntu-22.04. Any other host can be given with --host FILE.",
        code="cli.unknown-value",
    )
