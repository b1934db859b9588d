"""Fetch packages of a distribution with all that they need, as its apt would on a bare host."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.architectures import (
    ARCHITECTURES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import (
    Commands,
    Finished,
    locked,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# How Debian and Ubuntu call processors.
_LACKS = re.compile(r"(Depends|Conflicts|Breaks): ")
# What Ansible's module apt works with; it installs it by itself where it is not there.
ALWAYS = ("python3-apt",)
HINT = "Check that the archive is reached, then run again; what was fetched is kept."


class Got(NamedTuple):
    """What came of a request: files, the names that they are for, and why others are not there."""

    files: tuple[Path, ...]
    names: tuple[str, ...]
    refused: Mapping[str, str]


@dataclass
class Archive:
    """The archive of a distribution for one processor, read by an apt with a state of its own.

    ``sources`` is its deb822 file; ``folder`` keeps lists and packages for next time.
    """

    folder: Path
    sources: str
    machine: str
    _options: list[str] = field(init=False, default_factory=list)

    def update(self) -> None:
        """Read the lists. Raises StackError."""
        for name in ("lists/partial", "archives/partial", "listing/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # No package is installed there, so each brings everything that it needs.
        (self.folder / "status").write_bytes(b"")
        (self.folder / "bundle.sources").write_text(self.sources, encoding="utf-8")
        settings = {
            "APT::Architecture": ARCHITECTURES[self.machine].debian,
            "APT::Architectures": ARCHITECTURES[self.machine].debian,
            "APT::Install-Recommends": "false",
            "APT::Keep-Downloaded-Packages": "true",
            "Acquire::Languages": "none",
            # The lock of this folder is taken here, that of the system is not.
            "Debug::NoLocking": "true",
            "Dir::Cache": self.folder,
            "Dir::Cache::archives": self.folder / "archives",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::Etc::sourcelist": self.folder / "bundle.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State": self.folder,
            "Dir::State::lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
        }
        self._options = [
            part for key, value in settings.items() for part in ("-o", f"{key}={value}")
        ]
        # A source that fails is no warning here.
        argv = self._argv("-o", "APT::Update::Error-Mode=any", "update")
        Commands().checked(
            "The package archive could not be read", argv, hint=HINT, code="debian.unreachable"
        )

    def bring(self, names: Iterable[str]) -> Got:
        """Fetch packages with what they need, verified by apt. Raises StackError."""
        wanted = tuple(dict.fromkeys(names))
        refused: dict[str, str] = {}
        with locked(Commands(), self.folder / ".lock"):
            listing = self._listed(wanted)
            if listing is None:
                refused = {name: cause for name in wanted if (cause := self._why_not(name))}
                wanted = tuple(name for name in wanted if name not in refused)
                listing = self._listed(wanted)
            if listing is None:
                cause = self._why_not(*wanted)
                return Got((), (), {**refused, **dict.fromkeys(wanted, cause)})
            argv = self._argv("--yes", "--download-only", "install", *wanted)
            Commands().checked(
                "The packages could not be fetched", argv, hint=HINT, code="debian.unreachable"
            )
        return Got(tuple(listing), wanted, refused)

    def _listed(self, names: tuple[str, ...]) -> list[Path] | None:
        """Return where packages and all that they need will lie; None where apt refuses."""
        done = self._asked(names)
        if done.rc:
            return None
        # 'ADDRESS' FILE SIZE DIGEST
        rows = [line.split() for line in done.output.splitlines() if line.startswith("'")]
        return [self._place(address.strip("'"), name) for address, name, *_ in rows]

    def _place(self, address: str, name: str) -> Path:
        """Return the file of a package; apt leaves those of a local repository where they are."""
        scheme, _, path = address.partition(":")
        return Path(unquote(path)) if scheme == "file" else self.folder / "archives" / name

    def _asked(self, names: tuple[str, ...]) -> Finished:
        """Ask apt what it would fetch where nothing has been fetched."""
        nothing = ("-o", f"Dir::Cache::archives={self.folder / 'listing'}")
        return Commands().run(self._argv(*nothing, "--yes", "--print-uris", "install", *names))

    def _why_not(self, *names: str) -> str:
        """Return what apt has against packages; empty where it would install them."""
        done = self._asked(names)
        if done.rc == 0:
            return ""
        # The package that lacks something says more than the error below it.
        said = [line for line in done.output.splitlines() if _LACKS.search(line)]
        said += [line for line in done.output.splitlines() if line.startswith("E: ")]
        return " ".join((said or [done.tail(1)])[0].removeprefix("E:").split())

    def _argv(self, *words: str) -> list[str]:
        return ["apt-get", "--quiet", *self._options, *words]


def index(files: Iterable[Path]) -> tuple[bytes, bytes]:
    """Return Packages and Release of a repository whose files lie beside them."""
    packages = "\n".join(_stanza(file) for file in sorted(files)).encode()
    digest = hashlib.sha256(packages).hexdigest()
    release = f"Origin: slowfast.stack\nSHA256:\n {digest} {len(packages)} Packages\n"
    return packages, release.encode()


def _stanza(file: Path) -> str:
    told = Commands().checked(
        f"{file.name} is no package of Debian",
        ["dpkg-deb", "--field", str(file)],
        hint="Remove that file, then run again: it is fetched anew.",
        code="bundle.invalid-package",
    )
    data = file.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return f"{told.strip()}\nFilename: ./{file.name}\nSize: {len(data)}\nSHA256: {digest}\n"
