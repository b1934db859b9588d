"""What an action does on the controller, where the answers of a host are data from outside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.plugins.action import ActionBase

from ..module_utils._stack.core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROLES = sorted(path.name for path in (Path(__file__).parents[2] / "roles").iterdir())
# The variables of the roles: where Ansible injects facts, a fact of such a name would be one.
_OWN = re.compile(rf"_*(?:ansible_)?_*(?:stack|{'|'.join(map(re.escape, _ROLES))})_\w*")


def refuse_forged(facts: Mapping[str, Any]) -> None:
    """Raise ``StackError`` where a host reported a fact that is named like a variable of the roles.

    Such a fact may replace the default of a role, for example a path on the controller.
    """
    forged = sorted(name for name in facts if _OWN.fullmatch(str(name)))
    if forged:
        raise StackError(
            f"This host reports {len(forged)} facts that are no facts, such as {forged[0][:80]}.",
            "They would replace variables of the roles, which name files of the controller.",
            "Leave this host out of the inventory, and look at its Python interpreter.",
            code="host.forged-fact",
        )


class ControllerAction(ActionBase):  # type: ignore[misc]  # ansible has no types
    """An action of this collection; a StackError fails the host with all its parts."""

    SPEC: Mapping[str, Any] = {}

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Refuse forged facts, then act."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        found = task_vars or {}
        params = self.validate_argument_spec(dict(self.SPEC))[1]
        try:
            refuse_forged(found.get("ansible_facts") or {})
            return {**result, **self.act(params, found)}
        except StackError as error:
            return {**result, "failed": True, "msg": str(error), **error.to_dict()}

    def act(self, params: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the task. Raises ``StackError``."""
        raise NotImplementedError

    def run_builtin(
        self, name: str, arguments: Mapping[str, object], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the result of an action of Ansible. Raises ``StackError`` where it failed."""
        task = self._task.copy()
        task.args = dict(arguments)
        action = self._shared_loader_obj.action_loader.get(
            f"ansible.builtin.{name}",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        done: dict[str, Any] = action.run(task_vars=task_vars)
        if done.get("failed"):
            raise StackError(
                f"The host could not be given or asked for a file by {name}.",
                str(done.get("msg"))[:1000],
                "Correct it on that host, then run again.",
                code="ansible.task-failed",
            )
        return done
