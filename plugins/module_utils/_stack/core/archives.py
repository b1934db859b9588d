"""Download archives that are pinned by SHA-256, and extract them atomically."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from .download import Download, get
from .errors import StackError
from .files import sha256_of

if TYPE_CHECKING:
    from .process import Commands


def check(archive: Path, sha256: str) -> None:
    """Raise ``StackError`` if the SHA-256 of the file is not the pinned one."""
    found = sha256_of(archive)
    if found != sha256:
        raise StackError(
            f"{archive.name} is not the pinned file.",
            f"Its SHA-256 is {found}, expected {sha256}.",
            "It was not used.",
            code="download.checksum-mismatch",
        )


def fetch(url: str, sha256: str, folder: Path) -> Path:
    """Return the verified file of ``url`` or of an absolute path. Raises ``StackError``."""
    if Path(url).is_absolute():
        own = Path(url)
        if not own.is_file():
            raise StackError(
                f"There is no file {own}.",
                "It was given with --source.",
                "Correct the path.",
                code="file.not-found",
            )
        check(own, sha256)
        return own
    return get(Download(url, folder / url.rpartition("/")[2], sha256, keep=False)).path


def from_debian(commands: Commands, package: str, suite: str, sha256: str, folder: Path) -> Path:
    """Return the upstream archive of a Debian source package, verified by apt and by SHA-256.

    apt reads its package sources from ``folder``; those of the system do not change. Raises
    ``StackError``.
    """
    cached = _pinned(folder, package, sha256)
    if cached:
        return cached
    apt = ["apt-get", *_private_apt(commands, suite, folder / "apt"), "--quiet"]
    source = [*apt, "source", "--download-only", "--tar-only", package]
    # The lists of an earlier package suffice, unless the archive has changed since.
    lists = any((folder / "apt" / "state" / "lists").glob("*Sources*"))
    if not lists or commands.run(source, cwd=folder).rc:
        reached = "The Debian archive could not be read"
        commands.checked(f"{reached} for {suite}", [*apt, "update"], code="debian.unreachable")
        commands.checked(f"{reached} for {package}", source, cwd=folder, code="debian.unreachable")
    fetched = _pinned(folder, package, sha256)
    if fetched:
        return fetched
    found = sorted(path.name for path in folder.glob(f"{package}_*.orig.tar.*"))
    raise StackError(
        f"The Debian archive has another {package} than the pinned one.",
        f"It has {', '.join(found) or 'nothing'}, not SHA-256 {sha256}.",
        "It was not used.",
        code="debian.other-version",
    )


def _pinned(folder: Path, package: str, sha256: str) -> Path | None:
    found = folder.glob(f"{package}_*.orig.tar.*")
    return next((path for path in found if sha256_of(path) == sha256), None)


def _private_apt(commands: Commands, suite: str, folder: Path) -> list[str]:
    """Return options that give apt a separate state with the sources of one suite."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    # Use the mirror of this host, which its proxy and cache know.
    listing = commands.checked(
        "apt did not report which archive this host uses",
        ["apt-get", "indextargets", "--format", "$(SITE)", "Origin: Debian", "Label: Debian"],
        code="debian.no-archive",
    )
    mirrors = listing.split()
    if not mirrors:
        raise StackError(
            "No Debian archive is configured for apt.",
            "It has no package lists, or another distribution's.",
            "Run `apt-get update`, or name a copy of the source with --source.",
            code="debian.no-archive",
        )
    sources = folder / "debian.sources"
    sources.write_text(
        f"Types: deb-src\nURIs: {mirrors[0]}\nSuites: {suite}\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
        encoding="utf-8",
    )
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State": folder / "state",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def unpack(archive: Path, tree: Path) -> None:
    """Extract the one folder that is in the archive to ``tree``, completely or not at all."""
    fresh = tree.with_name(f".{tree.name}.unpacking")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        with tarfile.open(archive) as packed:
            _extract(packed, fresh)
        next(path for path in fresh.iterdir() if path.is_dir()).rename(tree)
    finally:
        shutil.rmtree(fresh)


def _extract(packed: tarfile.TarFile, folder: Path) -> None:
    if hasattr(tarfile, "data_filter"):
        packed.extractall(folder, filter="data")
        return
    root = folder.resolve()
    for member in packed.getmembers():
        target = (folder / member.name).resolve()
        aside = member.issym() and "/" not in member.linkname  # such as libavcodec.so
        kind = member.isreg() or member.isdir() or aside
        if (root not in target.parents and target != root) or not kind:
            raise StackError(
                f"{member.name} would be extracted outside the folder.",
                "An archive with such a member is not trusted.",
                "Get the archive from another source, and name it with --source.",
                code="archive.unsafe-member",
            )
    packed.extractall(folder)  # noqa: S202 - every member was checked above
