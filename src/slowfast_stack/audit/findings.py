"""A vulnerability of a component, under all its names, and how an audit ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slowfast_stack.audit.subjects import Listed, Subject

# From the least to the most severe.
SEVERITIES = ("low", "medium", "high", "critical")
UNKNOWN = "unknown"


class Advisory(NamedTuple):
    """A record of a database that names a component.

    ``fixed`` are the releases that end it. ``undecided`` where the record names the package, but in
    a form that cannot be compared with the version.
    """

    ids: frozenset[str]
    summary: str = ""
    severity: str = UNKNOWN
    fixed: frozenset[str] = frozenset()
    undecided: bool = False


class Finding(NamedTuple):
    """A vulnerability of one component: the advisories that are about it, joined by their aliases."""

    subject: Subject
    ids: tuple[str, ...]
    summary: str
    severity: str
    fixed: tuple[str, ...]
    undecided: bool

    def at_least(self, severity: str) -> bool:
        """Return whether it is that severe, or may be."""
        if self.severity == UNKNOWN:
            return True
        return SEVERITIES.index(self.severity) >= SEVERITIES.index(severity)


class Answer(NamedTuple):
    """What a database said: advisories by component, and why others could not be looked up.

    ``database`` describes it in words.
    """

    database: str
    advisories: Mapping[Subject, tuple[Advisory, ...]]
    refused: Mapping[Subject, str]


class Audit(NamedTuple):
    """How an audit ended; ``refused`` are the components that were not looked up, with the reason."""

    database: str
    looked_up: tuple[Subject, ...]
    findings: tuple[Finding, ...]
    refused: tuple[tuple[Subject, str], ...]
    libraries: int


def audit(listed: Listed, answer: Answer) -> Audit:
    """Return what is known of everything that an SBOM lists."""
    looked_up = tuple(one for one in listed.subjects if one in answer.advisories)
    findings = [each for one in looked_up for each in merged(one, answer.advisories[one])]
    refused = tuple(
        (one, one.why_not or answer.refused.get(one, "the database did not answer"))
        for one in listed.subjects
        if one not in answer.advisories
    )
    return Audit(answer.database, looked_up, tuple(findings), refused, listed.libraries)


def merged(subject: Subject, advisories: Iterable[Advisory]) -> list[Finding]:
    """Return one finding for all advisories that share an id, the most severe first."""
    groups: list[tuple[set[str], list[Advisory]]] = []
    for advisory in advisories:
        ids, members = set(advisory.ids), [advisory]
        for group in [each for each in groups if each[0] & ids]:
            groups.remove(group)
            ids |= group[0]
            members += group[1]
        groups.append((ids, members))
    found = [_finding(subject, ids, members) for ids, members in groups]
    return sorted(found, key=lambda one: (-rank(one.severity), one.ids))


def _finding(subject: Subject, ids: set[str], members: list[Advisory]) -> Finding:
    return Finding(
        subject,
        tuple(sorted(ids, key=lambda one: (not one.startswith("CVE-"), one))),
        next((one.summary for one in sorted(members) if one.summary), ""),
        max((one.severity for one in members), key=rank),
        tuple(sorted({each for one in members for each in one.fixed}, key=_order)),
        all(one.undecided for one in members),
    )


def rank(severity: str) -> int:
    """Return a number that orders severities; an unknown one comes first."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _order(text: str) -> tuple[bool, Version, str]:
    try:
        return False, Version(text), text
    except ValueError:
        return True, Version("0"), text
