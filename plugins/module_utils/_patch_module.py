"""What the modules that patch a source tree have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._module import run_module
from ._stack.patches import api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPTIONS: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "state": {"default": "present", "choices": ["absent", "present"]},
    "versions": {"type": "dict", "default": {}},
}


def run_patch_module(spec: Mapping[str, Any], ids: Sequence[str] | None = None) -> None:
    """Run a module that applies patches or undoes them.

    ``ids`` are fixed patches of SlowFast. Without them ``spec`` has the options ``component`` and
    ``ids``, by which the user selects patches.
    """

    def act(parameters: Mapping[str, Any], check: bool) -> dict[str, Any]:  # noqa: FBT001
        return api.run(
            parameters["path"],
            ids or parameters["ids"],
            component="slowfast" if ids else parameters["component"],
            versions=parameters["versions"],
            absent=parameters["state"] == "absent",
            check=check,
        )

    run_module(spec, act)
