"""The cache of artifacts: one folder for each key, published by rename and verified at each use."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..core import names, notices, saved
from ..core.errors import StackError
from ..core.files import sha256_of
from ..core.process import locked
from ..core.validation import mapping, parse_json
from .key import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..core.process import Commands

MANIFEST, SCHEMA = "artifact.json", 1
# Where the distribution's programs are; one in /usr/local is the user's own.
PACKAGED = ("/usr/bin", "/bin")


class Recipe(Protocol):
    """How an artifact is built and verified."""

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return everything that decides the content."""

    def build(self, commands: Commands, work: Path) -> Path:
        """Build below the folder ``work`` and return the folder to publish.

        After an interruption, ``work`` is as the last attempt left it. Raises ``StackError``.
        """

    def verify(self, commands: Commands, folder: Path) -> None:
        """Raise ``StackError`` where what was built in ``folder`` cannot be used; it may be run."""

    def examine(self, folder: Path) -> None:
        """Raise ``StackError`` where ``folder`` is no such artifact; nothing in it is run."""

    def path(self, folder: Path) -> Path:
        """Return the file or folder that the artifact in ``folder`` is used by."""


@dataclass(frozen=True)
class Artifact:
    """A verified artifact.

    ``files`` maps the path of each file to its SHA-256, ``seconds`` is how long the build took.
    """

    folder: Path
    inputs: Mapping[str, str]
    files: Mapping[str, str]
    seconds: float


def read_manifest(folder: Path) -> Artifact | None:
    """Return what the manifest in ``folder`` says, unverified; None where there is none."""
    try:
        return parse_manifest(names.read_regular(folder / MANIFEST), folder)
    except OSError:
        return None


def parse_manifest(text: bytes, folder: Path) -> Artifact | None:
    """Return what the text of a manifest says of ``folder``, unverified; None where it is none.

    Each file that it names is inside of the folder.
    """
    try:
        manifest = mapping(parse_json(text), MANIFEST)
        inputs, files = (mapping(manifest.get(key), key) for key in ("inputs", "files"))
        for name, digest in files.items():
            names.relative_path(name, "files")
            names.sha256(digest, f"files.{name}")
    except (ValueError, StackError):
        return None
    seconds = manifest.get("seconds")
    texts = all(isinstance(text, str) for text in inputs.values())
    schema = manifest.get("schema")
    known = isinstance(schema, int) and not isinstance(schema, bool) and schema == SCHEMA
    if not known or not texts or not isinstance(seconds, (int, float)):
        return None
    return Artifact(folder, inputs, files, seconds)


def load(folder: Path, key: str) -> Artifact | None:
    """Return the artifact in ``folder`` where it is that of ``key`` and every file is intact."""
    artifact = read_manifest(folder)
    if artifact is None or key_of(artifact.inputs) != key or leading_out(artifact):
        return None
    return artifact if artifact.files == digests(folder) else None


def leading_out(artifact: Artifact) -> list[str]:
    """Return what is no regular file or folder, and links that leave the folder of the artifact.

    That of the distribution is made of links to its own programs.
    """
    root, allowed = artifact.folder.resolve(), set()
    if artifact.inputs.get("origin") == "distribution":
        allowed = {Path(place) / name for place in PACKAGED for name in ("ffmpeg", "ffprobe")}
    found = [] if root == artifact.folder.parent.resolve() / artifact.folder.name else ["."]
    for path in artifact.folder.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            stays = root in path.resolve().parents or path.readlink() in allowed
        else:
            stays = stat.S_ISREG(mode) or stat.S_ISDIR(mode)
        if not stays:
            found.append(str(path.relative_to(artifact.folder)))
    return found


def find(cache: Path, key: str) -> Artifact | None:
    """Return the artifact of ``key``; None where it is absent or damaged."""
    return load(cache / key, key)


def find_or_say(cache: Path, key: str) -> Artifact | None:
    """Return the artifact of ``key``; say where it is damaged, because it is about to be replaced."""
    found, folder = find(cache, key), cache / key
    if found is None and os.path.lexists(folder):
        notices.say(
            StackError(
                f"The artifact {folder} is not used.",
                f"Its {MANIFEST} cannot be read, is of another release, or does not list its files.",
                "It is built or imported again in its place.",
                code="artifact.damaged",
            )
        )
    return found


def find_all(cache: Path) -> Iterator[Artifact]:
    """Yield every intact artifact of a cache, in the order of the keys."""
    for path in sorted(cache.glob(f"*/{MANIFEST}")):
        artifact = find(cache, path.parent.name)
        if artifact:
            yield artifact


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below ``folder`` but the manifest; links are followed."""
    files = {
        str(path.relative_to(folder)): path.resolve()
        for path in folder.rglob("*")
        if path.is_file() and path != folder / MANIFEST
    }
    known = {path: sha256_of(path) for path in set(files.values())}
    return {name: known[path] for name, path in sorted(files.items())}


def build(commands: Commands, cache: Path, recipe: Recipe) -> tuple[Artifact, bool]:
    """Return the artifact of ``recipe`` and whether it was built now.

    A second build of the same key waits for the first, also where the process that started it was
    killed. Raises ``StackError``.
    """
    key = key_of(recipe.inputs)
    with locked(commands, cache / f"{key}.lock") as held:
        found, work = find_or_say(cache, key), cache / f"{key}.work"
        if found:
            shutil.rmtree(work, ignore_errors=True)
            return found, False
        started = time.monotonic()
        work.mkdir(exist_ok=True)
        try:
            ready = recipe.build(held, work)
            recipe.verify(held, ready)
        except BaseException:
            with contextlib.suppress(OSError):
                work.rmdir()  # what an interrupted build can continue from stays
            raise
        artifact = _publish(cache / key, recipe, ready, time.monotonic() - started)
        shutil.rmtree(work)
    return artifact, True


def require_same(commands: Commands, cache: Path, recipe: Recipe, artifact: Artifact) -> None:
    """Build an artifact again in another folder. Raises ``StackError`` where a byte differs."""
    key = key_of(recipe.inputs)
    work = cache / f"{key}.again"
    with locked(commands, cache / f"{key}.lock") as held:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            made = digests(recipe.build(held, work))
        finally:
            shutil.rmtree(work, ignore_errors=True)
    known = dict(artifact.files)
    wrong = sorted(name for name in {*made, *known} if made.get(name) != known.get(name))
    if wrong:
        name = wrong[0]
        raise StackError(
            f"{artifact.folder} is not what this host builds of the same inputs.",
            f"{len(wrong)} files differ, such as {name}: it has the SHA-256 {known.get(name)}, and "
            f"a build here has {made.get(name)}.",
            "Compare the compilers of both hosts. `slowfast-stack verify COPY --kind artifact` on the "
            "controller names the builder; where it is not trusted, remove its copy and this folder.",
            code="artifact.not-reproduced",
        )


def _publish(home: Path, recipe: Recipe, ready: Path, seconds: float) -> Artifact:
    artifact = Artifact(home, recipe.inputs, digests(ready), round(seconds))
    manifest = {
        "schema": SCHEMA,
        "inputs": dict(artifact.inputs),
        "files": dict(artifact.files),
        "seconds": artifact.seconds,
    }
    saved.write(ready / MANIFEST, manifest)
    move_into_place(ready, home)
    return artifact


def move_into_place(ready: Path, home: Path) -> None:
    """Put a complete folder in the place of a damaged one; call it with the lock of the key."""
    shutil.rmtree(home, ignore_errors=True)
    ready.rename(home)
