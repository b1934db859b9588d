"""Remember which driver packages were there before an installation, and lead back to them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ..host.packages import VENDOR, Package, is_driver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What a package manager says of each package, and how it is asked for one version of it.
FAMILIES = {
    "debian": (
        ("dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Maintainer}\t${db:Status-Status}\n"),
        "{}={}",
    ),
    "redhat": (("rpm", "-qa", "--qf", "%{NAME}\t%{VERSION}\t%{VENDOR}\tinstalled\n"), "{}-{}"),
}
STREAM_FILE = "/etc/dnf/modules.d/nvidia-driver.module"
_STREAM = re.compile(r"^stream\s*=\s*(\S+)", re.MULTILINE)
_RELEASE = re.compile(r"\d{3}\.\d+(?:\.\d+)?")


class Installed(NamedTuple):
    """The driver packages of a moment, and the stream of the Red Hat family ("" where none)."""

    packages: tuple[Package, ...]
    stream: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"packages": [list(package) for package in self.packages], "stream": self.stream}


def installed(listing: str, stream_file: str) -> Installed:
    """Read the lines of a package manager, and its file of the enabled stream."""
    rows = [line.split("\t") for line in listing.splitlines()]
    packages = [Package(*row[:3]) for row in rows if row[-1] == "installed" and len(row) == 4]  # noqa: PLR2004
    match = _STREAM.search(stream_file)
    drivers = sorted(package for package in packages if is_driver(package))
    return Installed(tuple(drivers), match.group(1) if match else "")


def read(data: Mapping[str, Any]) -> Installed:
    """Read what ``to_dict`` wrote."""
    return Installed(tuple(Package(*row) for row in data["packages"]), data["stream"])


def begun(record: Mapping[str, Any] | None, now: Installed) -> dict[str, Any]:
    """Return the record of an installation that begins.

    One that was interrupted left a mixture; what was there before it stays the way back.
    """
    if record and not record["done"]:
        return dict(record)
    return {"before": now.to_dict(), "older": dict(record) if record else None, "done": False}


def is_open(record: Mapping[str, Any], now: Installed) -> bool:
    """Tell whether an installation began, changed packages, and did not end."""
    return not record["done"] and read(record["before"]) != now


def ended(record: Mapping[str, Any], now: Installed) -> dict[str, Any]:
    """Return the record of an installation that is complete.

    One that changed nothing, such as after a reboot that nobody allowed, keeps the older way back.
    """
    if record.get("older") and read(record["before"]) == now:
        return dict(record["older"])
    return {"before": record["before"], "done": True}


def way_back(before: Installed, now: Installed, family: str) -> dict[str, Any] | None:
    """Return the driver plan that brings back what was there, None where there was no driver.

    ``packages`` are the exact versions, ``release`` their release, ``gone`` what is there now and
    was not then.
    """
    releases = Counter(
        match.group() for package in before.packages if (match := _RELEASE.match(package.version))
    )
    if not releases:
        return None
    release = releases.most_common(1)[0][0]
    form = FAMILIES[family][1]
    exact = [form.format(package.name, package.version) for package in before.packages]
    stream = [f"@nvidia-driver:{before.stream}"] if before.stream else []
    vendor = any(VENDOR.search(package.maker) for package in before.packages)
    return {
        "action": "undo",
        "branch": release.partition(".")[0],
        "release": release,
        "origin": "nvidia" if vendor else "distribution",
        "packages": [*stream, *exact],
        "fabric_packages": [],
        "reboot": True,
        "gone": _gone(before.packages, now.packages),
    }


def _gone(before: Sequence[Package], now: Sequence[Package]) -> list[str]:
    names = {package.name for package in before}
    return [package.name for package in now if package.name not in names]
