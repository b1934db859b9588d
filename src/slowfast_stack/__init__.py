"""slowfast.stack from Python: ``from slowfast_stack import probe, plan, up, prove``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from slowfast_stack.orchestration.api import plan, probe, prove, up

__all__ = ["__version__", "plan", "probe", "prove", "up"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (a module attribute has any type)
    """Import a verb when it is first used, so that importing the package stays fast.

    As root, variables that name places of another user are removed then, as for the command line.
    """
    if name not in __all__:
        raise AttributeError(name)
    import os  # noqa: PLC0415

    from ansible_collections.slowfast.stack.plugins.module_utils import _private  # noqa: PLC0415
    from slowfast_stack.orchestration import api  # noqa: PLC0415

    _private.prepare(os.environ)

    return getattr(api, name)
