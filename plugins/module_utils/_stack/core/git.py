"""How git is called: with patience, without a downgrade; and what a repository really has."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import ownership, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def unlike_its_name(repository: Path, commit: str) -> str | None:
    """Return an object of a commit whose content is not that of its name; None where all are.

    git copies the objects of a folder without looking, and does not look when it reads them. One
    that is missing is none: git fails where it needs it. Raises ``OSError``.
    """
    waiting, seen = [commit], {commit}
    while waiting:
        found: list[str] = []
        for name, kind, digest, content in _objects(repository, waiting):
            if name != digest:
                return name
            found += _named_in(kind, content)
        waiting = [name for name in dict.fromkeys(found) if name not in seen]
        seen.update(waiting)
    return None


def _objects(repository: Path, names: list[str]) -> Iterator[tuple[str, bytes, str, bytes]]:
    """Yield name, kind, digest and content of the objects that are there; no content of files."""
    ownership.require_program("git")
    argv = ["git", *NO_PROGRAMS, "-C", str(repository), "cat-file", "--batch"]
    with scratch.folder() as folder, (folder / "names").open("w+b") as asked:
        asked.write("\n".join([*names, ""]).encode())
        asked.seek(0)
        with subprocess.Popen(
            argv, stdin=asked, stdout=subprocess.PIPE, env={**os.environ, **AS_IT_IS}
        ) as child:
            for line in child.stdout or ():
                words = line.split()
                if child.stdout is None or len(words) != 3:  # noqa: PLR2004  (it is missing)
                    continue
                name, kind, size = words[0].decode(), words[1], int(words[2])
                digest = hashlib.sha1(b"%s %d\0" % (kind, size))  # noqa: S324  (git's own name)
                kept, left = b"", size
                while left:
                    block = child.stdout.read(min(left, 1 << 20))
                    if not block:
                        return
                    digest.update(block)
                    kept += block if kind != b"blob" else b""
                    left -= len(block)
                child.stdout.read(1)
                yield name, kind, digest.hexdigest(), kept


def _named_in(kind: bytes, content: bytes) -> Iterator[str]:
    """Yield the objects that a commit or a folder consists of; not the commits of submodules."""
    if kind == b"commit":
        yield content[5:45].decode("ascii", "replace")
    while kind == b"tree" and content:
        entry, _zero, content = content.partition(b"\0")
        if not entry.startswith(b"160000"):
            yield content[:20].hex()
        content = content[20:]


def _run(commands: Commands, repository: str, *words: str) -> int:
    argv = ["git", *NO_DOWNGRADE, *NO_PROGRAMS, "-C", repository, *words]
    return commands.run(argv, environment=PATIENCE).rc
