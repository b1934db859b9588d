"""A built FFmpeg as one archive: from the host that built it to others of the same key."""

from __future__ import annotations

import json
import secrets
import shutil
import tarfile
import zlib
from typing import TYPE_CHECKING

from ..core import archives
from ..core.errors import StackError
from ..core.process import locked
from . import ffmpeg_capabilities
from .build_ffmpeg import RECORD, digests, find
from .build_wheel import key_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.process import Commands
    from .build_ffmpeg import Recipe


def parcel(cache: Path) -> Path:
    """Return a file of the cache for an archive on its way; no other run uses it."""
    return cache / f"parcel-{secrets.token_hex(4)}.tar.gz"


def pack(home: Path, archive: Path) -> None:
    """Write the folder of a build into an archive."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as packed:
        packed.add(home, home.name)


def adopt(commands: Commands, cache: Path, recipe: Recipe, archive: Path) -> str | None:
    """Take the build of this key out of an archive, which goes; return why not, or None.

    It is taken where every file is what its record says and it runs here with all that is wanted.
    """
    key = key_of(recipe.facts)
    arriving = archive.with_name(f"{archive.name}.unpacked")
    with locked(commands, cache / f"{key}.lock") as held:
        try:
            archives.unpack(archive, arriving)
            cause = _wrong(held, arriving, recipe)
            if cause is None and find(cache, recipe.facts) is None:
                shutil.rmtree(cache / key, ignore_errors=True)
                arriving.rename(cache / key)
        except (OSError, EOFError, zlib.error, tarfile.TarError, StackError) as error:
            cause = f"it cannot be unpacked: {error}"
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
            if archive.exists():
                archive.unlink()
    return cause and f"The FFmpeg brought for key {key} is not used: {cause}"


def _wrong(commands: Commands, home: Path, recipe: Recipe) -> str | None:
    """Say what keeps an unpacked build from being used here, or None."""
    try:
        record = json.loads((home / RECORD).read_text(encoding="utf-8"))
        if record["facts"] != recipe.facts or record["files"] != digests(home):
            return "it is not what its record says."
        ffmpeg_capabilities.require(commands, home / "bin" / "ffmpeg", recipe.plan["wanted"])
    except (OSError, ValueError, KeyError):
        return "it has no record."
    except StackError as error:
        return f"{error.message} {error.cause}"
    return None
