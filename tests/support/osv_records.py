"""Records of OSV, and SBOMs that they may be about."""

from __future__ import annotations

from typing import Any


def event(**kinds: str) -> dict[str, str]:
    """Return an event of a range."""
    return kinds


def affected(
    *events: dict[str, str],
    versions: list[str] | None = None,
    name: str = "jinja2",
    kind: str = "ECOSYSTEM",
    ecosystem: str = "PyPI",
) -> dict[str, Any]:
    """Return which releases of a package are affected."""
    ranges = [{"type": kind, "events": list(events)}] if events else []
    package = {"ecosystem": ecosystem, "name": name}
    return {"package": package, "ranges": ranges, "versions": versions or []}


def record(*rows: dict[str, Any], **more: object) -> dict[str, Any]:
    """Return a record about these packages."""
    found = {"schema_version": "1.7.0", "id": "GHSA-0", "modified": "2026-11-01T00:00:00Z"}
    return {**found, "summary": "A fault", "affected": list(rows), **more}


def sbom(*purls: str) -> dict[str, Any]:
    """Return a CycloneDX document with these components."""
    rows = [
        {
            "type": "library",
            "name": purl,
            "bom-ref": purl,
            **({"purl": purl} if ":" in purl else {}),
        }
        for purl in purls
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": rows}
