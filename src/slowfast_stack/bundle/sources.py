"""Pack one commit of a repository, without its history, as a git bundle."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import files
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.git import (
    AS_IT_IS,
    GIT_S,
    NO_DOWNGRADE,
    NO_PROGRAMS,
    PATIENCE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# The roles exclude them from checkouts too: 30 MB of animations that no program reads.
_EXCLUDED = ".gif"
_HEAD = "# v2 git bundle\n{} refs/heads/pinned\n\n"


def pack(url: str, commit: str, folder: Path) -> Path:
    """Return the git bundle of a commit in ``folder``, created if needed. Raises StackError."""
    ready = folder / f"{commit}.bundle"
    if ready.is_file():
        return ready
    folder.mkdir(parents=True, exist_ok=True)
    with files.locked(folder / f".{commit}.lock") as lock:
        git = _Git(lock)
        scratch = files.fresh_folder(folder / commit)
        if ready.is_file():
            return ready  # another process has packed it
        scratch.mkdir()
        try:
            repository = _repository(git, url, commit, scratch)
            if repository == Path(url):
                git = git._replace(environment=AS_IT_IS)
            objects = _objects(git, repository, commit)
            packed = git(repository, "pack-objects", "--stdout", "-q", text=objects)
            files.atomic_write(ready, _HEAD.format(commit).encode() + packed)
        finally:
            shutil.rmtree(scratch)
    return ready


def _repository(git: _Git, url: str, commit: str, scratch: Path) -> Path:
    """Return a repository that has the commit: a local one, or a shallow clone."""
    if Path(url).is_dir():
        return Path(url)
    copy = scratch / "copy.git"
    if Path(url).is_absolute():
        git(None, "clone", "--quiet", "--bare", url, str(copy))
        return copy
    git(None, "init", "--quiet", "--bare", str(copy))
    git(copy, "remote", "add", "origin", url)
    narrow = ("--depth=1", "--filter=blob:limit=1m", "origin", commit)
    try:
        git(copy, "fetch", "--quiet", *narrow)
    except StackError:
        # Not every server allows fetching a commit that no branch points to.
        git(copy, "fetch", "--quiet", "origin")
    return copy


def _objects(git: _Git, repository: Path, commit: str) -> bytes:
    listing = git(repository, "ls-tree", "-r", "-t", "-z", commit).decode()
    rows = [row.split("\t", 1) for row in listing.split("\0") if row]
    kept = [facts.split()[2] for facts, path in rows if not path.endswith(_EXCLUDED)]
    root = git(repository, "rev-parse", f"{commit}^{{tree}}").decode().strip()
    return "\n".join(dict.fromkeys([commit, root, *kept])).encode() + b"\n"


class _Git(NamedTuple):
    """Runs git, which holds the lock until it has ended, also where this process is killed."""

    lock: int
    environment: Mapping[str, str] = {}

    def __call__(self, repository: Path | None, *arguments: str, text: bytes = b"") -> bytes:
        """Return the output. Raises StackError."""
        where = ["-C", str(repository)] if repository else []
        argv = ["git", *NO_DOWNGRADE, *NO_PROGRAMS, *where, *arguments]
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **PATIENCE, **self.environment},
                start_new_session=True,
                pass_fds=[self.lock],
            )
        except FileNotFoundError as error:
            cause = "git is not installed on this machine."
            raise StackError(
                "The sources cannot be packed.", cause, "Install git.", code="bundle.git-missing"
            ) from error
        with child:
            try:
                output, said = child.communicate(text, timeout=GIT_S)
            except subprocess.TimeoutExpired:
                output, said = b"", f"it did not end within {GIT_S:.0f} s.".encode()
            finally:
                if child.returncode is None:  # also after Ctrl-C, which its session does not get
                    os.killpg(child.pid, signal.SIGKILL)
        if child.returncode:
            raise StackError(
                "A source tree cannot be packed.",
                f"`{' '.join(argv[:10])}` failed: {said.decode(errors='replace').strip()[-1000:]}",
                "Check its URL and its commit, or give another one with --source.",
                code="bundle.source-not-packed",
            )
        return output
