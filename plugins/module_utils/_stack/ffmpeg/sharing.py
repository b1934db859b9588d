"""A built FFmpeg as one archive: from the host that built it to others of the same key."""

from __future__ import annotations

import json
import secrets
import shutil
import tarfile
import zlib
from typing import TYPE_CHECKING

from .. import archives
from ..building.wheel_cache import key_of
from ..commands import locked
from ..errors import StackError
from . import lists
from .build import RECORD, digests, find

if TYPE_CHECKING:
    from pathlib import Path

    from ..commands import Commands
    from .build import Recipe


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
            why = _wrong(held, arriving, recipe)
            if why is None and find(cache, recipe.facts) is None:
                shutil.rmtree(cache / key, ignore_errors=True)
                arriving.rename(cache / key)
        except (OSError, EOFError, zlib.error, tarfile.TarError, StackError) as error:
            why = f"it cannot be unpacked: {error}"
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
            if archive.exists():
                archive.unlink()
    return why and f"The FFmpeg brought for key {key} is not used: {why}"


def _wrong(commands: Commands, home: Path, recipe: Recipe) -> str | None:
    """Say what keeps an unpacked build from being used here, or None."""
    try:
        record = json.loads((home / RECORD).read_text(encoding="utf-8"))
        if record["facts"] != recipe.facts or record["files"] != digests(home):
            return "it is not what its record says."
        lists.require(commands, home / "bin" / "ffmpeg", recipe.plan["wanted"])
    except (OSError, ValueError, KeyError):
        return "it has no record."
    except StackError as error:
        return f"{error.what} {error.why}"
    return None
