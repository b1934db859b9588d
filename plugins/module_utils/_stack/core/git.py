"""How git is called: with patience, without a downgrade; and whether a repository has a commit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import scratch

if TYPE_CHECKING:
    from .process import Commands

# The longest that one command of git may take, in seconds: a slow disk, or a slow line.
GIT_S = 1800.0
# Neither a password is asked for, nor a connection waited for that is silent for a minute.
PATIENCE = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_HTTP_LOW_SPEED_LIMIT": "1",
    "GIT_HTTP_LOW_SPEED_TIME": "60",
}
# No redirect from https to http: http is allowed where the user named it.
NO_DOWNGRADE = ("-c", "protocol.http.allow=user")
# For a repository of someone else that is read where it is: git would fetch an object that it lacks
# from where its configuration says, with the program that it names.
AS_IT_IS = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
NO_PROGRAMS = ("-c", "core.fsmonitor=false")
# One commit without its files.
_BARE = ("fetch", "--quiet", "--depth=1", "--filter=tree:0")


def has_commit(commands: Commands, place: str, commit: str) -> bool | None:
    """Return whether a repository or bundle at an address or absolute path has a commit.

    None where git cannot say: it is not installed, too slow, or refused.
    """
    if Path(place).is_dir():
        commands = replace(commands, environment={**commands.environment, **AS_IT_IS})
        if _run(commands, place, "rev-parse", "--git-dir"):
            return None
        return not _run(commands, place, "cat-file", "-e", f"{commit}^{{commit}}")
    with scratch.folder() as folder:
        copy = str(folder / "copy.git")
        if commands.run(["git", "init", "--quiet", "--bare", copy]).rc:
            return None
        if Path(place).is_absolute():
            got = _run(commands, copy, "bundle", "unbundle", place)
        else:
            _run(commands, copy, "remote", "add", "origin", place)
            if not _run(commands, copy, *_BARE, "origin", commit):
                return True
            # Not every server has a commit fetched that no branch points at. Where none of its
            # objects may be missing any more, git must not start another git for each of them.
            for key in ("remote.origin.promisor", "remote.origin.partialclonefilter"):
                _run(commands, copy, "config", "--unset-all", key)
            got = _run(commands, copy, "fetch", "--quiet", "origin")
        if got:
            return None
        return not _run(commands, copy, "cat-file", "-e", f"{commit}^{{commit}}")


def _run(commands: Commands, repository: str, *words: str) -> int:
    argv = ["git", *NO_DOWNGRADE, *NO_PROGRAMS, "-C", repository, *words]
    return commands.run(argv, environment=PATIENCE).rc
