"""Copy an artifact between hosts: one archive, used only after every file is verified."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from typing import TYPE_CHECKING

from ..core import archives
from ..core.errors import StackError
from ..core.files import sha256_of
from ..core.process import locked
from .archive import require_intact
from .cache import find_or_say, load, move_into_place
from .key import key_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.process import Commands
    from .cache import Artifact, Recipe


def export_archive(artifact: Artifact, archive: Path) -> None:
    """Write an artifact with its manifest into a compressed tar archive."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as packed:
        packed.add(artifact.folder, artifact.folder.name)


def import_archive(
    commands: Commands, cache: Path, recipe: Recipe, archive: Path, sha256: str | None = None
) -> str | None:
    """Import the artifact of ``recipe`` and remove the archive; return why it was refused, or None.

    It is imported where it has the key of ``recipe``, and every file has the SHA-256 of its
    manifest, and where the archive has the ``sha256`` that the controller vouches for. Nothing in it
    is run to find that out.
    """
    key, staging = key_of(recipe.inputs), archive.with_name(f"{archive.name}.unpacked")
    refused = None
    with locked(commands, cache / f"{key}.lock"):
        try:
            _require_digest(archive, sha256)
            require_intact(archive, key)
            archives.unpack(archive, staging)
            if load(staging, key) is None:
                refused = "Its files do not match its manifest and its key."
            else:
                recipe.examine(staging)
                if find_or_say(cache, key) is None:
                    move_into_place(staging, cache / key)
        except StackError as error:
            refused = f"{error.message} {error.cause}"
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            refused = f"It cannot be unpacked: {error}"
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            archive.unlink(missing_ok=True)
    return refused and f"The artifact imported for key {key} is not used. {refused}"


def _require_digest(archive: Path, sha256: str | None) -> None:
    found = sha256_of(archive) if sha256 else None
    if found != sha256:
        raise StackError(
            "The archive is not the one that the controller sent.",
            f"Its SHA-256 is {found}, expected {sha256}.",
            "It was removed; another one is built.",
            code="artifact.refused",
        )
