"""When a repair is needed: conditions on the versions of an environment, unknown ones hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Needed, Versions


def always(_: Versions) -> bool:
    """Hold for every environment."""
    return True


def at_least(name: str, version: str) -> Needed:
    """Hold from a version on, and where the version is not known."""
    return lambda versions: name not in versions or parts(versions[name]) >= parts(version)


def below(name: str, version: str) -> Needed:
    """Hold before a version, and where the version is not known."""
    return lambda versions: name not in versions or parts(versions[name]) < parts(version)


def both(first: Needed, second: Needed) -> Needed:
    """Hold where two conditions hold."""
    return lambda versions: first(versions) and second(versions)


def parts(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``2.11.0+cu130`` is (2, 11, 0)."""
    head = re.match(r"\d+(\.\d+)*", version.strip())
    return tuple(int(part) for part in head.group().split(".")) if head else ()
