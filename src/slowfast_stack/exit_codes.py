"""The exit codes of every command, and the errors that choose one."""

from __future__ import annotations

import signal
from enum import IntEnum

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError


class Exit(IntEnum):
    """The exit codes of every command; of several hosts the highest one counts."""

    PROVEN = 0
    FAILED = 1
    USAGE = 2
    NO_PLAN = 3
    UNREACHABLE = 4


MEANING = {
    Exit.PROVEN: "done and proven",
    Exit.FAILED: "a proof or a check failed",
    Exit.USAGE: "the command was used wrongly; nothing was started",
    Exit.NO_PLAN: "no plan exists",
    Exit.UNREACHABLE: "a host could not be reached",
}


class UsageError(StackError):
    """The command was used wrongly; nothing was started."""

    exit_code = Exit.USAGE


class Interrupted(StackError):
    """The user or the system stopped the run; the exit code is 128 and the number of the signal."""

    code = "run.stopped"

    def __init__(self, signum: int, cause: str, hint: str) -> None:
        """Name the signal; ``hint`` says how to resume."""
        super().__init__(f"Stopped by {signal.Signals(signum).name}.", cause, hint)
        self.exit_code = 128 + signum


def code_of(error: StackError) -> int:
    """Return the exit code that an error ends the command with; its own, where it has one."""
    code: int = getattr(error, "exit_code", Exit.FAILED)
    return code
