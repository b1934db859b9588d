"""The record of applied patches: originals and hashes, in a folder of the tree that git ignores."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ..core import names
from ..core.errors import StackError, reason
from ..core.validation import (
    InvalidValueError,
    bad,
    count,
    items,
    mapping,
    one_of,
    parse_json,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import ReadableTree, Tree

FOLDER = ".slowfast-stack"
FILE = f"{FOLDER}/record.json"
SCHEMA = 2


@dataclass
class FileRecord:
    """SHA-256 of a file before (None: it did not exist) and after its patches, and their ids."""

    before: str | None
    after: str
    patches: list[str]


@dataclass
class Record:
    """All files of one tree that patches have changed."""

    component: str
    commit: str | None = None
    files: dict[str, FileRecord] = field(default_factory=dict)

    def original(self, tree: ReadableTree, path: str) -> bytes | None:
        """Return the content before the first patch, None if the file was created.

        Raises ``StackError`` for an original that is missing or damaged.
        """
        before = self.files[path].before
        if before is None:
            return None
        data = tree.read(f"{FOLDER}/originals/{before}")
        if data is None or sha256(data) != before:
            raise StackError(
                f"The saved original of {path} is missing or damaged; nothing was changed.",
                f"{FOLDER}/originals/{before} does not have that SHA-256.",
                "Restore the file from version control or install the package again.",
                code="patches.damaged-original",
            )
        return data


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def load(tree: ReadableTree, component: str) -> Record:
    """Read the record of a tree, an empty one if nothing was patched yet. Raises ``StackError``."""
    data = tree.read(FILE)
    if data is None:
        return Record(component)
    try:
        if len(data) > names.RECORD_LIMIT:
            raise ValueError("It is too large.")  # noqa: TRY301
        stored = parse_json(data)
        schema = count(mapping(stored, FILE).get("schema"), "schema")
        if schema > SCHEMA:
            raise _newer(schema)
        rows = mapping(stored["files"], "files")
        files = {_path(path): _file_record(entry, f"files.{path}") for path, entry in rows.items()}
        commit = _optional_text(stored["commit"], "commit")
        one_of(stored["component"], "component", (component,))
        return Record(component, commit, files)
    except (ValueError, KeyError, InvalidValueError) as error:
        raise StackError(
            f"{FILE} cannot be read; nothing was changed.",
            f"It is not a record of patches. {reason(error)}",
            f"Restore the tree from version control and remove {FOLDER}.",
            code="patches.damaged-record",
        ) from error


def _path(value: str) -> str:
    """Return the path of a source file inside of the tree. Raises ``StackError``."""
    path = names.relative_path(value, "files")
    if any(part.startswith(".") for part in path.split("/")):
        raise bad("files", "a path without hidden folders", names.shortened(value))
    return path


def _file_record(value: object, where: str) -> FileRecord:
    entry = mapping(value, where)
    # The first schema had another key.
    patches = items(entry["repairs"] if "repairs" in entry else entry["patches"], where)
    return FileRecord(
        None if entry["before"] is None else names.sha256(entry["before"], where),
        names.sha256(entry["after"], where),
        [text(name, where) for name in patches],
    )


def _optional_text(value: object, where: str) -> str | None:
    return None if value is None else text(value, where)


def _newer(schema: int) -> StackError:
    return StackError(
        f"{FILE} was written by a newer version; nothing was changed.",
        f"Its schema is {schema}; this version reads up to {SCHEMA}.",
        "Upgrade slowfast.stack, or undo the patches with the version that applied them.",
        code="record.unsupported-schema",
    )


def save(tree: Tree, record: Record, originals: Iterable[bytes | None]) -> None:
    """Save the originals that the record names, each under its SHA-256, then write the record."""
    named = {entry.before for entry in record.files.values()}
    tree.write(f"{FOLDER}/.gitignore", b"*\n")
    for data in originals:
        if data is not None and sha256(data) in named:
            _keep(tree, data)
    stored = {"schema": SCHEMA, **asdict(record)}
    tree.write(FILE, (json.dumps(stored, indent=2) + "\n").encode())


def _keep(tree: Tree, data: bytes) -> None:
    path = f"{FOLDER}/originals/{sha256(data)}"
    if tree.read(path) != data:
        tree.write(path, data)
