"""Probe a host and plan for it; documented with the module."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..filter.host import host as validated
from ..module_utils._stack.planner import planner
from ..modules.gpu_info import SPEC
from ..plugin_utils import _clock as clock
from ..plugin_utils._controller import ControllerAction

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(ControllerAction):
    """Runs the module on the host, and reads its answer on the controller, where plans are made.

    Ansible loads this file once, before it starts a process for each task of each host; a filter
    would load the planner in each of them.
    """

    SPEC = SPEC

    def act(self, params: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the host as typed values, and its plan where there is a request."""
        request = params["request"]
        own = {key: value for key, value in params.items() if key != "request"}
        if request is not None:
            own["endpoints"] = own["endpoints"] or planner.endpoints(request)
        before = time.time()
        found: dict[str, Any] = self._execute_module(
            module_name="slowfast.stack.gpu_info", module_args=own, task_vars=task_vars
        )
        if found.get("failed"):
            return found
        warning = clock.difference(found.get("clock"), before, time.time())
        host = validated(found.get("host"))
        plan = None if request is None else planner.plan(host, request).to_dict()
        warnings = [*(found.get("warnings") or ()), *([warning] if warning else ())]
        return {**found, "host": host, "plan": plan, "warnings": warnings}
