"""Name the part of a stack that provides a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..artifacts.cache import MANIFEST, read_manifest
from ..core.errors import StackError
from ..core.git import AS_IT_IS, GIT_S, NO_PROGRAMS
from ..patches import record
from ..patches.syntax.source_tree import FolderTree
from .model import UNOWNED, Embedded, Installed, Part

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from ..core.process import Commands

# What `uv venv` and conda put into an environment beside packages.
_ENVIRONMENT = (
    r"env/(\.gitignore|\.lock|CACHEDIR\.TAG|pyvenv\.cfg|lib64|conda-meta/.*"
    r"|bin/(python[0-9.]*|(de)?activate(\.(bat|csh|fish|nu|ps1|xsh))?|activate_this\.py|pydoc\.bat)"
    r"|lib/python[0-9.]*/site-packages/_virtualenv\.(py|pth)|cuda-[0-9.]+/(bin|include|lib64|nvvm)/.*)"
)
# What this project writes beside the parts of a stack.
_RECORDS = (
    r"activate|ffmpeg|\.env\.lock|stack\.lock\.json|(hashes|logs|proof)/.*|src/\.[a-z0-9]+\.lock"
)
# An interpreter of uv comes without a list of its files.
_PATTERNS = {
    "environment": _ENVIRONMENT,
    "records": _RECORDS,
    "python": r"python/.*",
    "miniforge": r"miniforge/((conda-meta|pkgs)/.*|\.slowfast-stack\.json)",
}
_KNOWN = tuple((part, re.compile(text, re.DOTALL)) for part, text in _PATTERNS.items())
# What git, this project and builds write into a source tree.
_MADE = re.compile(
    r"\.git/.*|\.slowfast-stack/.*|\.slowfast-stack-origin|(build|[^/]*\.egg-info)/.*|.*\.so",
    re.DOTALL,
)
_COMPILED = re.compile(r"((?:.*/)?)__pycache__/([^/]+?)\.[a-z]+-\d+(?:\.opt-\d)?\.pyc", re.DOTALL)
# Of each of these kinds there is one part.
SINGLE = tuple(
    Part(kind, kind, kind) for kind in ("environment", "records", "python", "miniforge", UNOWNED)
)


class Owners(NamedTuple):
    """Which part a file is of, by the lists of packages and of git.

    ``trees`` has the files of each source that git tracks; None for a source without git.
    """

    listed: Mapping[str, str]
    trees: Mapping[str, frozenset[str] | None]

    def of(self, path: str) -> str:
        """Return the id of the part that provides a file."""
        compiled = _COMPILED.fullmatch(path)
        if compiled and path not in self.listed:
            return self.of(f"{compiled.group(1)}{compiled.group(2)}.py")
        if path in self.listed:
            return self.listed[path]
        top, _slash, rest = path.partition("/")
        if top == "src" and (name := rest.partition("/")[0]) in self.trees:
            return self._of_tree(name, rest[len(name) + 1 :])
        return next((part for part, known in _KNOWN if known.fullmatch(path)), UNOWNED)

    def _of_tree(self, name: str, path: str) -> str:
        tracked = self.trees[name]
        own = tracked is None or path in tracked or _MADE.fullmatch(path)
        return f"source {name}" if own else UNOWNED


def tracked(commands: Commands, tree: Path, notes: list[str]) -> frozenset[str] | None:
    """Return the files of a source: those that git tracks, and those that patches made.

    None where the source was no repository: then all files there count as its own.
    """
    if not (tree / ".git").exists():
        return None
    # No program that the configuration of the tree names is run.
    argv = ["git", *NO_PROGRAMS, "-C", str(tree), "ls-files", "-z"]
    done = commands.within(GIT_S).run(argv, environment=AS_IT_IS)
    if done.rc:
        notes.append(f"The files of {tree.name} could not be listed: {done.tail(1)}")
        return None
    found = set(done.output.split("\0"))
    try:
        found |= set(record.load(FolderTree(str(tree)), tree.name).files)
    except StackError as error:
        notes.append(f"Files that patches added to {tree.name} are not known: {error.message}")
    return frozenset(found)


def of_ffmpeg(folder: Path) -> Installed | None:
    """Return the FFmpeg of a stack with the files that its manifest lists; None where it has none."""
    artifact = read_manifest(folder.resolve())
    if artifact is None:
        return None
    inputs = artifact.inputs
    part = Part(
        "ffmpeg",
        "ffmpeg",
        "ffmpeg",
        inputs.get("version", ""),
        expression=_license(inputs.get("flags", "").split()),
        embedded=(Embedded("nv-codec-headers", inputs.get("nv_codec_headers", "")),),
        origin=inputs.get("origin", ""),
    )
    return Installed(part, tuple(f"{folder.name}/{name}" for name in (MANIFEST, *artifact.files)))


def _license(flags: Collection[str]) -> str:
    """Return the licence of an FFmpeg by its flags, as its file LICENSE.md says; of none, nothing."""
    choices = (
        ("--enable-nonfree", "LicenseRef-FFmpeg-nonfree"),
        ("--enable-gpl", "GPL-2.0-or-later"),
    )
    default = "LGPL-2.1-or-later" if flags else ""
    return next((name for flag, name in choices if flag in flags), default)
