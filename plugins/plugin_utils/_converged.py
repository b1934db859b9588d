"""Whether a host that is as its proof left it is also as planned now, which the controller knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..module_utils._converged import NOT
from ..module_utils._known_files import package_hashes
from ..module_utils._stack.core.construct import construct, plain
from ..module_utils._stack.core.limits import require_small
from ..module_utils._stack.environment import evidence, lock
from ..module_utils._stack.environment.proven import Proven
from ..module_utils._stack.host import model
from ..module_utils._stack.planner import planner
from ._proof_program import program

if TYPE_CHECKING:
    from collections.abc import Mapping


def judged(found: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return host, plan and proven; null where the host is not as planned and proven.

    ``found`` is what a host answered. Raises ``StackError`` where that is malformed.
    """
    if not found.get("proven"):
        return NOT
    require_small(found.get("host"), "host")
    proven = construct(Proven, found["proven"], "proven")
    host = model.host(found.get("host")).to_dict()
    plan = planner.plan(host, request).to_dict()
    if not _agrees(proven, host, plan):
        return NOT
    again = {**plain(proven.proof), "reused": True}
    place = {"prefix": proven.prefix, "stack": proven.stack, "proof": again}
    return {**NOT, "host": host, "plan": plan, "proven": place}


def _agrees(proven: Proven, host: Mapping[str, Any], plan: Mapping[str, Any]) -> bool:
    """Return whether a stack is that of a plan, with the evidence and the lock that it would have."""
    return (
        plan["status"] == "planned"
        and not plan["system_packages"]
        and not plan.get("locked")
        and plan["id"] == proven.id
        and evidence.subject_digest(plan, program()) == proven.subject
        and lock.inputs(plan, host, package_hashes(dict(plan))) == proven.lock
    )
