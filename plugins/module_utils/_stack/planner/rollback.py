"""Plan the driver that was installed before the last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..host.packages import VENDOR
from .driver_packages import STREAM, beside, changing, has_fabric
from .plan import DriverPlan

if TYPE_CHECKING:
    from ..host.driver_record import Installed
    from ..host.model import Host

# How a package manager is asked for one version of a package.
EXACT = {"debian": "{}={}", "redhat": "{}-{}"}


def rollback(host: Host, before: Installed) -> DriverPlan | None:
    """Return the plan that reinstalls the packages of a record, None where it has no driver."""
    release = before.release
    if release is None:
        return None
    form, branch = EXACT[host.distribution.family], release.partition(".")[0]
    vendor = any(VENDOR.search(package.maker) for package in before.packages)
    stream = (f"{STREAM}nvidia-driver:{before.stream}",) if before.stream else ()
    exact = (form.format(package.name, package.version) for package in before.packages)
    mok = host.secure_boot is True and vendor
    prebuilt = any(package.name.startswith("linux-modules-") for package in before.packages)
    packages = (*stream, *exact, *beside(host, branch, mok=mok, prebuilt=prebuilt))
    plan = DriverPlan(
        action="rollback",
        branch=branch,
        flavour=None,
        origin="nvidia" if vendor else "distribution",
        packages=packages,
        pin=(),
        repository=None,
        fabric_manager=has_fabric(host),
        fabric_packages=(),
        reboot=True,
        mok=mok,
        release=f"{release}-*",
    )
    return changing(host, plan, prebuilt=prebuilt)


def removed(before: Installed, now: Installed) -> list[str]:
    """Return the packages that are installed now and were not before."""
    names = {package.name for package in before.packages}
    return [package.name for package in now.packages if package.name not in names]
