"""Read the record of driver installations, and the driver packages that it names."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import Unreadable
from ..core.validation import InvalidValueError, count, mapping, parse_json
from .packages import Package, is_driver

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/var/lib/slowfast-stack/driver.json"
SCHEMA = 1
STREAM_FILE = "/etc/dnf/modules.d/nvidia-driver.module"
# How each family's package manager lists name, version, maker and state.
LISTINGS = {
    "debian": ("dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Maintainer}\t${db:Status-Status}\n"),
    "redhat": ("rpm", "-qa", "--qf", "%{NAME}\t%{VERSION}\t%{VENDOR}\tinstalled\n"),
}  # fmt: skip
_STREAM = re.compile(r"^stream\s*=\s*(\S+)", re.MULTILINE)
_RELEASE = re.compile(r"\d{3}\.\d+(?:\.\d+)?")


class Installed(NamedTuple):
    """Driver packages at one time, and their module stream on the Red Hat family ("" for none)."""

    packages: tuple[Package, ...]
    stream: str

    @property
    def release(self) -> str | None:
        """Return the driver release that most packages have, None without a driver."""
        found = (_RELEASE.match(package.version) for package in self.packages)
        common = Counter(match.group() for match in found if match).most_common(1)
        return common[0][0] if common else None

    def to_dict(self) -> dict[str, object]:
        """Return plain data."""
        return {"packages": [list(package) for package in self.packages], "stream": self.stream}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Installed:
        """Read what ``to_dict`` returned. Raises KeyError and TypeError for anything else."""
        found = cls(tuple(Package(*row) for row in data["packages"]), data["stream"])
        texts = (found.stream, *(part for package in found.packages for part in package))
        if not all(isinstance(text, str) for text in texts):
            raise TypeError(data)
        return found


def installed(listing: str, stream_file: str) -> Installed:
    """Return the installed driver packages from a listing and the file of the enabled stream."""
    rows = [line.split("\t") for line in listing.splitlines()]
    packages = [Package(*row[:3]) for row in rows if row[-1] == "installed" and len(row) == 4]  # noqa: PLR2004
    match = _STREAM.search(stream_file)
    drivers = sorted(package for package in packages if is_driver(package))
    return Installed(tuple(drivers), match.group(1) if match else "")


def parse(text: str) -> dict[str, Any] | None:
    """Return the record in the file's text, None where it is empty.

    A record without a schema is of schema 1. Raises ``Unreadable`` for a damaged record, and for
    one that a newer release wrote.
    """
    if not text:
        return None
    try:
        record = mapping(parse_json(text), "driver.json")
        schema = count(record.get("schema", SCHEMA), "driver.json: schema")
        if schema > SCHEMA:
            raise _newer(schema)
        complete = isinstance(record["done"], bool) and Installed.from_dict(record["before"])
        older = record.get("older")
        if older is not None:
            Installed.from_dict(older["before"])
    except (ValueError, TypeError, KeyError, AttributeError, InvalidValueError) as error:
        raise _damaged() from error
    if schema != SCHEMA or not complete:
        raise _damaged()
    return record


def _newer(schema: int) -> Unreadable:
    return Unreadable(
        f"{PATH} was written by a newer release of slowfast.stack.",
        f"Its schema is {schema}; this release reads {SCHEMA}.",
        "Upgrade slowfast.stack on the controller.",
        code="record.unsupported-schema",
    )


def _damaged() -> Unreadable:
    return Unreadable(
        "It is unknown whether the driver installation is complete.",
        f"{PATH} is damaged.",
        "Remove the file; the previous driver cannot be restored without it.",
        code="host.damaged-record",
    )


def is_open(record: Mapping[str, Any], now: Installed) -> bool:
    """Return whether an installation changed packages and did not complete."""
    return not record["done"] and Installed.from_dict(record["before"]) != now
