"""Move the copy of an artifact between a host and the controller; documented with the module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..module_utils._stack.artifacts import copies
from ..modules.artifact_copy import SPEC
from ..plugin_utils._controller import ControllerAction

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(ControllerAction):
    """Runs on the controller; the host only sends or receives a file."""

    SPEC = SPEC

    def act(self, params: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do the step."""
        folder, key, remote = Path(params["folder"]), params["key"], params["archive"]
        before = copies.find(folder, key)
        if self._task.check_mode:
            return {"changed": False, "available": before is not None}
        if params["step"] == "upload":

            def fetch(fresh: Path) -> None:
                asked = {"src": remote, "dest": str(fresh), "flat": True}
                self.run_builtin("fetch", asked, task_vars)

            copies.add(folder, key, fetch)
            return {"changed": True, "available": True}
        if params["step"] == "verify":
            removed = copies.discard(folder, key)
            return {"changed": removed, "available": before is not None and not removed}
        if before is None:
            return {"changed": False, "available": False}
        sent = {"src": str(before), "dest": remote, "mode": "0600"}
        return {
            "changed": bool(self.run_builtin("copy", sent, task_vars).get("changed")),
            "available": True,
        }
