"""Extract a bundle into a folder that appears complete and verified, or not at all."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO

from ..artifacts.cache import find as find_artifact
from ..core import names
from ..core.disk_space import free_bytes
from ..core.errors import StackError
from ..core.files import fresh_folder, locked, replace_folder, sha256_of
from ..core.signatures import Subject
from . import manifest, verify
from .parts import PartReader, common_path, find

if TYPE_CHECKING:
    from pathlib import Path

    from .manifest import Manifest, Member

BUILT = "built"


def head(bundle: Path) -> Manifest:
    """Return the manifest of a bundle; its members are not read. Raises ``StackError``."""
    with closing(PartReader(find(bundle))) as source:
        return verify.read_manifest(source)


def facts(bundle: Path, contents: Manifest) -> dict[str, object]:
    """Return the facts of a bundle with its ``digest`` and ``files``. Raises ``StackError``."""
    paths = [str(file.absolute()) for file in find(bundle)]
    return {**contents.facts, "digest": contents.digest, "files": paths}


def subject(bundle: Path, contents: Manifest) -> Subject:
    """Return what is signed of a bundle: its digest, which covers every byte."""
    return Subject("bundle", common_path(bundle), contents.digest, contents.size)


def is_extracted(folder: Path, digest: str | None) -> bool:
    """Return whether ``folder`` has the bundle of this digest, with each file in its size.

    Each is a regular file inside of the folder; a program also has its SHA-256.
    """
    try:
        text = names.read_regular(folder / manifest.MANIFEST, verify.MANIFEST_LIMIT)
        contents = manifest.parse(text)
        return contents.digest == digest and all(
            _is_intact(folder, member) for member in contents.members
        )
    except (OSError, StackError):
        return False


def _is_intact(folder: Path, member: Member) -> bool:
    path = names.inside(folder, member.path)
    same = path.stat().st_size == member.size
    return same and (not member.executable or sha256_of(path) == member.sha256)


def extract(bundle: Path, folder: Path, digest: str) -> Manifest:
    """Verify a bundle and write its members below ``folder``, which is replaced by one rename.

    ``digest`` is what the bundle must have. Raises ``StackError``; the folder is unchanged then.
    """
    # It is opened once: what is written are the bytes that have the digest.
    with closing(PartReader(find(bundle))) as source:
        contents = verify.read_manifest(source, digest)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.with_name(f".{folder.name}.lock")):
            _replace(source, contents, folder)
    return contents


def _replace(source: PartReader, contents: Manifest, folder: Path) -> None:
    fresh = fresh_folder(folder)
    _require_space(source, folder)
    try:
        verify.read_members(source, contents, lambda member: _create(fresh, member))
        (fresh / manifest.MANIFEST).write_bytes(contents.text)
        replace_folder(fresh, folder)
    except OSError as error:
        raise StackError(
            f"{source.files[0].name} could not be extracted into {folder}.",
            f"{error.filename or folder}: {error.strerror}.",
            "Free disk space or correct the permissions, then run again.",
            code="bundle.not-extracted",
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _require_space(source: PartReader, folder: Path) -> None:
    free = free_bytes(folder.parent)
    if free < source.size:
        raise StackError(
            f"{folder.parent} has only {free >> 20} MiB of free disk space.",
            f"The extracted bundle needs {source.size >> 20} MiB.",
            "Free that much, or choose a prefix on another disk with --prefix.",
            code="disk.full",
        )


def _create(folder: Path, member: Member) -> BinaryIO:
    path = folder / member.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o755 if member.executable else 0o644)
    return path.open("wb")


def copy_built_wheels(folder: Path, cache: Path) -> list[str]:
    """Copy the built wheels of an extracted bundle into the cache; return the keys that were new.

    One that is not the artifact of its key, with each file as its manifest says, is left out.
    """
    new = []
    for entry in sorted((folder / BUILT).glob("*")):
        target = cache / entry.name
        if not find_artifact(folder / BUILT, entry.name):
            continue
        # The lock of its key, as for a build.
        with locked(cache / f"{entry.name}.lock"):
            fresh = fresh_folder(target)
            if not target.exists():
                shutil.copytree(entry, fresh)
                fresh.rename(target)
                new.append(entry.name)
    return new
