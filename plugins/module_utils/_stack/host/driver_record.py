"""Read the record of driver installations, and the driver packages that it names."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import names
from ..core.errors import Unreadable
from ..core.validation import InvalidValueError, bad, count, items, mapping, parse_json
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
_MOST = 500
_maker = names.matching(r"[^\x00-\x1f\x7f]{0,200}", "one line of text")
_stream = names.matching(r"[A-Za-z0-9._+-]{0,64}", "the stream of a module")
_RELEASE = re.compile(r"\d{3}\.\d+(?:\.\d+)?")


class Installed(NamedTuple):
    """Driver packages at one time, and their module stream on the Red Hat family ("" for none)."""

    packages: tuple[Package, ...]
    stream: str

    @property
    def release(self) -> str | None:
        """Return the driver release that most packages have, None without a driver."""
        found = (_RELEASE.match(package.version) for package in self.packages)
        common = Counter(match.group() for match in found if match).most_common()
        return common[0][0] if common else None

    def to_dict(self) -> dict[str, object]:
        """Return plain data."""
        return {"packages": [list(package) for package in self.packages], "stream": self.stream}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Installed:
        """Read what ``to_dict`` returned. Raises ``StackError`` for anything else.

        It names packages of the driver alone: they become words of a command of root.
        """
        found = mapping(data, "the record of the driver")
        rows = items(found.get("packages"), "packages")
        if len(rows) > _MOST:
            raise bad("packages", f"at most {_MOST} packages", len(rows))
        packages = tuple(_package(row, f"packages[{n}]") for n, row in enumerate(rows))
        return cls(packages, _stream(found.get("stream"), "stream"))


def _package(value: object, where: str) -> Package:
    row = items(value, where)
    if len(row) != 3:  # noqa: PLR2004
        raise bad(where, "name, version and maker", len(row))
    package = Package(
        names.package(row[0], where), names.package_version(row[1], where), _maker(row[2], where)
    )
    if not is_driver(package):
        raise bad(where, "a package of the driver", package.name)
    return package


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
