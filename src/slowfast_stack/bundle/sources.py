"""Pack one commit of a repository, without its history, as a git bundle."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

# The roles exclude them from checkouts too: 30 MB of animations that no program reads.
_EXCLUDED = ".gif"
_HEAD = "# v2 git bundle\n{} refs/heads/pinned\n\n"


def pack(url: str, commit: str, folder: Path) -> Path:
    """Return the git bundle of a commit in ``folder``, created if needed. Raises StackError."""
    ready = folder / f"{commit}.bundle"
    if ready.is_file():
        return ready
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        repository = _repository(url, commit, Path(scratch))
        fresh = Path(scratch, "bundle")
        pack_ = _git(
            repository, "pack-objects", "--stdout", "-q", text=_objects(repository, commit)
        )
        fresh.write_bytes(_HEAD.format(commit).encode() + pack_)
        fresh.rename(ready)
    return ready


def _repository(url: str, commit: str, scratch: Path) -> Path:
    """Return a repository that has the commit: a local one, or a shallow clone."""
    if Path(url).is_dir():
        return Path(url)
    copy = scratch / "copy.git"
    if Path(url).is_absolute():
        _git(None, "clone", "--quiet", "--bare", url, str(copy))
        return copy
    _git(None, "init", "--quiet", "--bare", str(copy))
    _git(copy, "remote", "add", "origin", url)
    narrow = ("--depth=1", "--filter=blob:limit=1m", "origin", commit)
    try:
        _git(copy, "fetch", "--quiet", *narrow)
    except StackError:
        # Not every server allows fetching a commit that no branch points to.
        _git(copy, "fetch", "--quiet", "origin")
    return copy


def _objects(repository: Path, commit: str) -> bytes:
    listing = _git(repository, "ls-tree", "-r", "-t", "-z", commit).decode()
    rows = [row.split("\t", 1) for row in listing.split("\0") if row]
    kept = [facts.split()[2] for facts, path in rows if not path.endswith(_EXCLUDED)]
    root = _git(repository, "rev-parse", f"{commit}^{{tree}}").decode().strip()
    return "\n".join(dict.fromkeys([commit, root, *kept])).encode() + b"\n"


def _git(repository: Path | None, *arguments: str, text: bytes = b"") -> bytes:
    where = ["-C", str(repository)] if repository else []
    argv = ["git", *where, *arguments]
    try:
        done = subprocess.run(argv, input=text, capture_output=True, check=False)
    except FileNotFoundError as error:
        cause = "git is not installed on this machine."
        raise StackError(
            "The sources cannot be packed.", cause, "Install git.", code="bundle.git-missing"
        ) from error
    if done.returncode:
        raise StackError(
            "A source tree cannot be packed.",
            f"`{' '.join(argv[:8])}` failed: {done.stderr.decode(errors='replace').strip()[-1000:]}",
            "Check its URL and its commit, or give another one with --source.",
            code="bundle.source-not-packed",
        )
    return done.stdout
