"""Plan a host for a lock: the same releases, pins and sources, or say what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from .plan_diff import WHOLE, differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    Plan = dict[str, Any]

REMEDY = "make a new lock on a host of this kind, with this release: slowfast-stack up"


def follow(
    plan: Callable[[object, object], Plan],
    host: object,
    request: Mapping[str, Any],
    lock: Mapping[str, Any],
) -> Plan:
    """Return the plan with everything that the lock lists as bounds, else a conflict.

    ``plan`` plans a host for a request.
    """
    made = lock["plan"]
    own = {key: value for key, value in request.items() if key != "locked"}
    found = plan(host, {**_pins(made), **own, **_sources(made, own)})
    if found["status"] != "planned":
        return found
    differs = list(differences("the lock", made, found, WHOLE))
    if differs:
        conflict = {
            "facts": [f"{text} [the lock]" for text in differs],
            "because": ["a lock is met exactly or not at all"],
            "try": [REMEDY],
        }
        return {**found, "status": "no-plan", "conflict": conflict}
    because = f"the lock of {made['id']} bounds every package"
    reason = {"choice": "packages", "because": because, "source": "the lock"}
    return {**found, "locked": bounds(lock), "reasons": [reason, *found["reasons"]]}


def bounds(lock: Mapping[str, Any]) -> list[str]:
    """Return every package of the index at its version."""
    rows = [row for row in lock["packages"] if row["origin"] == "index"]
    return [f"{row['name']}=={row['version']}" for row in rows]


def _pins(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that leads to the plan of a lock."""
    # The same kind of stack, also where the network would allow more.
    reduced = any(row and row["origin"] == "pypi" for row in made["sources"].values())
    torch = f"=={made['torch']['version']}"
    return {"torch": torch, "python": made["python"], **({"network": "pypi"} if reduced else {})}


def _sources(made: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the commits of a lock; a place that is asked for now counts more."""
    asked = own.get("sources") or {}
    commits = {
        name: {"url": row["url"], **asked.get(name, {}), "commit": row["commit"]}
        for name, row in made["sources"].items()
        if row and row["origin"] == "git"
    }
    return {"sources": commits} if commits else {}
