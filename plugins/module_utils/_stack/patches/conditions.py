"""Conditions on package versions that decide whether a patch is needed; unknown versions match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from ..core.versions import release

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Condition:
    """A predicate on the versions of an environment, by package name, with its description."""

    description: str
    holds: Callable[[Mapping[str, str]], bool]

    def __call__(self, versions: Mapping[str, str]) -> bool:
        """Return whether the condition holds for these versions."""
        return self.holds(versions)


always = Condition("always", lambda _: True)


def at_least(name: str, version: str) -> Condition:
    """Return a condition that holds from a version on, and if the version is unknown."""
    bound = release(version)
    return Condition(
        f"{name} >= {version}",
        lambda versions: name not in versions or release(versions[name]) >= bound,
    )
