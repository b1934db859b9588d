"""Refuse a host whose facts are named like variables of the roles; documented with the module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..plugin_utils._controller import ControllerAction

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(ControllerAction):
    """The check itself is what every action on the controller begins with."""

    _requires_connection = False

    def act(self, _params: Mapping[str, Any], _task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do nothing more."""
        return {"changed": False}
