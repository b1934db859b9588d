"""Licences of a component, as CycloneDX has them: one SPDX expression, or names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cyclonedx.model.license import License

_FACTORY = LicenseFactory()


def of(expression: str, names: Iterable[str]) -> list[License]:
    """Return licences; a name that is an SPDX expression counts as one where it is the only one."""
    if expression:
        return [LicenseExpression(expression)]
    found = [_FACTORY.make_from_string(name) for name in dict.fromkeys(names) if name]
    if len(found) == 1:
        return found
    return [
        each if isinstance(each, DisjunctiveLicense) else DisjunctiveLicense(name=each.value)
        for each in found
    ]
