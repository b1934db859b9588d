"""Move the copy of an artifact between a host and the controller; documented with the module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..module_utils import _trust
from ..module_utils._stack.artifacts import copies
from ..module_utils._stack.core.errors import StackError
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
        before = copies.vouched(folder, key)
        if self._task.check_mode:
            return {"changed": False, "available": before is not None}
        if params["step"] == "upload":
            return self._upload(folder, key, remote, task_vars)
        if params["step"] == "verify":
            removed = copies.discard(folder, key)
            return {"changed": removed, "available": before is not None and not removed}
        return self._distribute(folder, key, remote, task_vars)

    def _upload(
        self, folder: Path, key: str, remote: str, task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """Keep what the host sends, and vouch for these bytes: nothing else is distributed."""

        def fetch(fresh: Path) -> None:
            asked = {"src": remote, "dest": str(fresh), "flat": True}
            self.run_builtin("fetch", asked, task_vars)

        found = copies.add(folder, key, fetch)
        made = copies.provenance(found, str(task_vars["inventory_hostname"]))
        try:
            _trust.sign_artifact(copies.subject(copies.path_of(folder, key)), made)
        except StackError as error:
            # The host has its artifact; the others build their own.
            copies.remove(folder, key)
            warning = f"The artifact {key} is not shared with other hosts. {error.cause}"
            return {"changed": False, "available": False, "warnings": [warning]}
        return {"changed": True, "available": True}

    def _distribute(
        self, folder: Path, key: str, remote: str, task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """Send a copy for which someone vouches, and say which bytes the host has to expect."""
        path = copies.vouched(folder, key)
        if path is None:
            return {"changed": False, "available": False}
        subject = copies.subject(path)
        try:
            _trust.artifact(subject)
        except StackError as error:
            copies.remove(folder, key)
            warning = f"The copy of the artifact {key} is not used and was removed. {error.cause}"
            return {"changed": True, "available": False, "warnings": [warning]}
        done = self.run_builtin(
            "copy", {"src": str(path), "dest": remote, "mode": "0600"}, task_vars
        )
        return {"changed": bool(done.get("changed")), "available": True, "sha256": subject.sha256}
