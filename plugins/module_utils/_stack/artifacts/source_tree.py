"""Place one pinned source tree: from a git URL, a local repository, a bundle or PyPI."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import archives
from ..core.errors import StackError
from ..core.process import locked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.process import Commands

# Demo animations: 30 MB of SlowFast's checkout that no program reads.
LEFT_OUT = ("/*", "!*.gif")
ORIGIN_FILE = ".slowfast-stack-origin"


@dataclass(frozen=True)
class GitSource:
    """A commit (40 hexadecimal digits) of the repository, bundle or checkout at ``url``."""

    url: str
    commit: str

    @property
    def identity(self) -> str:
        """Return what the placed tree must say of itself."""
        return self.commit


@dataclass(frozen=True)
class PypiSource:
    """A source distribution of PyPI, ``requirement`` as ``name==version``, pinned by SHA-256."""

    requirement: str
    sha256: str

    @property
    def identity(self) -> str:
        """Return what the placed tree must say of itself."""
        return f"{self.requirement} sha256:{self.sha256}"


def source_of(planned: Mapping[str, str]) -> GitSource | PypiSource:
    """Read the source of a plan; raise StackError where it is incomplete."""
    try:
        if planned["origin"] == "pypi":
            return PypiSource(planned["requirement"], planned["sha256"])
        return GitSource(planned["url"], planned["commit"])
    except KeyError as error:
        raise StackError(
            f"The source {dict(planned)} is incomplete.",
            f"{error} is missing.",
            "A git source has url and commit, one of PyPI has requirement and sha256.",
            code="source.incomplete",
        ) from error


def identity_of(commands: Commands, tree: Path) -> str | None:
    """Return which source ``tree`` holds; None where there is no tree of ours."""
    marker = tree / ORIGIN_FILE
    if marker.is_file():
        return marker.read_text(encoding="utf-8").strip()
    if (tree / ".git").exists():
        head = commands.run(["git", "-C", str(tree), "rev-parse", "HEAD"])
        return head.output.strip() if head.rc == 0 else None
    return None


def place(
    commands: Commands,
    source: GitSource | PypiSource,
    tree: Path,
    *,
    uv: str,
    bundle: Path | None = None,
) -> None:
    """Put ``source`` at ``tree``, whole or not at all; an older tree there is replaced.

    ``uv`` finds the file on PyPI; an unpacked ``bundle`` is taken in place of any network. Raises
    StackError when the source cannot be reached, has no such commit or has another SHA-256.
    """
    fresh = tree.with_name(f".{tree.name}.new")
    with locked(commands, tree.with_name(f".{tree.name}.lock")) as held:
        if identity_of(held, tree) == source.identity:
            return  # another run placed it meanwhile, and may have patched it
        shutil.rmtree(fresh, ignore_errors=True)
        if isinstance(source, GitSource):
            _clone(held, source, fresh, bundle)
        else:
            _unpack(held, source, fresh, uv, bundle)
        _replace(fresh, tree)


def _replace(fresh: Path, tree: Path) -> None:
    old = tree.with_name(f".{tree.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if tree.exists():
        tree.rename(old)
    fresh.rename(tree)
    shutil.rmtree(old, ignore_errors=True)


def _clone(commands: Commands, source: GitSource, tree: Path, bundle: Path | None) -> None:
    if bundle:
        _take_from_bundle(commands, source, tree, bundle / "sources" / f"{source.commit}.bundle")
    elif Path(source.url).is_absolute():
        _clone_local(commands, source, tree)
    else:
        _fetch_remote(commands, source, tree)
    git = ["git", "-C", str(tree)]
    known = commands.run([*git, "cat-file", "-e", f"{source.commit}^{{commit}}"])
    if known.rc:
        raise StackError(
            f"{source.url} has no commit {source.commit}.",
            "The pinned commit is not in what the source offers.",
            "Check the commit id, or give another source with --source NAME=URL@COMMIT.",
            code="source.unknown-commit",
        )
    commands.checked(
        "The checkout could not be limited to what is needed",
        [*git, "sparse-checkout", "set", "--no-cone", *LEFT_OUT],
        code="source.checkout-failed",
    )
    commands.checked(
        f"Commit {source.commit} of {source.url} could not be checked out",
        [*git, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", source.commit],
        hint="The repository may be damaged: try `git fsck` there.",
        code="source.checkout-failed",
    )


def _clone_local(commands: Commands, source: GitSource, tree: Path) -> None:
    if not Path(source.url).exists():
        raise StackError(
            f"There is nothing at {source.url}.",
            "A source given as a path must be a git repository or a bundle on the target.",
            "Correct the path, or give the source as a URL.",
            code="source.not-found",
        )
    commands.checked(
        f"{source.url} is neither a git repository nor a bundle",
        ["git", "clone", "--quiet", "--no-checkout", source.url, str(tree)],
        code="source.not-a-repository",
    )


def _take_from_bundle(commands: Commands, source: GitSource, tree: Path, packed: Path) -> None:
    """Take a commit without its history; what it leaves out could be fetched from its origin."""
    if not packed.is_file():
        raise StackError(
            f"The bundle has no commit {source.commit}.",
            f"{packed} is not there.",
            "Create the bundle again, with the same --source.",
            code="bundle.missing-source",
        )
    commands.checked(
        "No git repository could be made",
        ["git", "init", "--quiet", str(tree)],
        code="source.checkout-failed",
    )
    git = ["git", "-C", str(tree)]
    message = f"{packed} is not a bundle of {source.commit}"
    listed = commands.checked(
        message, [*git, "bundle", "unbundle", str(packed)], code="source.checkout-failed"
    )
    for line in (f"remote.origin.url={source.url}", "remote.origin.promisor=true"):
        commands.checked(
            message, [*git, "config", *line.split("=", 1)], code="source.checkout-failed"
        )
    for pack in (tree / ".git" / "objects" / "pack").glob("*.pack"):
        pack.with_suffix(".promisor").write_text(listed, encoding="utf-8")
    (tree / ".git" / "shallow").write_text(source.commit + "\n", encoding="utf-8")


def _fetch_remote(commands: Commands, source: GitSource, tree: Path) -> None:
    commands.checked(
        "No git repository could be made",
        ["git", "init", "--quiet", str(tree)],
        code="source.checkout-failed",
    )
    git = ["git", "-C", str(tree)]
    commands.checked(
        "The source could not be named",
        [*git, "remote", "add", "origin", source.url],
        code="source.checkout-failed",
    )
    one = commands.run(
        [*git, "fetch", "--quiet", "--depth=1", "--filter=blob:limit=1m", "origin", source.commit]
    )
    if one.rc:
        # Not every server hands out a commit that no branch points at.
        commands.checked(
            f"{source.url} could not be fetched",
            [*git, "fetch", "--quiet", "origin"],
            hint="Check the network and the URL, or give a local copy with --source.",
            code="source.unreachable",
        )


def _unpack(
    commands: Commands, source: PypiSource, tree: Path, uv: str, bundle: Path | None
) -> None:
    place = _in_bundle(source, bundle) if bundle else _address(commands, source, uv)
    with tempfile.TemporaryDirectory(dir=tree.parent) as folder:
        archives.unpack(archives.fetch(place, source.sha256, Path(folder)), tree)
    (tree / ORIGIN_FILE).write_text(source.identity + "\n", encoding="utf-8")


def _in_bundle(source: PypiSource, bundle: Path) -> str:
    return str((bundle / "sources" / f"{source.sha256}.tar.gz").absolute())


def _address(commands: Commands, source: PypiSource, uv: str) -> str:
    """Ask the index that uv is configured for; pip would run setup.py, which imports torch."""
    with tempfile.NamedTemporaryFile("w", suffix=".in") as wanted:
        wanted.write(source.requirement + "\n")
        wanted.flush()
        name = source.requirement.split("==")[0]
        answer = commands.checked(
            f"PyPI could not be asked for {source.requirement}",
            [
                uv, "pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-binary", name,
                "--format", "pylock.toml", wanted.name,
            ],
            hint="Check that PyPI is reached (proxy, certificates, index), then run again.",
            code="index.unreachable",
        )  # fmt: skip
    url = re.search(r'^sdist = .*?url = "([^"]+)"', answer, re.MULTILINE)
    if url is None:
        raise StackError(
            f"The index offers no source distribution of {source.requirement}.",
            "The pinned file is a source distribution.",
            "Use an index that carries it, or give another source.",
            code="index.no-file",
        )
    return url.group(1)
