"""Place one pinned source tree: from git, an archive, the Debian archive, PyPI or a bundle."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import archives, names, scratch, validation
from ..core.errors import StackError
from ..core.files import fresh_folder, replace_folder
from ..core.git import AS_IT_IS, GIT_S, NO_DOWNGRADE, NO_PROGRAMS, PATIENCE, unlike_its_name
from ..core.process import locked

if TYPE_CHECKING:
    from ..core.process import Commands

# Demo animations: 30 MB of SlowFast's checkout that no program reads.
LEFT_OUT = ("/*", "!*.gif")
ORIGIN_FILE = ".slowfast-stack-origin"
# What names and pins a source of each origin.
REQUIRED = {
    "git": ("url", "commit"),
    "archive": ("url", "sha256"),
    "debian": ("package", "suite", "sha256"),
    "pypi": ("requirement", "sha256"),
}

# They become words of commands, and parts of the names of files.
_FORMS = {
    "url": names.address,
    "commit": names.matching(r"[0-9a-f]{40}", "40 hexadecimal digits"),
    "sha256": names.sha256,
    "requirement": names.matching(
        r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*", "NAME==VERSION"
    ),
    "package": names.matching(r"[a-z0-9][a-z0-9+.-]*", "the name of a package"),
    "suite": names.matching(r"[a-z0-9][a-z0-9./-]*", "the suite of an archive"),
}


@dataclass(frozen=True)
class Source:
    """A source of a plan, pinned by a commit (40 hexadecimal digits) or a SHA-256.

    ``url`` is an address, or the absolute path of a file, repository or bundle; ``requirement``
    is ``name==version`` on PyPI. Raises ``StackError`` where something is missing.
    """

    origin: str
    url: str = ""
    commit: str = ""
    requirement: str = ""
    package: str = ""
    suite: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        """Require what the origin needs."""
        validation.one_of(self.origin, "source.origin", tuple(REQUIRED))
        for name in REQUIRED[self.origin]:
            validation.text(getattr(self, name), f"source.{name}")
        for name, reader in _FORMS.items():
            if getattr(self, name):
                reader(getattr(self, name), f"source.{name}")

    @property
    def identity(self) -> str:
        """Return the content of the file that names the source of a tree."""
        return self.commit or f"{self.requirement} sha256:{self.sha256}".strip()


def identity_of(commands: Commands, tree: Path) -> str | None:
    """Return which source ``tree`` holds; None where there is no such tree."""
    marker = tree / ORIGIN_FILE
    if marker.is_file():
        return marker.read_text(encoding="utf-8").strip()
    if (tree / ".git").exists():
        argv = ["git", *NO_PROGRAMS, "-C", str(tree), "rev-parse", "HEAD"]
        head = commands.within(GIT_S).run(argv, environment=AS_IT_IS)
        return head.output.strip() if head.rc == 0 else None
    return None


def place(
    commands: Commands,
    source: Source,
    tree: Path,
    *,
    uv: str,
    bundle: Path | None = None,
    downloads: Path | None = None,
) -> None:
    """Put ``source`` at ``tree``, complete or not at all; another tree there is replaced.

    ``uv`` finds files on PyPI; ``downloads`` is a folder that keeps archives. From an extracted
    ``bundle`` alone where there is one. Raises ``StackError`` when the source cannot be reached,
    has no such commit or has another SHA-256.
    """
    with locked(commands, tree.with_name(f".{tree.name}.lock")) as held:
        fresh = fresh_folder(tree)
        if identity_of(held, tree) == source.identity:
            return  # another run has placed it, and may have patched it
        if source.commit:
            _clone(held, source, fresh, bundle)
        else:
            folder = downloads or tree.with_name(f".{tree.name}.downloads")
            archives.unpack(_archive(held, source, folder, uv, bundle), fresh)
            (fresh / ORIGIN_FILE).write_text(source.identity + "\n", encoding="utf-8")
            if not downloads:
                shutil.rmtree(folder, ignore_errors=True)
        replace_folder(fresh, tree)


def _clone(commands: Commands, source: Source, tree: Path, bundle: Path | None) -> None:
    if not bundle and Path(source.url).is_absolute():
        _clone_local(commands, source, tree)
    else:
        tree.mkdir(parents=True)
        _git(commands, tree, "init", "--quiet")
        if bundle:
            _fetch_from_bundle(commands, source, tree, bundle)
        else:
            _fetch(commands, source, tree)
    argv = ["git", "-C", str(tree), "cat-file", "-e", f"{source.commit}^{{commit}}"]
    found = commands.within(GIT_S).run(argv)
    if found.rc:
        raise StackError(
            f"{source.url} has no commit {source.commit}.",
            "The source does not have the pinned commit.",
            "Check the commit id, or give another source with --source NAME=URL@COMMIT.",
            code="source.unknown-commit",
        )
    _require_named(source, tree)
    _git(commands, tree, "sparse-checkout", "set", "--no-cone", *LEFT_OUT)
    quiet = ("-c", "advice.detachedHead=false")
    _git(commands, tree, *quiet, "checkout", "--quiet", "--detach", source.commit)


def _require_named(source: Source, tree: Path) -> None:
    """Raise ``StackError`` where a commit does not have the content that its id stands for."""
    # What comes through a transport or out of a bundle is verified by git.
    wrong = unlike_its_name(tree, source.commit) if Path(source.url).is_dir() else None
    if wrong:
        raise StackError(
            f"{source.url} does not have the content of commit {source.commit}.",
            f"Its object {wrong} has other content than that of this name: it is damaged, or forged.",
            "Run `git fsck` there, or give another source with --source.",
            code="source.other-content",
        )


def _git(commands: Commands, tree: Path, *words: str) -> str:
    return commands.within(GIT_S).checked(
        f"git could not create {tree}",
        ["git", *NO_DOWNGRADE, "-C", str(tree), *words],
        hint="The repository may be damaged: try `git fsck` there.",
        code="source.checkout-failed",
    )


def _clone_local(commands: Commands, source: Source, tree: Path) -> None:
    if not Path(source.url).exists():
        raise StackError(
            f"{source.url} does not exist.",
            "A source given as a path must be a git repository or a bundle on the target.",
            "Correct the path, or give the source as a URL.",
            code="source.not-found",
        )
    commands.within(GIT_S).checked(
        f"{source.url} is neither a git repository nor a bundle",
        ["git", "clone", "--quiet", "--no-checkout", source.url, str(tree)],
        code="source.not-a-repository",
    )


def _fetch_from_bundle(commands: Commands, source: Source, tree: Path, bundle: Path) -> None:
    """Fetch a commit without its history; a missing object could be fetched from its origin."""
    packed = _in_bundle(source, bundle)
    listed = _git(commands, tree, "bundle", "unbundle", str(packed))
    _git(commands, tree, "config", "remote.origin.url", source.url)
    _git(commands, tree, "config", "remote.origin.promisor", "true")
    for pack in (tree / ".git" / "objects" / "pack").glob("*.pack"):
        pack.with_suffix(".promisor").write_text(listed, encoding="utf-8")
    (tree / ".git" / "shallow").write_text(source.commit + "\n", encoding="utf-8")


def _fetch(commands: Commands, source: Source, tree: Path) -> None:
    commands = commands.within(GIT_S)
    _git(commands, tree, "remote", "add", "origin", source.url)
    fetch = ["git", *NO_DOWNGRADE, "-C", str(tree), "fetch", "--quiet"]
    argv = [*fetch, "--depth=1", "--filter=blob:limit=1m", "origin", source.commit]
    if commands.run(argv, environment=PATIENCE).rc:
        # Not every server has a commit fetched that no branch points at. Where none of its objects
        # may be missing any more, git must not start another git for each of them.
        for key in ("remote.origin.promisor", "remote.origin.partialclonefilter"):
            commands.run(["git", "-C", str(tree), "config", "--unset-all", key])
        commands.checked(
            f"{source.url} could not be fetched",
            [*fetch, "origin"],
            hint="Check the network and the URL, or give a local copy with --source.",
            code="source.unreachable",
            environment=PATIENCE,
        )


def _archive(
    commands: Commands, source: Source, folder: Path, uv: str, bundle: Path | None
) -> Path:
    """Return the verified archive of a source that is no repository."""
    if bundle:
        packed = _in_bundle(source, bundle)
        archives.check(packed, source.sha256)
        return packed
    folder.mkdir(parents=True, exist_ok=True)
    if source.origin == "debian":
        return archives.from_debian(commands, source.package, source.suite, source.sha256, folder)
    url = source.url if source.origin == "archive" else _address(commands, source, uv)
    return archives.fetch(url, source.sha256, folder)


def _in_bundle(source: Source, bundle: Path) -> Path:
    for packed in (bundle / "sources").glob(f"{source.commit or source.sha256}.*"):
        return packed
    raise StackError(
        f"The bundle does not contain {source.url or source.requirement}.",
        f"{bundle}/sources has no file of {source.commit or source.sha256}.",
        "Create the bundle again, with the same --source.",
        code="bundle.missing-source",
    )


def _address(commands: Commands, source: Source, uv: str) -> str:
    """Return the URL on the index that uv uses; pip would run setup.py, which imports torch."""
    with scratch.folder() as folder:
        file = folder / "source.in"
        file.write_text(source.requirement + "\n", encoding="utf-8")
        name = source.requirement.split("==")[0]
        answer = commands.checked(
            f"PyPI could not be read for {source.requirement}",
            [
                uv, "pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-binary", name,
                "--format", "pylock.toml", str(file),
            ],
            hint="Check that PyPI is reachable (proxy, certificates, index), then run again.",
            code="index.unreachable",
        )  # fmt: skip
    url = re.search(r'^sdist = .*?url = "([^"]+)"', answer, re.MULTILINE)
    if url is None:
        raise StackError(
            f"The index offers no source distribution of {source.requirement}.",
            "The pinned file is a source distribution.",
            "Use an index that has it, or give another source.",
            code="index.no-file",
        )
    return url.group(1)
