"""Report whether a host is as planned and proven; documented with the module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..modules.converged import SPEC
from ..plugin_utils._controller import ControllerAction
from ..plugin_utils._converged import judged

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(ControllerAction):
    """Asks the host once, and plans on the controller, where plan and proof program are known."""

    SPEC = SPEC

    def act(self, params: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return host, plan and proven; null where the host is not as planned and proven."""
        own = {key: value for key, value in params.items() if key != "request"}
        found: dict[str, Any] = self._execute_module(
            module_name="slowfast.stack.converged", module_args=own, task_vars=task_vars
        )
        if found.get("failed"):
            return found
        # Not printed with -v: the facts that the role sets from it are.
        return {**found, **judged(found, params["request"]), "_ansible_verbose_override": True}
