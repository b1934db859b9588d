"""Plan a host for a lock: the same releases, pins and sources, or a conflict that says why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Callable

from ..core.construct import construct
from ..core.errors import StackError
from ..core.validation import bad, mapping
from ..environment.lock import FORMAT, SCHEMA, Package
from ..environment.package_hashes import written
from .decision import Decision
from .plan import Conflict, NoPlan, Plan, SourcePlan, StackPlan
from .plan_diff import EVERYTHING, differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..host.model import Host

REMEDY = "make a new lock on a host of this kind, with this release: slowfast-stack up"


@dataclass(frozen=True)
class Lock:
    """What planning reads of ``stack.lock.json``."""

    plan: StackPlan
    packages: tuple[Package, ...]


def read(value: object, where: str) -> Lock:
    """Read the content of a lock. Raises ``StackError``, also for one of another schema."""
    data = mapping(value, where)
    if data.get("format") != FORMAT:
        raise bad(f"{where}.format", f"{FORMAT}, as in stack.lock.json", data.get("format"))
    if data.get("schema") != SCHEMA:
        raise StackError(
            f"The lock has schema {data.get('schema')}.",
            f"This release reads schema {SCHEMA}.",
            "Use the release of slowfast-stack that wrote it, or make a new lock with this one.",
            code="record.unsupported-schema",
        )
    return construct(Lock, data, where, ignore_unknown=True)


def follow(
    plan: Callable[[object, object], Plan | NoPlan],
    host: Host,
    request: Mapping[str, object],
    lock: Lock,
) -> Plan | NoPlan:
    """Return the plan bounded by every package of the lock, else a conflict.

    ``plan`` plans a host for a request.
    """
    made = lock.plan
    own = {key: value for key, value in request.items() if key != "locked"}
    found = plan(host, {**pins(made), **own, **named(made, own)})
    if isinstance(found, NoPlan):
        return found
    differs = [f"{text} [the lock]" for text in differences("the lock", made, found, EVERYTHING)]
    if differs:
        because = ("a lock is met exactly or not at all",)
        return found.refused(Conflict(tuple(differs), because, (REMEDY,)))
    cause = f"the lock of {made.id} bounds every package"
    reasons = (Decision("packages", cause, "the lock"), *found.reasons)
    return replace(found, locked=bounds(lock), reasons=reasons)


def bounds(lock: Lock) -> tuple[str, ...]:
    """Return every package of the index at its version, with the SHA-256 of its files."""
    rows = (row for row in lock.packages if row.origin == "index")
    return tuple(written({f"{row.name}=={row.version}": row.hashes for row in rows}))


def pins(made: StackPlan) -> dict[str, object]:
    """Return the request that leads to the releases of a plan."""
    # The same kind of stack, also where the network would allow more.
    reduced = any(source and source.origin == "pypi" for source in made.sources.values())
    network = {"network": "pypi"} if reduced else {}
    return {"torch": f"=={made.torch.version}", "python": made.python, **network}


def sources(made: StackPlan) -> dict[str, SourcePlan]:
    """Return the repositories that a plan names."""
    there = made.sources.items()
    return {name: source for name, source in there if source and source.origin == "git"}


def named(made: StackPlan, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sources of a plan as a request; what the request says of one is compared later."""
    asked = own.get("sources") or {}
    there = {
        name: {"url": source.url, "commit": source.commit, **asked.get(name, {})}
        for name, source in sources(made).items()
    }
    return {"sources": {**asked, **there}}
