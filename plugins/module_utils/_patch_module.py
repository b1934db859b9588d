"""What the modules that patch a source tree have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._module import Params, Result, run_module
from ._stack.patches import api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPTIONS: dict[str, object] = {
    "path": {"type": "path", "required": True},
    "state": {"default": "present", "choices": ["absent", "present"]},
    "versions": {"type": "dict", "default": {}},
}


def run_patch_module(spec: Mapping[str, object], ids: Sequence[str] | None = None) -> None:
    """Run a module that applies patches or undoes them.

    ``ids`` are fixed patches of SlowFast. Without them ``spec`` has the options ``component`` and
    ``ids``, by which the user selects patches.
    """

    def act(params: Params, check: bool) -> Result:  # noqa: FBT001
        return api.run(
            params["path"],
            ids or params["ids"],
            component="slowfast" if ids else params["component"],
            versions=params["versions"],
            absent=params["state"] == "absent",
            check=check,
        )

    run_module(spec, act, data=("path",))
