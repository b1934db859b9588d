"""Classify installed packages as part of the driver, of CUDA, or of neither: a purge removes them.

A name alone is ambiguous, so every rule also checks the maintainer or the form of the version.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

PARTS = ("driver", "cuda")
VENDOR = re.compile(r"nvidia\.com|^nvidia\b", re.IGNORECASE)
# A driver release: three digits, a dot, and no epoch.
_RELEASE = re.compile(r"[3-9]\d\d\.\d")
_DRIVER = re.compile(
    r".*nvidia.*|cuda-drivers.*|lib(cuda|nv)[a-z]*1?(debugger1|cuvid1|optix1|sdm.*)?|libxnvctrl.*|nvlsm"
)
_PINNING = re.compile(r"nvidia-driver-pinning-.*")
_TOOLKIT = re.compile(
    r"cuda(?!-drivers|-keyring|-compat).*|lib(cu|npp|nv).*-\d+(-\d+)?|nsight-.*|gds-tools-.*"
)
# A distribution's own build of a toolkit names the release that it is of: 12.4.127~12.4.1-2.
_ARCHIVE_TOOLKIT = re.compile(r"(nvidia-|lib(cu|npp|nv|accinj)|nsight-).*")
_ARCHIVE_RELEASE = re.compile(r".*~\d+\.\d+\.\d+-")
# What Debian keeps for its driver alone, under dates and versions of its own: of all packages of
# bookworm and trixie only glx-alternative-nvidia depends on glx-diversions.
_DEBIAN = re.compile(r"Debian NVIDIA Maintainers\b")
_SUPPORT = re.compile(
    r"nvidia-(support|kernel-common|installer-cleanup)|glx-(alternative-nvidia|diversions)"
)
_CONTAINERS = re.compile(r".*container.*")


class Package(NamedTuple):
    """An installed package with the name of its maintainer or vendor."""

    name: str
    version: str
    maker: str


def read(listing: str) -> tuple[Package, ...]:
    """Read tab-separated lines of name, version, maintainer and state; skip packages not installed."""
    rows = [line.split("\t") for line in listing.splitlines()]
    return tuple(Package(*row[:3]) for row in rows if len(row) == 4 and row[3] != "not-installed")  # noqa: PLR2004


def of(listing: str, parts: Collection[str]) -> list[str]:
    """Return the names of the packages of these parts, sorted."""
    rules = {"driver": is_driver, "cuda": is_toolkit}
    return sorted(
        {package.name for package in read(listing) if any(rules[p](package) for p in parts)}
    )


def is_driver(package: Package) -> bool:
    """Return whether a package is part of the driver, whatever its source; not tools of containers."""
    # dpkg does not know the version of a package whose unpacking was interrupted.
    release = not package.version or _RELEASE.match(package.version)
    part = (
        _PINNING.fullmatch(package.name)
        or (_SUPPORT.fullmatch(package.name) and _DEBIAN.match(package.maker))
        or (release and _DRIVER.fullmatch(package.name))
    )
    other = _CONTAINERS.fullmatch(package.name) or package.name.startswith("cuda-compat")
    return bool(part) and not other


def is_toolkit(package: Package) -> bool:
    """Return whether a package is part of a CUDA toolkit, of the vendor or of a distribution."""
    if _ARCHIVE_TOOLKIT.fullmatch(package.name) and _ARCHIVE_RELEASE.match(package.version):
        return True
    return bool(
        VENDOR.search(package.maker)
        and _TOOLKIT.fullmatch(package.name)
        and not _RELEASE.match(package.version)
    )
