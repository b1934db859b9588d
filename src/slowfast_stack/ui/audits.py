"""Show how an audit ended."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.audit.findings import Audit, Finding

_SHOWN = 6  # names of components for each reason


def plain(audit: Audit) -> dict[str, object]:
    """Return an audit as plain data, for ``--json``."""
    return {
        "database": audit.database,
        "looked_up": [one.purl for one in audit.looked_up],
        "findings": [
            {
                "package": one.subject.name,
                "version": one.subject.version,
                "purl": one.subject.purl,
                "ids": list(one.ids),
                "severity": one.severity,
                "summary": one.summary,
                "fixed": list(one.fixed),
                "undecided": one.undecided,
            }
            for one in audit.findings
        ],
        "not_looked_up": [
            {"name": one.name, "version": one.version, "purl": one.purl, "reason": why}
            for one, why in audit.refused
        ],
        "native_libraries": audit.libraries,
    }


def lines(name: str, audit: Audit) -> Iterator[str]:
    """Yield an audit as text."""
    total = len(audit.looked_up) + len(audit.refused)
    yield f"Audit of {name}: {len(audit.looked_up)} of {total} components looked up in {audit.database}"
    for one in audit.findings:
        yield from _finding(one)
    if audit.looked_up and not audit.findings:
        yield "  No known vulnerability in what was looked up."
    if audit.refused or audit.libraries:
        yield "Not looked up:"
    reasons: dict[str, list[str]] = defaultdict(list)
    for subject, why in audit.refused:
        reasons[why].append(f"{subject.name} {subject.version}".strip())
    for why, names in reasons.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"  {', '.join(names[:_SHOWN])}{more}: {why}"
    if audit.libraries:
        yield f"  {audit.libraries} native libraries: no database has them by file"


def _finding(one: Finding) -> Iterator[str]:
    fixed = f"fixed in {', '.join(one.fixed)}" if one.fixed else "no fixed release is known"
    if one.undecided:
        fixed = "the record cannot be compared with this version; read it"
    yield f"  {one.subject.name} {one.subject.version}: {', '.join(one.ids)} ({one.severity}), {fixed}"
    if one.summary:
        yield f"      {one.summary}"
