"""Fail a host with an error that has a code, a cause and a hint; documented with the module."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ..modules.refuse import SPEC, error


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible has no types
    """Runs on the controller: the target may be rebooting, or lack a password for sudo."""

    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the failure."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        refusal = error(self.validate_argument_spec(SPEC)[1])
        return {**result, "failed": True, "msg": str(refusal), **refusal.to_dict()}
