"""Name the packages of a kernel: its headers, and NVIDIA's modules that an archive built for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..catalog.distributions import KERNEL
from ..catalog.kernels import (
    DEB_KERNELS,
    FIRST_SERIES,
    OWN_KERNELS,
    RPM_KERNELS,
    RPM_UNKNOWN,
    DebKernelRow,
)
from ..core.versions import release, version
from .distribution import archive, distribution

if TYPE_CHECKING:
    from ..host.model import Host
    from .candidates import DriverOption

META = "linux-image-"
# What follows a flavour in the name of a meta package: a series, or a release with its support.
_SUFFIX = re.compile(r"(-(hwe|lts)-[0-9.]+(-edge)?|-[0-9]+\.[0-9]+[a-z]?|-edge)?")
# Ubuntu numbers its builds with a few digits; those of others, as 6.12.10-76061203, are longer.
_BUILD = re.compile(r"[0-9]+(\.[0-9]+)+-[0-9]{1,4}-")

# What is before the flavour: parts that begin with a digit, as 6.8.0-1021 in 6.8.0-1021-aws.
_NUMBERS = re.compile(r"^(?:[0-9][^-]*-)+")


class Prebuilt(NamedTuple):
    """Modules that the archive built: ``packages``, and whether the running kernel is among theirs.

    ``listed`` means that the lists of the host's package manager name them.
    """

    packages: tuple[str, ...]
    running: bool
    listed: bool


def flavour(host: Host) -> str | None:
    """Return the flavour of the running kernel, None for one that no table knows."""
    if host.distribution.family == "redhat":
        found = _rpm(host.kernel.release)
        return found[0] if found else None
    row = _deb(host)
    return row.flavour if row else None


def headers(host: Host) -> tuple[str, ...] | None:
    """Return the packages of headers that dkms builds with, also those of kernels to come.

    None where they are missing and no table knows the kernel. On Debian and Ubuntu, those of a kernel
    of any maker have its release in their name.
    """
    if host.distribution.family == "redhat":
        return _rpm_headers(host)
    kernel = host.kernel
    known = not kernel.release or kernel.headers
    row = _deb(host)
    if row is None:
        other = host.distribution.family != "debian" or distribution(host) is None
        return () if known else None if other else (f"linux-headers-{kernel.release}",)
    missing = () if known else (row.headers.format(release=kernel.release),)
    metas = tuple(f"linux-headers-{name}" for _first, name in _metas(host, row))
    return (*missing, *(name for name in metas if name not in missing))


def prebuilt(host: Host, option: DriverOption) -> Prebuilt | None:
    """Return the modules that the distribution built for the kernel of a host, None without any."""
    row, entry = _deb(host), archive(distribution(host), option)
    if option.origin != "distribution" or entry is None or row is None or not row.modules:
        return None
    template = next((name for name in entry.names(option.flavour) if KERNEL in name), None)
    if template is None:
        return None
    metas = [row.flavour + name[len(first) :] for first, name in _metas(host, row)]
    wanted = template.replace(KERNEL, (metas or [_meta(host, row)])[0])
    listed, kernel = host.kernel.modules, host.kernel.release
    running = template.replace(KERNEL, kernel)
    if not listed:
        # A what-if has no kernel yet.
        unknown = kernel in ("", row.flavour)
        own = unknown or _BUILD.match(kernel)
        return Prebuilt((wanted,), running=unknown, listed=False) if own else None
    found = tuple(name for name in (running, wanted) if name in listed)
    return Prebuilt(found, running in listed, listed=True) if found else None


def other_branches(host: Host) -> tuple[str, ...]:
    """Return the branches whose modules the archive built for the running kernel, newest first."""
    pattern = re.compile(rf"linux-modules-nvidia-(\d+)-(?:.+-)?{re.escape(host.kernel.release)}")
    found = {match.group(1) for name in host.kernel.modules if (match := pattern.fullmatch(name))}
    return tuple(sorted(found, key=int, reverse=True))


def installed(host: Host) -> str | None:
    """Return how the modules of the installed driver came about, None where no package says it."""
    names = [package.name for package in host.driver_packages]
    if any(name.startswith("linux-modules-nvidia-") for name in names):
        return "prebuilt"
    return "dkms" if any("-dkms" in name for name in names) else None


def _deb(host: Host) -> DebKernelRow | None:
    """Return the row of the flavour that ends the release; without a release, the common one."""
    row = distribution(host)
    if row is None:
        return None
    rows = [each for each in DEB_KERNELS if each.distribution == row.id]
    if not host.kernel.release:
        own = host.distribution.id in OWN_KERNELS
        return rows[0] if rows and row.id == "ubuntu" and not own else None
    named = _NUMBERS.sub("", host.kernel.release)
    return next((each for each in rows if each.flavour == named), None)


def _is_hwe(host: Host, row: DebKernelRow) -> bool:
    first = FIRST_SERIES.get(_version(host))
    running = release(host.kernel.release)
    return bool(row.hwe and first and running and running[:2] > version(first))


def _version(host: Host) -> str:
    row = distribution(host)
    return row.version if row else ""


def _meta(host: Host, row: DebKernelRow) -> str:
    """Return the flavour of the meta package that installs kernels like the running one."""
    return f"{row.flavour}-hwe-{_version(host)}" if _is_hwe(host, row) else row.flavour


def _metas(host: Host, row: DebKernelRow) -> list[tuple[str, str]]:
    """Return the installed meta packages that install kernels like the running one.

    Each is what follows linux-image-, after the beginning of it that names the flavour.
    """
    names = [name[len(META) :] for name in host.kernel.meta if name.startswith(META)]
    found = []
    for name in names:
        first = next((each for each in sorted(row.metas, key=len) if name.startswith(each)), None)
        if first and _SUFFIX.fullmatch(name[len(first) :]):
            found.append((first, name))
    if row.hwe:
        return [pair for pair in found if ("-hwe-" in pair[1]) == _is_hwe(host, row)]
    # Clouds move to newer series, but for a meta package with long-term support.
    first_series = FIRST_SERIES.get(_version(host), "")
    stays = release(host.kernel.release)[:2] == release(first_series)
    found.sort(key=lambda pair: ("-lts-" in pair[1]) != stays)
    return found


def _rpm(text: str) -> tuple[str, tuple[str, ...]] | None:
    for row in RPM_KERNELS:
        match = re.fullmatch(row.release, text)
        if match:
            names = match.groupdict()
            return row.flavour, tuple(name.format(**names) for name in row.packages)
    return None


def _rpm_headers(host: Host) -> tuple[str, ...] | None:
    if not host.kernel.release:
        return RPM_UNKNOWN
    found = _rpm(host.kernel.release)
    if found:
        return found[1]
    return () if host.kernel.headers else None
