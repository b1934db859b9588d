"""Look up the distribution of a host in the catalog, and a driver in its archive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..catalog.distributions import (
    BY_HAND,
    CODENAMES,
    DERIVED,
    DISTRIBUTIONS,
    PLATFORMS,
    SAME_AS,
    DistributionRow,
)

if TYPE_CHECKING:
    from ..catalog.distributions import ArchiveRow, ByHandRow
    from ..host.model import Distribution, Host
    from .candidates import DriverOption

_BY_NAME = {(row.id, row.version): row for row in DISTRIBUTIONS}
_OWN = {row.id for row in DISTRIBUTIONS} | set(SAME_AS)
_BY_CODENAME = {codename: key for key, codename in CODENAMES.items()}
# What a derivative of each distribution has in its ID_LIKE.
_KIN = {"ubuntu": {"ubuntu"}, "debian": {"debian"}, "amzn": {"amzn", "fedora"}, "fedora": {"fedora"},
        "rhel": {"rhel", "centos", "fedora"}}  # fmt: skip


def distribution(host: Host) -> DistributionRow | None:
    """Return the table's row for the host's distribution or its base, None where there is none."""
    row = _named(host.distribution)
    return row if row is None or unsure(host) is None else None


def unsure(host: Host) -> str | None:
    """Return why a distribution is not taken for what it says that it is made of, None where it is."""
    found = host.distribution
    if found.id in _OWN:
        return None
    row, says = _named(found), " ".join(found.like)
    if row is None:
        text = "it does not say which release of it it is made of"
        return f"it calls itself like {says}, and {text}" if says and _is_kin(found) else None
    base = f"{row.id} {row.version}"
    if says and not _KIN[row.id] & set(found.like):
        return f"its release is that of {base}, and it calls itself like {says}"
    known = DERIVED.get((found.id, found.version))
    if known and known != (row.id, row.version):
        return f"its release is that of {base}, and {found.id} {found.version} is made of {' '.join(known)}"
    if host.glibc and host.glibc != row.glibc:
        return f"it says that it is made of {base}, whose C library is {row.glibc}; here it is {host.glibc}"
    return None


def by_hand(host: Host) -> ByHandRow | None:
    """Return the row of a distribution whose package manager the roles do not use."""
    names = {host.distribution.id, *host.distribution.like}
    return next((row for row in BY_HAND if names & set(row.ids)), None)


def _is_kin(found: Distribution) -> bool:
    return any(kin & set(found.like) for kin in _KIN.values())


def _named(found: Distribution) -> DistributionRow | None:
    name = SAME_AS.get(found.id, found.id)
    # The Red Hat family reports minor releases such as 9.4; one row is for all of 9.
    own = _BY_NAME.get((name, found.version)) or _BY_NAME.get(
        (name, found.version.partition(".")[0])
    )
    if found.id in _OWN:
        return own
    return _BY_NAME.get(_base(found) or ("", ""))


def _base(found: Distribution) -> tuple[str, str] | None:
    """Return id and version of what a derivative is made of, None where nothing says it."""
    if found.codename in _BY_CODENAME:
        return _BY_CODENAME[found.codename]
    platform = re.fullmatch(r"([a-z]+)([0-9]+)", found.platform)
    if platform and platform[1] in PLATFORMS:
        return PLATFORMS[platform[1]], platform[2]
    major = found.version.partition(".")[0]
    return DERIVED.get((found.id, found.version)) or DERIVED.get((found.id, major))


def archive(row: DistributionRow | None, option: DriverOption) -> ArchiveRow | None:
    """Return the distribution's own packages of a driver option, None where it has none."""
    found = next((e for e in row.archive if e.branch == option.number), None) if row else None
    return found if found and found.names(option.flavour) else None
