"""Tell which installations began on a host and did not end: power went, or somebody stopped them.

What such an installation left can look whole: its kernel module loads at the next start.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from ..core.errors import Unreadable
from ..driver import history
from .model import Interrupted
from .packages import Package, is_driver

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the role nvidia_driver notes of its installation, and the role cuda of each of its own.
RECORD = "/var/lib/slowfast-stack/driver.json"
TOOLKITS = "/var/lib/slowfast-stack/toolkits-begun"
# The states of dpkg that packages stay in; all others are steps on the way.
RESTING = ("installed", "config-files", "not-installed")


def debian(listing: str) -> tuple[Package, ...]:
    """Return the packages that dpkg left on the way, from lines of name, version, maker, state."""
    return tuple(Package(*row[:3]) for row in _rows(listing, 4) if row[3] not in RESTING)


def redhat(listing: str) -> tuple[Package, ...]:
    """Return the older ones of driver packages that rpm has twice: it was to remove them.

    The lines have name, version and vendor. Kernels and keys are there twice for good.
    """
    found: dict[str, list[Package]] = defaultdict(list)
    for row in _rows(listing, 3):
        if is_driver(Package(*row)):
            found[row[0]].append(Package(*row))
    return tuple(packages[0] for packages in found.values() if len(packages) > 1)


def _rows(listing: str, columns: int) -> Iterator[list[str]]:
    rows = (line.split("\t") for line in listing.splitlines())
    return (row for row in rows if len(row) == columns)


def find(
    family: str, listing: str, stream_file: str, record_file: str, toolkits_file: str
) -> Interrupted:
    """Return what did not end, from the package manager and from what the roles noted.

    Raises ``Unreadable`` where the record of the driver is damaged.
    """
    left = redhat(listing) if family == "redhat" else debian(listing)
    if family == "redhat":
        listing = "".join(f"{line}\tinstalled\n" for line in listing.splitlines())
    now = history.installed(listing, stream_file)
    begun = _record(record_file)
    driver = any(map(is_driver, left)) or bool(begun and history.is_open(begun, now))
    names = tuple(sorted({package.name for package in left}))
    return Interrupted(driver, tuple(toolkits_file.split()), names)


def _record(text: str) -> dict[str, object] | None:
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise Unreadable(
            "It is not known whether the installation of the driver ended.",
            f"{RECORD} is damaged.",
            "Remove it; the way back to the driver before is lost with it.",
            code="host.damaged-record",
        ) from error
