"""Look whether this host is as its last proof left it, and what it is now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ._runner import probed
from ._stack.core.construct import plain
from ._stack.core.process import Commands
from ._stack.environment import proven

if TYPE_CHECKING:
    from pathlib import Path

    from ._stack.host.probe import Where

NOT: dict[str, Any] = {"changed": False, "host": None, "plan": None, "proven": None}


def looked(folder: Path, where: Where, *, remember: bool) -> dict[str, Any]:
    """Compare the current stack of a prefix with its proof, and probe meanwhile.

    Raises ``StackError`` as `probed` does.
    """
    stack = proven.begun(folder)
    if stack is None:
        return NOT
    with ThreadPoolExecutor(1) as beside:
        host = beside.submit(probed, where, remember=remember)
        found = proven.of(Commands(), folder, stack)
        probe = host.result().to_dict()
    return {**NOT, "host": probe, "proven": plain(found)}
