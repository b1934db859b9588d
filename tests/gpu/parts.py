"""Split files into folders of limited size, and verify and collect them again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

CONTENTS = "contents.json"


class Failed(Exception):
    """A step that failed: message, cause and hint in one text."""


def pack(files: list[Path], target: Path, limit: int) -> list[Path]:
    """Copy files into folders 01, 02 ... of at most ``limit`` bytes each, with a list of all files.

    Raise Failed for a larger file.
    """
    contents = {path.name: {"size": path.stat().st_size, "sha256": digest(path)} for path in files}
    shutil.rmtree(target, ignore_errors=True)
    folders: list[list[Path]] = []
    free: list[int] = []
    for path in sorted(files, key=lambda path: -path.stat().st_size):
        size = path.stat().st_size
        if size > limit:
            raise Failed(
                f"{path.name} has {size} bytes, and the limit is {limit}. Pass a larger --size."
            )
        number = next((place for place, left in enumerate(free) if left >= size), len(free))
        if number == len(free):
            folders.append([])
            free.append(limit)
        folders[number].append(path)
        free[number] -= size
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
    """Store the files of the folder ``source``, or of its subfolders; return the missing names.

    Raise Failed where there are no files, or a file does not have its digest.
    """
    lists = sorted(source.glob(CONTENTS)) + sorted(source.glob(f"*/{CONTENTS}"))
    if not lists:
        raise Failed(f"{source} holds no files of `prepare`. Copy .gpu/01 and so on.")
    kept.mkdir(parents=True, exist_ok=True)
    for path in lists:
        _require_same_set(path, kept)
        contents = json.loads(path.read_text(encoding="utf-8"))
        for file in path.parent.iterdir():
            if file.name in contents and not (kept / file.name).is_file():
                _keep(file, kept, contents[file.name]["sha256"])
    return missing(kept)


def missing(kept: Path) -> list[str]:
    """Return the names of listed files that are not stored yet."""
    contents = json.loads((kept / CONTENTS).read_text(encoding="utf-8"))
    return [name for name in contents if not (kept / name).is_file()]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        found = hashlib.sha256()
        while chunk := stream.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def _require_same_set(path: Path, kept: Path) -> None:
    """Remove the stored files where ``path`` lists a different set of files."""
    known = kept / CONTENTS
    if known.is_file() and known.read_bytes() == path.read_bytes():
        return
    if not known.is_file() and any(kept.iterdir()):
        raise Failed(f"{kept} belongs to another program. Pass another folder with --kept.")
    shutil.rmtree(kept)
    kept.mkdir()
    shutil.copyfile(path, known)


def _keep(file: Path, kept: Path, sha256: str) -> None:
    fresh = kept / f".{file.name}.new"
    shutil.copyfile(file, fresh)
    if digest(fresh) != sha256:
        fresh.unlink()
        raise Failed(f"{file} is damaged: its SHA-256 differs. Copy it again.")
    fresh.replace(kept / file.name)
