"""What an SBOM lists that a vulnerability may be in, and what no database here can answer for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from packageurl import PackageURL
from packaging.utils import canonicalize_name
from packaging.version import Version

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names, validation
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# An SBOM of this project has 8 MB.
_LARGEST = 256 << 20
_DEEPEST = 20
_LIBRARY = ("slowfast-stack:soname", "slowfast-stack:needed")
_BUILT = "it was built from a source; the databases list releases"
_COMMIT = "it is at a commit; the databases list releases"
_DISTRIBUTION = "it is of a distribution, whose security tracker knows it"
# Why a component is not looked up, by the type of its package URL.
REASONS = {
    "": "it has no package URL",
    "conda": "the databases have no packages of conda",
    "deb": _DISTRIBUTION,
    "generic": "the databases have no such programs",
    "github": _COMMIT,
    "rpm": _DISTRIBUTION,
}
# The same of a component without one, by the first word of its reference.
_WITHOUT_URL = {"package": _BUILT, "source": _COMMIT}


class Subject(NamedTuple):
    """A component: ``purl`` is empty without one; ``why_not`` says why no database is asked."""

    name: str
    version: str
    purl: str
    why_not: str = ""

    @property
    def release(self) -> Version:
        """Return the version without a local part: 2.4.1+cu124 is a build of the release 2.4.1."""
        return Version(Version(self.version).public)


class Listed(NamedTuple):
    """What an SBOM lists: components once each, and the number of native libraries among the files."""

    subjects: tuple[Subject, ...]
    libraries: int


def read(path: Path) -> dict[str, Any]:
    """Return a CycloneDX document. Raises ``StackError`` for a file that is none."""
    try:
        found = validation.mapping(
            validation.parse_json(names.read_regular(path, _LARGEST)), path.name
        )
    except (OSError, ValueError, StackError) as error:
        raise _unreadable(path, error) from error
    if found.get("bomFormat") != "CycloneDX":
        raise _unreadable(path, ValueError("It is no CycloneDX document"))
    return found


def _unreadable(path: Path, error: Exception) -> StackError:
    cause = str(getattr(error, "strerror", None) or error)
    return StackError(
        f"{path} is no SBOM that can be read.",
        cause if cause.endswith(".") else f"{cause}.",
        "Give a CycloneDX document in JSON, such as `slowfast-stack lock --sbom FILE` writes.",
        code="audit.unreadable-sbom",
    )


def of(document: Mapping[str, Any]) -> Listed:
    """Return what a CycloneDX document lists. Raises ``StackError`` for another form."""
    found: dict[tuple[str, str, str], Subject] = {}
    libraries = 0
    for row in _components(document.get("components"), 0):
        if row.get("type") == "file":
            libraries += _is_library(row)
        elif row.get("type") != "data":
            one = _subject(row)
            # A wheel may name another package as embedded, with more in its URL.
            found.setdefault((one.name, one.version, one.purl if one.why_not else "pypi"), one)
    return Listed(tuple(sorted(found.values())), libraries)


def _components(rows: object, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        raise validation.bad("components", f"at most {_DEEPEST} levels", depth)
    for row in validation.items(rows, "components"):
        one = validation.mapping(row, "components")
        yield one
        yield from _components(one.get("components"), depth + 1)


def _is_library(row: Mapping[str, Any]) -> bool:
    rows = row.get("properties") or ()
    return any(isinstance(each, dict) and each.get("name") in _LIBRARY for each in rows)


def _subject(row: Mapping[str, Any]) -> Subject:
    name, version, purl = (_text(row.get(key)) for key in ("name", "version", "purl"))
    if not purl:
        reference = _text(row.get("bom-ref"))
        return Subject(
            name, version, "", _BUILT if reference.startswith("package ") else REASONS[""]
        )
    try:
        found = PackageURL.from_string(purl)
    except ValueError:
        return Subject(name, version, purl, "its package URL cannot be read")
    if found.type != "pypi":
        return Subject(
            name, version, purl, REASONS.get(found.type, "the databases have no such packages")
        )
    try:
        Version(found.version or "")
        released = canonicalize_name(found.name, validate=True)
    except ValueError:  # also a number of 5,000 digits
        return Subject(name, version, purl, "PyPI allows no such name or version")
    return Subject(released, str(found.version), purl)


def _text(value: object) -> str:
    return str(value)[:1024] if isinstance(value, (str, int)) else ""
