"""A source tree on disk or in memory; a path that leaves the tree is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import StackError
from ...core.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping


class OutsideTreeError(StackError):
    """A path that leads out of the tree."""

    code = "patches.outside-tree"


class FolderTree:
    """The files below one folder.

    Writing is atomic and keeps mode and owner. A path that leads out of the folder, by a link or
    by ``..``, raises ``OutsideTreeError``.
    """

    def __init__(self, root: str) -> None:
        self.root = Path(root).resolve()
        if not self.root.is_dir():
            raise StackError(
                f"{root} is not a folder.",
                "Patches are applied to a source tree.",
                "Give the folder of a checkout or of an installed package.",
                code="patches.not-a-folder",
            )

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, None if it does not exist."""
        real = self._inside(path)
        return real.read_bytes() if real.is_file() else None

    def require_writable(self, path: str) -> None:
        """Raise ``StackError`` if the file or its folder is read-only."""
        real = self._inside(path)
        folder = next(parent for parent in real.parents if parent.is_dir())
        for place in (real, folder) if real.exists() else (folder,):
            if not os.access(place, os.W_OK):
                raise StackError(
                    f"{place} is read-only; nothing was changed.",
                    "The current user may not write there.",
                    "Run as the owner of the tree, or make it writable.",
                    code="patches.read-only",
                )

    def write(self, path: str, data: bytes) -> None:
        """Write a file atomically, with the mode and owner of the file that it replaces."""
        real = self._inside(path)
        atomic_write(real, data)

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that are then empty."""
        real = self._inside(path)
        real.unlink()
        for folder in real.parents:
            if folder == self.root or any(folder.iterdir()):
                break
            folder.rmdir()

    def drop(self, folder: str) -> None:
        """Remove a folder with its content, if it exists."""
        if self._inside(folder).exists():
            shutil.rmtree(self._inside(folder))

    def commit(self) -> str | None:
        """Return the commit of the tree if it is the root of a git checkout."""
        try:
            argv = ["git", "-C", str(self.root), "rev-parse", "--show-prefix", "HEAD"]
            answer = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return None
        lines = answer.stdout.split("\n")
        return lines[1] if answer.returncode == 0 and not lines[0] else None

    def _inside(self, path: str) -> Path:
        real = (self.root / path).resolve()
        if real != self.root and self.root not in real.parents:
            raise OutsideTreeError(
                f"{path} leads out of {self.root}, to {real}; nothing was changed.",
                "Patches write only inside the given tree.",
                "Replace the link by a file, or give the tree that it points to.",
            )
        return real


class MemoryTree:
    """Files in a dictionary: for tests, and for commits that are not checked out."""

    def __init__(self, files: Mapping[str, bytes], commit: str | None = None) -> None:
        self.files: dict[str, bytes] = dict(files)
        self._commit = commit

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, None if it does not exist."""
        return self.files.get(path)

    def require_writable(self, path: str) -> None:
        """Accept every path."""

    def write(self, path: str, data: bytes) -> None:
        """Set the content of a file."""
        self.files[path] = data

    def remove(self, path: str) -> None:
        """Remove a file."""
        del self.files[path]

    def drop(self, folder: str) -> None:
        """Remove all files of a folder."""
        self.files = {p: d for p, d in self.files.items() if not p.startswith(folder + "/")}

    def commit(self) -> str | None:
        """Return the commit that the files were taken from."""
        return self._commit
