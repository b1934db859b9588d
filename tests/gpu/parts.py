"""Folders that are carried one by one: packed to a size, verified, and put together again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

CONTENTS = "contents.json"


class Failed(Exception):
    """What went wrong, why, and what to do next, in one text."""


def pack(files: list[Path], target: Path, limit: int) -> list[Path]:
    """Copy files into folders 01, 02 ... of at most ``limit`` bytes each, with a list of all.

    Raises Failed for a file that is larger than that.
    """
    contents = {path.name: {"size": path.stat().st_size, "sha256": digest(path)} for path in files}
    shutil.rmtree(target, ignore_errors=True)
    folders: list[list[Path]] = []
    room: list[int] = []
    for path in sorted(files, key=lambda path: -path.stat().st_size):
        size = path.stat().st_size
        if size > limit:
            raise Failed(
                f"{path.name} has {size} bytes, and a folder carries {limit}. Give a larger --size."
            )
        number = next((place for place, left in enumerate(room) if left >= size), len(room))
        if number == len(room):
            folders.append([])
            room.append(limit)
        folders[number].append(path)
        room[number] -= size
    made = []
    for number, members in enumerate(folders, 1):
        folder = target / f"{number:02d}"
        folder.mkdir(parents=True)
        (folder / CONTENTS).write_text(json.dumps(contents, indent=1), encoding="utf-8")
        for path in members:
            shutil.copyfile(path, folder / path.name)
        made.append(folder)
    return made


def collect(source: Path, kept: Path) -> list[str]:
    """Keep what the folder ``source`` or those in it brought; return the names still missing.

    Raises Failed where nothing was brought, or a file is not what was packed.
    """
    lists = sorted(source.glob(CONTENTS)) + sorted(source.glob(f"*/{CONTENTS}"))
    if not lists:
        raise Failed(f"{source} holds nothing that `prepare` wrote. Bring .gpu/01 and so on.")
    kept.mkdir(parents=True, exist_ok=True)
    for path in lists:
        _same_carriage(path, kept)
        contents = json.loads(path.read_text(encoding="utf-8"))
        for brought in path.parent.iterdir():
            if brought.name in contents and not (kept / brought.name).is_file():
                _keep(brought, kept, contents[brought.name]["sha256"])
    return missing(kept)


def missing(kept: Path) -> list[str]:
    """Return the names of what was packed and is not here."""
    contents = json.loads((kept / CONTENTS).read_text(encoding="utf-8"))
    return [name for name in contents if not (kept / name).is_file()]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        found = hashlib.sha256()
        while chunk := stream.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def _same_carriage(path: Path, kept: Path) -> None:
    """Begin anew where ``path`` lists another carriage than the one that is kept."""
    known = kept / CONTENTS
    if known.is_file() and known.read_bytes() == path.read_bytes():
        return
    if not known.is_file() and any(kept.iterdir()):
        raise Failed(f"{kept} belongs to something else. Give another folder with --kept.")
    shutil.rmtree(kept)
    kept.mkdir()
    shutil.copyfile(path, known)


def _keep(brought: Path, kept: Path, sha256: str) -> None:
    fresh = kept / f".{brought.name}.new"
    shutil.copyfile(brought, fresh)
    if digest(fresh) != sha256:
        fresh.unlink()
        raise Failed(f"{brought} is not what was packed: its SHA-256 differs. Bring it again.")
    fresh.replace(kept / brought.name)
