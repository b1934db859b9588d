"""Unpack a bundle into a folder that is there whole, verified byte by byte, or not at all."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO

from ..core import disk_space
from ..core.errors import StackError
from ..core.process import Commands, locked
from . import manifest, verify
from .parts import Pieces, find

if TYPE_CHECKING:
    from pathlib import Path

    from .manifest import Manifest, Member

BUILT = "built"


def head(bundle: Path) -> dict[str, Any]:
    """Return what a bundle says of itself, without reading its members. Raises StackError."""
    files = find(bundle)
    with closing(Pieces(files)) as source:
        contents = verify.manifest_of(source)
    paths = [str(file.absolute()) for file in files]
    return {**contents.facts, "digest": contents.digest, "files": paths}


def unpacked(folder: Path, digest: str | None) -> bool:
    """Tell whether the bundle of this digest lies in ``folder``, every file in its length."""
    try:
        text = (folder / manifest.MANIFEST).read_bytes()
        contents = manifest.parse(text)
        return contents.digest == digest and all(
            (folder / member.path).stat().st_size == member.size for member in contents.members
        )
    except (OSError, StackError):
        return False


def unpack(bundle: Path, folder: Path, digest: str | None = None) -> Manifest:
    """Put the members of ``bundle`` below ``folder``. Raises StackError; nothing is left then.

    A ``digest`` is what the bundle must be.
    """
    if digest not in (None, head(bundle)["digest"]):
        raise StackError(
            f"{bundle} is another bundle than the one that was planned with.",
            f"Its digest is {head(bundle)['digest']}, expected {digest}.",
            "Bring the right one, then run again.",
            code="bundle.other-bundle",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(f".{folder.name}.lock")
    with locked(Commands(), lock), closing(Pieces(find(bundle))) as it:
        fresh = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _refuse_without_room(it, folder)
        try:
            contents = verify.read(it, lambda member: _opened(fresh, member))
            (fresh / manifest.MANIFEST).write_bytes(contents.text)
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
        except OSError as error:
            raise StackError(
                f"{bundle.name} could not be unpacked into {folder}.",
                f"{error.filename or folder}: {error.strerror}.",
                "Free the place, then run again; what was there is untouched.",
                code="bundle.not-extracted",
            ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return contents


def _refuse_without_room(source: Pieces, folder: Path) -> None:
    free = disk_space.free_bytes(folder.parent)
    if free < source.size:
        raise StackError(
            f"{folder.parent} has {free >> 20} MiB free.",
            f"The bundle unpacked takes {source.size >> 20} MiB.",
            "Free that much, or choose a prefix on another disk with --prefix.",
            code="disk.full",
        )


def _opened(folder: Path, member: Member) -> BinaryIO:
    path = folder / member.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o755 if member.executable else 0o644)
    return path.open("wb")


def hand_over_wheels(folder: Path, cache: Path) -> list[str]:
    """Copy the wheels that were built before into the cache; return the keys that were new."""
    new = []
    for entry in sorted((folder / BUILT).glob("*")):
        target = cache / entry.name
        if not target.exists():
            fresh = cache / f".{entry.name}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(entry, fresh)
            fresh.rename(target)
            new.append(entry.name)
    return new
