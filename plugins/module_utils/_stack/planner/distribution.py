"""Look up the distribution of a host in the catalog, and a driver in its archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.distributions import DISTRIBUTIONS, SAME_AS, DistributionRow

if TYPE_CHECKING:
    from ..catalog.distributions import ArchiveRow
    from ..host.model import Host
    from .candidates import DriverOption

_BY_NAME = {(row.id, row.version): row for row in DISTRIBUTIONS}


def distribution(host: Host) -> DistributionRow | None:
    """Return the table's row for the host's distribution, None where there is none."""
    name = SAME_AS.get(host.distribution.id, host.distribution.id)
    number = host.distribution.version
    # The Red Hat family reports minor releases such as 9.4; one row is for all of 9.
    return _BY_NAME.get((name, number)) or _BY_NAME.get((name, number.partition(".")[0]))


def archive(row: DistributionRow | None, option: DriverOption) -> ArchiveRow | None:
    """Return the distribution's own packages of a driver option, None where it has none."""
    found = next((e for e in row.archive if e.branch == option.number), None) if row else None
    return found if found and found.names(option.flavour) else None
