"""Look up where the packages of NVIDIA or of the distribution come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.distributions import COMPONENTS, EPEL_RELEASE, NVIDIA_BASE, WITHOUT_EPEL_RELEASE
from ..core.architectures import ARCHITECTURES
from .distribution import distribution
from .plan import RepositoryPlan

if TYPE_CHECKING:
    from ..host.model import Host


def repository(host: Host, origin: str | None, *, driver: bool = False) -> RepositoryPlan | None:
    """Return the package source of an origin, None where the host has none.

    A ``driver`` also needs the source of dkms.
    """
    row = distribution(host)
    if row is None or origin is None:
        return None
    if origin == "distribution":
        found = COMPONENTS.get(host.distribution.id)
        if found is None:
            return None
        return RepositoryPlan(origin, archive=found.origin, components=found.components)
    machine = ARCHITECTURES.get(host.architecture)
    epel = row.family == "redhat" and host.distribution.id not in WITHOUT_EPEL_RELEASE
    return RepositoryPlan(
        origin,
        base=NVIDIA_BASE,
        directory=f"{row.repository}/{machine.nvidia if machine else host.architecture}",
        key=row.key.file,
        fingerprint=row.key.fingerprint,
        packages=EPEL_RELEASE if driver and epel else (),
    )
