"""What the command answers to the shell, and the errors that decide it."""

from __future__ import annotations

from enum import IntEnum

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError


class Exit(IntEnum):
    """The exit codes of every command; of several hosts the highest one counts."""

    PROVEN = 0
    FAILED = 1
    USAGE = 2
    NO_PLAN = 3
    UNREACHABLE = 4


class UsageError(StackError):
    """The command was used wrongly; nothing was started."""


def code_of(error: StackError) -> Exit:
    """Return the exit code that an error ends the command with."""
    return Exit.USAGE if isinstance(error, UsageError) else Exit.FAILED
