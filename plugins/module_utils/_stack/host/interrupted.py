"""Find installations that did not complete: of the driver, of CUDA toolkits, of any package.

Their files may look complete: the kernel module of an interrupted driver loads at the next boot.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from . import driver_record
from .model import Interrupted
from .packages import Package, is_driver

if TYPE_CHECKING:
    from collections.abc import Iterator

# The role cuda lists here the toolkits whose installation has begun.
TOOLKITS = "/var/lib/slowfast-stack/toolkits-begun"
# The final states of dpkg; all others are intermediate.
FINAL_STATES = ("installed", "config-files", "not-installed")


def debian(listing: str) -> tuple[Package, ...]:
    """Return the packages that dpkg left in an intermediate state.

    The lines have name, version, maintainer and state.
    """
    return tuple(Package(*row[:3]) for row in _rows(listing, 4) if row[3] not in FINAL_STATES)


def redhat(listing: str) -> tuple[Package, ...]:
    """Return the older version of each driver package that rpm has twice: it was not removed yet.

    The lines have name, version and vendor. Kernels and keys are regularly installed twice.
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
    """Return what is incomplete, from the package manager and the records of the roles.

    Raises ``Unreadable`` where the record of the driver is damaged or of a newer release.
    """
    left = redhat(listing) if family == "redhat" else debian(listing)
    if family == "redhat":
        listing = "".join(f"{line}\tinstalled\n" for line in listing.splitlines())
    now = driver_record.installed(listing, stream_file)
    record = driver_record.parse(record_file)
    driver = any(map(is_driver, left)) or bool(record and driver_record.is_open(record, now))
    names = tuple(sorted({package.name for package in left}))
    return Interrupted(driver, tuple(toolkits_file.split()), names)
