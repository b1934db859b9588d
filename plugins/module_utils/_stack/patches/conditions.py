"""When a patch is needed: conditions on the versions of an environment, unknown ones hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Condition:
    """A question to the versions of an environment, by package name, and its words."""

    words: str
    holds: Callable[[Mapping[str, str]], bool]

    def __call__(self, versions: Mapping[str, str]) -> bool:
        """Answer for these versions."""
        return self.holds(versions)


always = Condition("always", lambda _: True)


def at_least(name: str, version: str) -> Condition:
    """Hold from a version on, and where the version is not known."""
    bound = parts(version)
    return Condition(
        f"{name} >= {version}",
        lambda versions: name not in versions or parts(versions[name]) >= bound,
    )


def parts(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``2.11.0+cu130`` is (2, 11, 0)."""
    head = re.match(r"\d+(\.\d+)*", version.strip())
    return tuple(int(part) for part in head.group().split(".")) if head else ()
