"""Conditions on package versions that decide whether a patch is needed; unknown versions match."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

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
    bound = parts(version)
    return Condition(
        f"{name} >= {version}",
        lambda versions: name not in versions or parts(versions[name]) >= bound,
    )


def parts(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``2.11.0+cu130`` is (2, 11, 0)."""
    head = re.match(r"\d+(\.\d+)*", version.strip())
    return tuple(int(part) for part in head.group().split(".")) if head else ()
