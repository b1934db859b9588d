"""Keep the contents of a stack in a file on the controller; documented with the module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..module_utils._stack.contents.packed import file_of, require_packed
from ..module_utils._stack.core.files import atomic_write
from ..modules.contents import SPEC
from ..plugin_utils._controller import ControllerAction

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(ControllerAction):
    """Runs the module on the host; its answer is too large for the output of Ansible."""

    SPEC = SPEC

    def act(self, params: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module, and write what it returns where a folder was named."""
        own = {key: value for key, value in params.items() if key != "folder"}
        found: dict[str, Any] = self._execute_module(
            module_name="slowfast.stack.contents", module_args=own, task_vars=task_vars
        )
        if found.get("failed") or not params["folder"]:
            return found
        packed = require_packed(found.pop("contents", None))
        # Not a name that the host says.
        path = Path(params["folder"]) / file_of(task_vars["inventory_hostname"])
        atomic_write(path, packed, mode=0o600)
        return found
