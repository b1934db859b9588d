"""Miniforge: installed from a verified installer, updated in place, taken off without a trace."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..bundle.manifest import installer_path
from ..core import archives
from ..core.errors import StackError
from ..core.process import locked

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.process import Commands

RECORD = ".slowfast-stack.json"
HINT = "Run again: it begins anew. The whole output is in {log}."


@dataclass(frozen=True)
class Miniforge:
    """An installation at ``path``: release ``version`` from ``url`` with the installer's SHA-256.

    The installer is kept in the folder ``cache``, or lies in an unpacked ``bundle``; output goes to
    the file ``log``.
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
        """Return the mark that is there while the installer works; it lies beside the folder."""
        return self.path.with_name(f".{self.path.name}.unfinished")

    @property
    def place(self) -> str:
        """Return the address or the path of the installer."""
        if self.bundle:
            return str(self.bundle / installer_path(self.sha256))
        return self.url


def why_install(commands: Commands, wanted: Miniforge) -> str | None:
    """Say why the installer must run; None = what is there is whole and of the planned release.

    Raises ``StackError`` for a folder that somebody else made.
    """
    if wanted.unfinished.exists():
        return "an installation was cut off"
    if not wanted.path.exists():
        return "it does not exist"
    there = installed(wanted.path)
    if there != wanted.version:
        return f"it is release {there}, planned is {wanted.version}"
    if commands.run([str(wanted.path / "bin" / "conda"), "--version"]).rc:
        return "its conda does not run"
    return None


def installed(path: Path) -> str:
    """Return the release that this project installed. Raises ``StackError`` for others."""
    try:
        found: str = json.loads((path / RECORD).read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError) as error:
        raise StackError(
            f"{path} was not installed by slowfast.stack.",
            f"It has no {RECORD}.",
            "Give the role another folder in `miniforge_path`; this one stays as it is.",
            code="miniforge.foreign",
        ) from error
    return found


def install(commands: Commands, wanted: Miniforge) -> str | None:
    """Install or update where needed; return why, or None. The user's shell is not touched."""
    with locked(commands, wanted.path.with_name(f".{wanted.path.name}.lock")) as held:
        reason = why_install(held, wanted)
        if reason is None:
            return None
        wanted.cache.mkdir(parents=True, exist_ok=True)
        installer = archives.fetch(wanted.place, wanted.sha256, wanted.cache)
        whole = wanted.path.exists() and not wanted.unfinished.exists()
        wanted.unfinished.touch()
        if not whole:
            shutil.rmtree(wanted.path, ignore_errors=True)
        wanted.log.parent.mkdir(parents=True, exist_ok=True)
        # -b asks nothing and leaves the user's shell alone, -u updates what is there.
        update = ["-u"] if whole else []
        held.checked(
            f"Miniforge could not be installed into {wanted.path}",
            ["bash", str(installer), "-b", *update, "-p", str(wanted.path)],
            log=wanted.log,
            hint=HINT.format(log=wanted.log),
            code="miniforge.install-failed",
        )
        versions(held, wanted)
        record = json.dumps({"version": wanted.version, "sha256": wanted.sha256})
        (wanted.path / RECORD).write_text(record + "\n", encoding="utf-8")
        wanted.unfinished.unlink()
    return reason


def versions(commands: Commands, wanted: Miniforge) -> dict[str, str]:
    """Return what conda and mamba say of themselves; the release is named for its conda.

    Raises ``StackError`` where one does not run, or conda is another than the release says.
    """
    said = {}
    for tool in ("conda", "mamba"):
        message = f"{tool} of {wanted.path} does not run"
        hint = HINT.format(log=wanted.log)
        argv = [str(wanted.path / "bin" / tool), "--version"]
        answer = commands.checked(message, argv, hint=hint, code="miniforge.not-runnable")
        # mamba 1 says "mamba 1.5.8" and its conda below, mamba 2 its number alone.
        said[tool] = answer.split("\n", 1)[0].split()[-1]
    planned = wanted.version.partition("-")[0]
    if said["conda"] != planned:
        raise StackError(
            f"conda of {wanted.path} is {said['conda']}.",
            f"Release {wanted.version} of Miniforge brings conda {planned}.",
            "Something else has changed it; remove that folder and run again.",
            code="miniforge.other-version",
        )
    return said


def remove(path: Path, *, check: bool) -> bool:
    """Take an installation off; return whether there was one. Environments elsewhere stay."""
    mark = path.with_name(f".{path.name}.unfinished")
    if not path.exists():
        return False
    if not mark.exists():
        installed(path)
    if not check:
        # Killed in the middle, the rest is known to be no installation.
        mark.touch()
        shutil.rmtree(path)
        mark.unlink()
    return True
