"""Look up where the packages of NVIDIA or of the distribution come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.distributions import EPEL_RELEASE, EPEL_RELEASES, NVIDIA_BASE, components
from ..core.architectures import ARCHITECTURES
from .distribution import distribution
from .plan import RepositoryPlan

if TYPE_CHECKING:
    from ..catalog.distributions import DistributionRow
    from ..host.model import Host


def repository(host: Host, origin: str | None, *, driver: bool = False) -> RepositoryPlan | None:
    """Return the package source of an origin, None where the host has none.

    A ``driver`` also needs the source of dkms.
    """
    row = distribution(host)
    if row is None or origin is None:
        return None
    if origin == "distribution":
        found = components(row.id, row.version)
        if found is None:
            return None
        return RepositoryPlan(origin, archive=found.origin, components=found.components)
    machine = ARCHITECTURES.get(host.architecture)
    return RepositoryPlan(
        origin,
        base=NVIDIA_BASE,
        directory=f"{row.repository}/{machine.nvidia if machine else host.architecture}",
        key=row.key.file,
        fingerprint=row.key.fingerprint,
        packages=_epel(host, row) if driver else (),
    )


def _epel(host: Host, row: DistributionRow) -> tuple[str, ...]:
    """Return the package that sets up EPEL on a distribution of the Red Hat family without dkms."""
    own = row.id if row.id != "rhel" else host.distribution.id
    name = EPEL_RELEASES.get(own, EPEL_RELEASE) if row.family == "redhat" else None
    return (name.format(version=row.version),) if name else ()
