"""What was done to a tree: the originals and a list of hashes, in a folder that git ignores."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ..core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import ReadableTree, Tree

FOLDER = ".slowfast-stack"
SCHEMA = 1


@dataclass
class FileRecord:
    """SHA-256 of a file before (None: it did not exist) and after, and the patches between."""

    before: str | None
    after: str
    patches: list[str]


@dataclass
class Record:
    """All files that patches have changed in one tree."""

    component: str
    commit: str | None = None
    files: dict[str, FileRecord] = field(default_factory=dict)

    def original(self, tree: ReadableTree, path: str) -> bytes | None:
        """Return the bytes that a file had before its first patch; None if it was created."""
        before = self.files[path].before
        if before is None:
            return None
        data = tree.read(f"{FOLDER}/originals/{before}")
        if data is None or sha256(data) != before:
            raise StackError(
                f"The kept original of {path} is missing or damaged; nothing was changed.",
                f"{FOLDER}/originals/{before} does not hold the bytes with that SHA-256.",
                "Restore the file from version control or install the package again.",
            )
        return data


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def load(tree: ReadableTree, component: str) -> Record:
    """Read the record of a tree; an empty one where nothing was patched yet."""
    data = tree.read(f"{FOLDER}/record.json")
    if data is None:
        return Record(component)
    try:
        stored = json.loads(data)
        files = {path: FileRecord(**entry) for path, entry in stored["files"].items()}
        return Record(stored["component"], stored["commit"], files)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StackError(
            f"{FOLDER}/record.json cannot be read; nothing was changed.",
            f"It is no record of patches: {error}.",
            f"Restore the tree from version control and remove {FOLDER}.",
        ) from error


def save(tree: Tree, record: Record, originals: Iterable[bytes | None]) -> None:
    """Keep each original that the record names under its own hash, then write the record."""
    named = {entry.before for entry in record.files.values()}
    tree.write(f"{FOLDER}/.gitignore", b"*\n")
    for data in originals:
        if data is not None and sha256(data) in named:
            _keep(tree, data)
    stored = {"schema": SCHEMA, **asdict(record)}
    tree.write(f"{FOLDER}/record.json", (json.dumps(stored, indent=2) + "\n").encode())


def _keep(tree: Tree, data: bytes) -> None:
    path = f"{FOLDER}/originals/{sha256(data)}"
    if tree.read(path) != data:
        tree.write(path, data)
