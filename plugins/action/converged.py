"""Report whether a host is as planned and proven; documented with the module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..filter.host import host as validated
from ..filter.package_hashes import package_hashes
from ..module_utils._stack.core.construct import construct, plain
from ..module_utils._stack.environment import evidence, lock
from ..module_utils._stack.environment.proven import Proven
from ..module_utils._stack.planner import planner
from ..modules.converged import SPEC
from ..plugin_utils._controller import ControllerAction
from ..plugin_utils._proof_program import program

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT = {"changed": False, "host": None, "plan": None, "proven": None}


class ActionModule(ControllerAction):
    """Asks the host once, and plans on the controller, where plan and proof program are known."""

    SPEC = SPEC

    def act(self, params: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return host, plan and proven; null where the host is not as planned and proven."""
        own = {key: value for key, value in params.items() if key != "request"}
        found: dict[str, Any] = self._execute_module(
            module_name="slowfast.stack.converged", module_args=own, task_vars=task_vars
        )
        if found.get("failed") or not found.get("proven"):
            return {**found, **NOT} if not found.get("failed") else found
        proven = construct(Proven, found["proven"], "proven")
        host = validated(found.get("host"))
        plan = planner.plan(host, params["request"]).to_dict()
        if not _agrees(proven, host, plan):
            return {**found, **NOT}
        again = {**plain(proven.proof), "reused": True}
        return {
            "changed": False,
            "host": host,
            "plan": plan,
            "proven": {"prefix": proven.prefix, "stack": proven.stack, "proof": again},
        }


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
