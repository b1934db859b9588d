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
    Exit.FAILED: "a proof, a check or a step failed",
    Exit.USAGE: "an option or argument is wrong or names something that does not exist; nothing was started",
    Exit.NO_PLAN: "no plan exists, or something that it names cannot be had",
    Exit.UNREACHABLE: "a host could not be reached",
}


# Errors of the library that are about an argument, wherever they are found.
WRONG_ARGUMENTS = frozenset(
    {
        "ava.invalid-shard",
        "ava.unknown-video",
        "checkpoint.ambiguous",
        "checkpoint.invalid-url",
        "checkpoint.manual-download",
        "checkpoint.unknown",
        "data.secret-in-address",
        "download.invalid-url",
        "patches.not-a-folder",
        "patches.not-a-source-tree",
        "patches.several-projects",
        "patches.unknown-patch",
    }
)

# What was asked for by name and cannot be had.
NO_PLAN = frozenset(
    {
        "bundle.missing-source",
        "environment.no-package",
        "ffmpeg.no-source",
        "miniforge.no-installer",
        "packages.not-available",
        "planner.no-candidate",
        "planner.no-ffmpeg",
        "source.not-a-repository",
        "source.not-found",
        "source.other-content",
        "source.unknown-commit",
        "source.unreachable",
    }
)


class UsageError(StackError):
    """An option or argument is wrong; nothing was started."""

    exit_code = Exit.USAGE

    @classmethod
    def not_writable(cls, path: object, error: OSError, hint: str = "") -> UsageError:
        """Return the error for a file that could not be written."""
        hint = hint or "Give a file in a folder that exists and that you can write."
        return cls(
            f"{path} cannot be written.", f"{error.strerror}.", hint, code="file.not-writable"
        )


class Interrupted(StackError):
    """The user or the system stopped the run; the exit code is 128 and the number of the signal."""

    code = "run.stopped"

    def __init__(self, signum: int, cause: str, hint: str) -> None:
        """Name the signal; ``hint`` says how to resume."""
        super().__init__(f"Stopped by {signal.Signals(signum).name}.", cause, hint)
        self.exit_code = 128 + signum


def code_of(error: StackError) -> int:
    """Return the exit code that an error ends the command with; its own, where it has one."""
    default = Exit.NO_PLAN if error.code in NO_PLAN else Exit.FAILED
    default = Exit.USAGE if error.code in WRONG_ARGUMENTS else default
    code: int = getattr(error, "exit_code", default)
    return code
