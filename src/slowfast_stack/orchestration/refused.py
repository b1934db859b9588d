"""What a verb cannot do on this machine, found without starting Ansible."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import ownership
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    current_stack,
    prefix,
    stacks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Asked(NamedTuple):
    """What a verb is asked for: the stack to use, as `stacks.chosen` reads it."""

    use: str


def _current(folder: Path, _asked: Asked) -> None:
    # A link that leads elsewhere is for the playbook, which says more about it.
    if not (folder / current_stack.CURRENT).is_symlink():
        raise prefix.not_installed(folder)


def _named(folder: Path, asked: Asked) -> None:
    if asked.use:
        stacks.require_one(folder, asked.use)


# Each raises the error that the playbook of a verb would end with.
CHECKS: dict[str, Callable[[Path, Asked], None]] = {
    "prove": _current,
    "lock": _current,
    "contents": _current,
    "rollback": _named,
}


def of(verb: str, variables: Mapping[str, object]) -> StackError | None:
    """Return why a verb can do nothing on this machine; None where its playbook decides.

    Without a prefix only root's default is known: Ansible may be configured to become root.
    """
    check, folder = CHECKS.get(verb), variables.get("stack_prefix")
    if check is None or not (folder or ownership.is_root()):
        return None
    use = str(variables.get("stack_use", stacks.PREVIOUS))
    try:
        check(prefix.resolve(str(folder) if folder else None), Asked(use))
    except StackError as error:
        return error
    except OSError:  # of a folder that this user cannot read
        return None
    return None
