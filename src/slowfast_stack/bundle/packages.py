"""Download packages of a distribution with all dependencies, as apt would on a bare host."""

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
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import (
    size_and_sha256,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import (
    Commands,
    Finished,
    locked,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LACKS = re.compile(r"(Depends|Conflicts|Breaks): ")
# Ansible's module apt needs it, and would install it.
ALWAYS = ("python3-apt",)
HINT = "Check that the package archive is reachable, then run again; downloads are kept."


class Downloaded(NamedTuple):
    """The downloaded files, the packages they are for, and why other packages are missing."""

    files: tuple[Path, ...]
    names: tuple[str, ...]
    refused: Mapping[str, str]


@dataclass
class Archive:
    """The archive of a distribution for one architecture, read by apt with separate state.

    ``sources`` is the text of its deb822 file; ``folder`` keeps lists and packages.
    """

    folder: Path
    sources: str
    machine: str
    _options: list[str] = field(init=False, default_factory=list)

    def update(self) -> None:
        """Download the package lists. Raises StackError."""
        for name in ("lists/partial", "archives/partial", "listing/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # An empty status: no package is installed, so all dependencies are downloaded.
        (self.folder / "status").write_bytes(b"")
        (self.folder / "bundle.sources").write_text(self.sources, encoding="utf-8")
        settings = {
            "APT::Architecture": ARCHITECTURES[self.machine].debian,
            "APT::Architectures": ARCHITECTURES[self.machine].debian,
            "APT::Install-Recommends": "false",
            "APT::Keep-Downloaded-Packages": "true",
            "Acquire::Languages": "none",
            # This folder has a lock of its own; the one of the system is not taken.
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
        # A source that fails is an error.
        argv = self._argv("-o", "APT::Update::Error-Mode=any", "update")
        Commands().checked(
            "The package lists could not be downloaded", argv, hint=HINT, code="debian.unreachable"
        )

    def download(self, names: Iterable[str]) -> Downloaded:
        """Download packages with their dependencies, verified by apt. Raises StackError."""
        selected = tuple(dict.fromkeys(names))
        refused: dict[str, str] = {}
        with locked(Commands(), self.folder / ".lock"):
            files = self._files(selected)
            if files is None:
                refused = {name: cause for name in selected if (cause := self._refusal(name))}
                selected = tuple(name for name in selected if name not in refused)
                files = self._files(selected)
            if files is None:
                cause = self._refusal(*selected)
                return Downloaded((), (), {**refused, **dict.fromkeys(selected, cause)})
            argv = self._argv("--yes", "--download-only", "install", *selected)
            Commands().checked(
                "The packages could not be downloaded", argv, hint=HINT, code="debian.unreachable"
            )
        return Downloaded(tuple(files), selected, refused)

    def _files(self, names: tuple[str, ...]) -> list[Path] | None:
        """Return the paths of packages and their dependencies; None if apt refuses."""
        done = self._simulate(names)
        if done.rc:
            return None
        # 'URI' FILE SIZE DIGEST
        rows = [line.split() for line in done.output.splitlines() if line.startswith("'")]
        return [self._path(uri.strip("'"), name) for uri, name, *_ in rows]

    def _path(self, uri: str, name: str) -> Path:
        """Return the path of a package; apt does not copy those of a local repository."""
        scheme, _, path = uri.partition(":")
        return Path(unquote(path)) if scheme == "file" else self.folder / "archives" / name

    def _simulate(self, names: tuple[str, ...]) -> Finished:
        """List what apt would download with an empty cache."""
        empty = ("-o", f"Dir::Cache::archives={self.folder / 'listing'}")
        return Commands().run(self._argv(*empty, "--yes", "--print-uris", "install", *names))

    def _refusal(self, *names: str) -> str:
        """Return why apt refuses packages; empty if it would install them."""
        done = self._simulate(names)
        if done.rc == 0:
            return ""
        # The line of the package that lacks something says more than the error after it.
        lines = [line for line in done.output.splitlines() if _LACKS.search(line)]
        lines += [line for line in done.output.splitlines() if line.startswith("E: ")]
        return " ".join((lines or [done.tail(1)])[0].removeprefix("E:").split())

    def _argv(self, *words: str) -> list[str]:
        return ["apt-get", "--quiet", *self._options, *words]


def index(files: Iterable[Path]) -> tuple[bytes, bytes]:
    """Return the files Packages and Release of a flat repository of ``files``."""
    packages = "\n".join(_stanza(file) for file in sorted(files)).encode()
    digest = hashlib.sha256(packages).hexdigest()
    release = f"Origin: slowfast.stack\nSHA256:\n {digest} {len(packages)} Packages\n"
    return packages, release.encode()


def _stanza(file: Path) -> str:
    fields = Commands().checked(
        f"{file.name} is not a Debian package",
        ["dpkg-deb", "--field", str(file)],
        hint="Remove that file and run again: it is downloaded again.",
        code="bundle.invalid-package",
    )
    size, digest = size_and_sha256(file)
    return f"{fields.strip()}\nFilename: ./{file.name}\nSize: {size}\nSHA256: {digest}\n"
