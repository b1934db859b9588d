"""A host that does not exist: bare, with the GPUs and the system of the what-if options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    DISTRIBUTIONS,
    SAME_AS,
    DistributionRow,
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


def host(machine: Machine, endpoints: list[str]) -> model.Host:
    """Return the host as probe would find it, with every endpoint in reach. Raises UsageError."""
    name, version, row = _distribution(machine.os)
    found = {
        "source": "the what-if options",
        "architecture": machine.arch,
        "distribution": {"id": name, "version": version, "family": row.family},
        "kernel": {
            "release": _kernel(row.family, name, machine.arch),
            "headers": False,
        },
        "gpus": _gpus(machine.gpus),
        "nvswitches": [_NVSWITCH] if machine.nvswitch else [],
        "driver": {"version": machine.driver, "flavour": None} if machine.driver else None,
        "toolkits": _toolkits(machine.cuda),
        "pythons": [{"version": row.python, "path": f"/usr/bin/python{row.python}"}],
        "secure_boot": machine.secure_boot,
        "root": True,
        "cores": 8,
        "memory_mib": 65536,
        "glibc": row.glibc,
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


def _kernel(family: str, name: str, arch: str) -> str | None:
    """Return the suffix of the kernel's metapackage, as in linux-headers-amd64; Red Hat has none."""
    if family == "redhat":
        return None
    return ARCHITECTURES[arch].debian if name == "debian" and arch in ARCHITECTURES else "generic"


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


def _distribution(text: str) -> tuple[str, str, DistributionRow]:
    name, _, version = text.lower().partition("-")
    major = version.partition(".")[0]
    kin = SAME_AS.get(name, name)
    for row in DISTRIBUTIONS:
        if row.id == kin and row.version in (version, major):
            return name, version, row
    known = ", ".join(f"{row.id}-{row.version}" for row in DISTRIBUTIONS)
    raise UsageError(
        f"--os {text} is not supported.",
        f"Known are {known}, and {', '.join(SAME_AS)} as rhel.",
        "For example: --os ubuntu-22.04",
        code="cli.unknown-value",
    )
