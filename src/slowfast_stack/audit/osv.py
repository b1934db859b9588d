"""Decide by a record of OSV whether a release of PyPI is affected.

The rules are those of the OSV schema 1.7, section "Evaluation": https://ossf.github.io/osv-schema/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    items,
    mapping,
    text,
)
from slowfast_stack.audit.findings import SEVERITIES, UNKNOWN, Advisory, rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ECOSYSTEM = "PyPI"
_LONGEST = 300
_MOST_IDS = 50
_CVSS = {"CVSS_V2": "CVSS2", "CVSS_V3": "CVSS3", "CVSS_V4": "CVSS4"}
# GitHub's name of a severity that CVSS calls medium.
_WORDS = {"moderate": "medium", **{word: word for word in SEVERITIES}}
_EVENTS = ("introduced", "fixed", "last_affected", "limit")


class Record(NamedTuple):
    """A record of OSV: its text is of others, and its parts are checked when they are read."""

    id: str
    modified: str
    withdrawn: bool
    data: dict[str, Any]


class _Verdict(NamedTuple):
    affected: bool = False
    undecided: bool = False
    fixed: frozenset[str] = frozenset()


def record(value: object) -> Record:
    """Return a record. Raises ``StackError`` for another form."""
    data = mapping(value, "record")
    found = Record(
        text(data.get("id"), "id")[:_LONGEST],
        str(data.get("modified") or "")[:_LONGEST],
        bool(data.get("withdrawn")),
        data,
    )
    _ = packages(found)
    return found


def packages(found: Record) -> frozenset[str]:
    """Return the names of the packages of PyPI that a record is about. Raises ``StackError``."""
    return frozenset(name for name, _row in _affected(found))


def _affected(found: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in items(found.data.get("affected"), f"{found.id}: affected"):
        one = mapping(row, f"{found.id}: affected")
        package = mapping(one.get("package", {}), f"{found.id}: package")
        if str(package.get("ecosystem") or "").partition(":")[0] == ECOSYSTEM:
            yield canonicalize_name(text(package.get("name"), f"{found.id}: name")), one


def advisory(found: Record, name: str, version: Version) -> Advisory | None:
    """Return what a record says of a release; None where it is not affected.

    A record that was withdrawn says nothing. Raises ``StackError`` for a record of another form.
    """
    rows = [row for package, row in _affected(found) if package == name]
    verdicts = [] if found.withdrawn else [_verdict(found.id, row, version) for row in rows]
    hits = [one for one in verdicts if one.affected]
    unsure = [one for one in verdicts if one.undecided]
    if not hits and not unsure:
        return None
    aliases = items(found.data.get("aliases"), f"{found.id}: aliases")[:_MOST_IDS]
    summary = found.data.get("summary") or found.data.get("details") or ""
    return Advisory(
        frozenset({found.id, *(str(one)[:_LONGEST] for one in aliases)}),
        " ".join(str(summary)[: 4 * _LONGEST].split())[:_LONGEST],
        max((_severity(row) for row in (found.data, *rows)), key=rank),
        frozenset(each for one in hits for each in one.fixed),
        undecided=not hits,
    )


def _verdict(where: str, row: Mapping[str, Any], version: Version) -> _Verdict:
    """Return whether a release is affected: by the list of versions, or by a range."""
    versions = [str(one) for one in items(row.get("versions"), f"{where}: versions")]
    ranges = [
        mapping(one, f"{where}: ranges") for one in items(row.get("ranges"), f"{where}: ranges")
    ]
    compared = [one for one in ranges if one.get("type") in ("ECOSYSTEM", "SEMVER")]
    found = [_of_range(where, one, version) for one in compared]
    fixed = frozenset(each for one in found for each in one.fixed)
    if _is_listed(versions, version) or any(one.affected for one in found):
        return _Verdict(affected=True, fixed=fixed)
    unread = any(one.undecided for one in found) or (bool(ranges) and not compared)
    return _Verdict(undecided=unread and not versions)


def _is_listed(versions: list[str], version: Version) -> bool:
    for one in versions:
        try:
            if Version(one) == version:
                return True
        except ValueError:  # also a number of 5,000 digits
            continue
    return False


def _of_range(where: str, row: Mapping[str, Any], version: Version) -> _Verdict:
    """Return whether a release is in a range of events, and the release that ends it."""
    events: list[tuple[Version | None, int, str]] = []
    for event in items(row.get("events"), f"{where}: events"):
        for kind, given in mapping(event, f"{where}: events").items():
            if kind not in _EVENTS or (kind == "limit" and given == "*"):
                continue
            try:
                # The literal 0 is before every version.
                at = None if (kind, given) == ("introduced", "0") else Version(str(given))
            except ValueError:  # also a number of 5,000 digits
                return _Verdict(undecided=True)
            events.append((at, _EVENTS.index(kind), kind))
    limits = [at for at, _order, kind in events if kind == "limit" and at is not None]
    if limits and not any(version < limit for limit in limits):
        return _Verdict()
    inside = False
    for at, _order, kind in sorted(events, key=_place):
        if kind == "introduced" and (at is None or version >= at):
            inside = True
        elif at is not None and (
            (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at)
        ):
            inside = False
    fixes = [
        at for at, _order, kind in events if kind == "fixed" and at is not None and at > version
    ]
    return _Verdict(affected=inside, fixed=frozenset(map(str, sorted(fixes)[:1])))


def _place(event: tuple[Version | None, int, str]) -> tuple[bool, Version, int]:
    at, order, _kind = event
    return at is not None, at or Version("0"), order


def _severity(row: Mapping[str, Any]) -> str:
    """Return a word for how severe a record is: its own, or by its CVSS vectors."""
    own = row.get("database_specific")
    word = str(own.get("severity") or "").lower() if isinstance(own, dict) else ""
    found = [_WORDS[word]] if word in _WORDS else []
    rows = row.get("severity")
    found += [
        _of_vector(_CVSS[each["type"]], str(each.get("score")))
        for each in (rows if isinstance(rows, list) else ())
        if isinstance(each, dict) and str(each.get("type")) in _CVSS
    ]
    return max(found, key=rank, default=UNKNOWN)


def _of_vector(version: str, vector: str) -> str:
    import cvss  # noqa: PLC0415  (60 ms; most records have a word of their own)

    try:
        word = str(getattr(cvss, version)(vector[:_LONGEST]).severities()[0]).lower()
    except cvss.CVSSError:
        return UNKNOWN
    return "low" if word == "none" else _WORDS.get(word, UNKNOWN)
