"""Name the packages of the distribution that a stack uses, with version, architecture and licence."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..core import names
from ..host import packages
from .model import SystemPackage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from ..core.process import Commands

_LIMIT_S = 120.0
_DOCUMENTS = Path("/usr/share/doc")
_FORMAT = b"Format: http"
_LICENSE = re.compile(r"^License:\s*(\S.*)$", re.MULTILINE)
_MOST_LICENSES = 40
# PACKAGE:ARCHITECTURE, OTHER: /PATH; the first of several packages counts.
_OWNER = re.compile(r"^(?!diversion )([^:\s,]+)[^/]*: (/.+)$")


class _Row(NamedTuple):
    """An installed package, as its manager lists it."""

    name: str
    version: str
    architecture: str
    maker: str
    source: str
    license: str


class _Manager(NamedTuple):
    """How a package manager lists its packages, and names the owner of a file."""

    name: str
    listing: tuple[str, ...]
    owner: Callable[[Commands, Iterable[str]], Mapping[str, str]]
    licenses: Callable[[_Row], tuple[str, ...]]


def _dpkg_owners(commands: Commands, paths: Iterable[str]) -> dict[str, str]:
    asked = {form: path for path in paths for form in _forms(path)}
    if not asked:
        return {}
    done = commands.within(_LIMIT_S).run(["dpkg-query", "-S", *asked])
    found = {}
    for line in done.output.splitlines():
        matched = _OWNER.match(line)
        if matched and matched.group(2) in asked:
            found[asked[matched.group(2)]] = matched.group(1)
    return found


def _forms(path: str) -> set[str]:
    """Return the names of a file where /lib is a link to /usr/lib; dpkg knows one of them."""
    return {path, path[4:]} if path.startswith(("/usr/lib", "/usr/bin")) else {path, f"/usr{path}"}


def _rpm_owners(commands: Commands, paths: Iterable[str]) -> dict[str, str]:
    found = {}
    for path in paths:
        done = commands.within(_LIMIT_S).run(["rpm", "-qf", "--qf", "%{NAME}\n", path])
        if done.rc == 0:
            found[path] = done.output.splitlines()[0]
    return found


def _copyright(row: _Row) -> tuple[str, ...]:
    """Return the licences that a machine-readable copyright file of Debian names (DEP 5)."""
    try:
        text = names.read_regular((_DOCUMENTS / row.name / "copyright").resolve())
    except OSError:
        return ()
    if not text.startswith(_FORMAT):
        return ()
    found = _LICENSE.findall(text.decode("utf-8", "replace"))
    return tuple(sorted({one.strip()[:100] for one in found})[:_MOST_LICENSES])


_DPKG = _Manager(
    "deb",
    (
        "dpkg-query", "-W", "-f",
        "${Package}\t${Version}\t${Architecture}\t${Maintainer}\t${source:Package}\t\t${db:Status-Status}\n",
    ),
    _dpkg_owners,
    _copyright,
)  # fmt: skip
_RPM = _Manager(
    "rpm",
    (
        "rpm", "-qa", "--qf",
        "%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{ARCH}\t%{VENDOR}\t%{SOURCERPM}\t%{LICENSE}\tinstalled\n",
    ),
    _rpm_owners,
    lambda row: (row.license,) if row.license else (),
)  # fmt: skip


def used(commands: Commands, wanted: Mapping[str, str]) -> tuple[SystemPackage, ...]:
    """Return the packages of the driver and of CUDA, and those that own the files ``wanted``.

    ``wanted`` says for each absolute path what it is used for. A file of no package is left out.
    """
    for manager in (_DPKG, _RPM):
        done = commands.within(_LIMIT_S).run(manager.listing)
        if done.rc == 0 and done.output:
            return tuple(_used(commands, manager, _rows(done.output), wanted))
    return ()


def _rows(listing: str) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    for line in listing.splitlines():
        *fields, state = line.split("\t")
        if len(fields) == len(_Row._fields) and state == "installed":
            found.setdefault(fields[0], []).append(_Row(*fields))
    return found


def _used(
    commands: Commands, manager: _Manager, rows: Mapping[str, list[_Row]], wanted: Mapping[str, str]
) -> Iterator[SystemPackage]:
    why = {name: part for name, found in rows.items() if (part := _part_of(manager, found))}
    for path, owner in sorted(manager.owner(commands, wanted).items()):
        why.setdefault(owner, wanted[path])
    for name in sorted(why):
        for row in rows.get(name, ()):
            yield SystemPackage(
                manager.name,
                row.name,
                row.version,
                row.architecture,
                why[name],
                row.source,
                manager.licenses(row),
            )


def _part_of(manager: _Manager, rows: Collection[_Row]) -> str:
    """Return of which part the packages of one name are; nothing for other packages."""
    for row in rows:
        # NVIDIA's packages have an epoch on rpm alone; with one on dpkg it is another's.
        version = row.version.rpartition(":")[2] if manager is _RPM else row.version
        one = packages.Package(row.name, version, row.maker)
        if packages.is_driver(one):
            return "driver"
        if packages.is_toolkit(one):
            return "CUDA toolkit"
    return ""


def libraries(needed: Collection[str], machine: str) -> dict[str, str]:
    """Return where the system has the libraries of these sonames; those it lacks are left out."""
    folders = [f"/lib/{machine}-linux-gnu", f"/usr/lib/{machine}-linux-gnu", "/lib64", "/usr/lib64"]
    found = {}
    for soname in needed:
        for folder in folders:
            path = f"{folder}/{soname}"
            if "/" not in soname and os.path.exists(path):  # noqa: PTH110  (hundreds of times)
                found[soname] = os.path.realpath(path)
                break
    return found
