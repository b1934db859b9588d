"""Install Miniforge from a verified installer, update it in place, and remove it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..bundle.manifest import installer_path
from ..core import archives, saved
from ..core.errors import StackError
from ..core.process import locked

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.process import Commands

RECORD, SCHEMA = ".slowfast-stack.json", 1
HINT = "Run again to start over. The complete output is in {log}."


@dataclass(frozen=True)
class Record:
    """What was installed: the release, and the SHA-256 of its installer."""

    version: str
    sha256: str
    schema: int = SCHEMA


@dataclass(frozen=True)
class Miniforge:
    """An installation at ``path``: release ``version`` from ``url`` with the installer's SHA-256.

    The installer is stored in the folder ``cache`` or in an extracted ``bundle``; output is written
    to the file ``log``.
    """

    path: Path
    version: str
    url: str
    sha256: str
    cache: Path
    log: Path
    bundle: Path | None = None

    @property
    def unfinished(self) -> Path:
        """Return the marker file beside the folder that exists while the installer runs."""
        return self.path.with_name(f".{self.path.name}.unfinished")

    @property
    def place(self) -> str:
        """Return the URL or the path of the installer."""
        if self.bundle:
            return str(self.bundle / installer_path(self.sha256))
        return self.url


def why_install(commands: Commands, wanted: Miniforge) -> str | None:
    """Return why the installer must run; None if the planned release is installed completely.

    Raise ``StackError`` for a folder that this project did not create.
    """
    if wanted.unfinished.exists():
        return "an installation was interrupted"
    if not wanted.path.exists():
        return "it does not exist"
    release = installed(wanted.path)
    if release != wanted.version:
        return f"it is release {release}, planned is {wanted.version}"
    if commands.run([str(wanted.path / "bin" / "conda"), "--version"]).rc:
        return "its conda does not run"
    return None


def installed(path: Path) -> str:
    """Return the installed release. Raise ``StackError`` where this project did not install it."""
    found = saved.load(Record, path / RECORD, SCHEMA)
    if found is None:
        raise StackError(
            f"{path} was not installed by slowfast.stack.",
            f"It has no {RECORD} that this release reads.",
            "Set another folder in `miniforge_path`; this one is not changed.",
            code="miniforge.foreign",
        )
    return found.version


def install(commands: Commands, wanted: Miniforge) -> str | None:
    """Install or update where needed; return the reason, or None. The user's shell is not changed."""
    with locked(commands, wanted.path.with_name(f".{wanted.path.name}.lock")) as held:
        reason = why_install(held, wanted)
        if reason is None:
            return None
        wanted.cache.mkdir(parents=True, exist_ok=True)
        installer = _fetched(wanted)
        complete = wanted.path.exists() and not wanted.unfinished.exists()
        wanted.unfinished.touch()
        if not complete:
            shutil.rmtree(wanted.path, ignore_errors=True)
        wanted.log.parent.mkdir(parents=True, exist_ok=True)
        # -b asks no questions and does not change the user's shell, -u updates an installation.
        update = ["-u"] if complete else []
        held.checked(
            f"Miniforge could not be installed into {wanted.path}",
            ["bash", str(installer), "-b", *update, "-p", str(wanted.path)],
            log=wanted.log,
            hint=HINT.format(log=wanted.log),
            code="miniforge.install-failed",
        )
        versions(held, wanted)
        saved.save(wanted.path / RECORD, Record(wanted.version, wanted.sha256))
        wanted.unfinished.unlink()
    return reason


def _fetched(wanted: Miniforge) -> Path:
    """Return the installer. Raise ``StackError`` where its place does not have it."""
    try:
        return archives.fetch(wanted.place, wanted.sha256, wanted.cache)
    except StackError as error:
        if error.code != "file.not-found" and not error.code.startswith("download."):
            raise
        raise StackError(
            f"The installer of Miniforge {wanted.version} is not at {wanted.place}.",
            f"{error.message} {error.cause}",
            "Name a copy with --source miniforge=PLACE, or omit --environment conda.",
            code="miniforge.no-installer",
        ) from error


def versions(commands: Commands, wanted: Miniforge) -> dict[str, str]:
    """Return the versions that conda and mamba report.

    Raise ``StackError`` where one does not run, or conda has not the version of the release.
    """
    found = {}
    for tool in ("conda", "mamba"):
        message = f"{tool} of {wanted.path} does not run"
        hint = HINT.format(log=wanted.log)
        argv = [str(wanted.path / "bin" / tool), "--version"]
        answer = commands.checked(message, argv, hint=hint, code="miniforge.not-runnable")
        # mamba 1 prints "mamba 1.5.8" and the version of conda, mamba 2 only its version.
        found[tool] = answer.partition("\n")[0].split()[-1]
    planned = wanted.version.partition("-")[0]
    if found["conda"] != planned:
        raise StackError(
            f"conda of {wanted.path} is {found['conda']}.",
            f"Release {wanted.version} of Miniforge contains conda {planned}.",
            "Another program has changed it; remove that folder and run again.",
            code="miniforge.other-version",
        )
    return found


def remove(path: Path, *, check: bool) -> bool:
    """Remove an installation; return whether there was one. Environments elsewhere are kept."""
    mark = path.with_name(f".{path.name}.unfinished")
    if not path.exists():
        if not check:
            mark.unlink(missing_ok=True)
        return False
    if not mark.exists():
        installed(path)
    if not check:
        # With the marker, an interrupted removal is not taken for an installation.
        mark.touch()
        shutil.rmtree(path)
        mark.unlink()
    return True
