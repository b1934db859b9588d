"""Read the packages of a Python environment: name, licence, files, and the libraries inside."""

from __future__ import annotations

import csv
import os
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from ..core import names
from ..core.errors import StackError
from ..core.validation import mapping, parse_json
from ..environment import direct_url
from ..environment.reuse_packages import ORIGIN
from .model import Embedded, Installed, Part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

_UNKNOWN = ("", "UNKNOWN")
# Some packages have the complete text of their licence in the field of its name.
_LONGEST_NAME = 100
_MOST_EMBEDDED = 2000
_CLASSIFIER = "License :: "


def installed(env: Path, sources: frozenset[str]) -> Iterator[Installed]:
    """Yield the packages of an environment by name; one of ``sources`` may be installed in place."""
    for site in sorted(env.glob("lib/python*/site-packages")):
        if not site.parent.parent.is_symlink():
            folders = sorted(site.glob("*.dist-info"), key=lambda info: info.name.lower())
            for info in folders:
                yield _installed(info, f"{env.name}/{site.relative_to(env)}", sources)


def _installed(info: Path, site: str, sources: frozenset[str]) -> Installed:
    fields = metadata(info)
    name, _dash, number = info.name[: -len(".dist-info")].partition("-")
    name = name.replace("_", "-").lower()
    said = direct_url.read(info)
    source = said.url.rstrip("/").rpartition("/")[2] if said and said.editable else ""
    expression, licenses = licences(fields)
    part = Part(
        f"package {name}",
        "package",
        name,
        number,
        expression=expression,
        licenses=licenses,
        embedded=tuple(_embedded(info, name)),
        origin=source if source in sources else "",
    )
    rows = tuple(_record(info / "RECORD", site))
    origin = info / ORIGIN
    if not origin.is_symlink():
        return Installed(part, rows)
    tops = tuple(row for row in rows if row.count("/") == site.count("/") + 1)
    inside = tuple(_record(origin.resolve(), site))
    return Installed(part, (*rows, *inside), tops)


def metadata(info: Path) -> Message:
    """Return the fields of METADATA; none where it is missing."""
    try:
        text = names.read_regular(info / "METADATA")
    except OSError:
        text = b""
    return BytesHeaderParser().parsebytes(text)


def licences(fields: Message) -> tuple[str, tuple[str, ...]]:
    """Return the SPDX expression of a package, and its other names of licences.

    An expression says all; then the field License where it is short; then the classifiers.
    """
    expression = str(fields.get("License-Expression", "")).strip()
    if expression:
        return expression, ()
    named = str(fields.get("License", "")).strip()
    if named not in _UNKNOWN and len(named) <= _LONGEST_NAME and "\n" not in named:
        return "", (named,)
    rows = [str(row) for row in fields.get_all("Classifier", []) if row.startswith(_CLASSIFIER)]
    return "", tuple(dict.fromkeys(row.rpartition(" :: ")[2] for row in rows))


def _record(listing: Path, site: str) -> Iterator[str]:
    """Yield the files of a RECORD as paths in the stack; none where it is missing."""
    try:
        text = names.read_regular(listing).decode("utf-8", "replace")
    except OSError:
        return
    for row in csv.reader(text.splitlines()):
        path = os.path.normpath(f"{site}/{row[0]}") if row and row[0] else ""
        if path.startswith(f"{site.partition('/')[0]}/"):
            yield path


def _embedded(info: Path, name: str) -> Iterator[Embedded]:
    """Yield what the SBOMs of a package name, without the package itself and parts of it."""
    own, seen = f"pkg:pypi/{name}@", set()
    for path in sorted((info / "sboms").glob("*.json")):
        for row in _components(path):
            found = [str(row.get(key) or "")[:1024] for key in ("name", "version", "purl")]
            one = Embedded(*found)
            if (
                one.name
                and one not in seen
                and not one.purl.lower().replace("_", "-").startswith(own)
            ):
                seen.add(one)
                yield one


def _components(path: Path) -> Iterator[dict[str, object]]:
    try:
        rows = mapping(parse_json(names.read_regular(path)), path.name).get("components")
    except (OSError, ValueError, StackError):
        return
    for row in rows[:_MOST_EMBEDDED] if isinstance(rows, list) else ():
        if isinstance(row, dict):
            yield row
