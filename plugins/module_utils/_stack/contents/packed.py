"""Pack the contents of a stack into one short text, and read such a text of a host."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import Any

from ..core import names, validation
from ..core.construct import construct, plain
from ..core.errors import StackError
from ..core.names import shortened
from ..core.validation import bad
from .model import Contents, File, Library, Part, SystemPackage, short

SCHEMA = 1
# A stack has 28,000 files, which take 5 MiB; packed, they take 1.6 MiB.
_LARGEST, _PACKED = 32 << 20, 16 << 20  # bytes


def pack(contents: Contents) -> str:
    """Return contents as one short text. Raises ``StackError`` where that is too large."""
    parts = {part.id: n for n, part in enumerate(contents.parts)}
    data = {
        "schema": SCHEMA,
        "recorded": contents.recorded,
        "parts": plain(contents.parts),
        "files": [[each.path, parts[each.part], each.sha256, each.link] for each in contents.files],
        "libraries": plain(contents.libraries),
        "system": plain(contents.system),
        "notes": list(contents.notes),
    }
    text = json.dumps(data, separators=(",", ":")).encode()
    packed = base64.b85encode(zlib.compress(text, 6)).decode()
    if len(text) > _LARGEST or len(packed) > _PACKED:
        raise _too_large(f"It has {len(contents.files)} files.")
    return packed


def require_packed(value: object) -> str:
    """Return packed contents, not looked into yet. Raises ``StackError`` for anything else."""
    if not isinstance(value, str) or len(value) > _PACKED:
        raise bad("contents", "what the module `contents` returns", shortened(value))
    return value


def file_of(host: str) -> str:
    """Return the name of the file on the controller that has the contents of a host."""
    return hashlib.sha256(host.encode()).hexdigest()


def unpack(text: str) -> Contents:
    """Return what ``pack`` packed, all of it checked. Raises ``StackError``."""
    data = validation.mapping(_parsed(text), "contents")
    if validation.count(data.get("schema"), "contents.schema") != SCHEMA:
        raise bad("contents.schema", str(SCHEMA), shortened(data["schema"]))
    parts: tuple[Part, ...] = tuple(
        construct(Part, row, f"parts[{n}]")
        for n, row in enumerate(validation.items(data.get("parts"), "parts"))
    )
    rows = validation.items(data.get("files"), "files")
    libraries = validation.mapping(data.get("libraries"), "libraries")
    system = validation.items(data.get("system"), "system")
    return Contents(
        validation.count(data.get("recorded"), "recorded"),
        _unique(parts),
        tuple(_file(row, parts, f"files[{n}]") for n, row in enumerate(rows)),
        {path: construct(Library, row, f"libraries.{path}") for path, row in libraries.items()},
        tuple(construct(SystemPackage, row, f"system[{n}]") for n, row in enumerate(system)),
        tuple(short(row, "notes") for row in validation.items(data.get("notes"), "notes")),
    )


def _parsed(text: str) -> Any:  # noqa: ANN401  (JSON has all types)
    reader = zlib.decompressobj()
    try:
        raw = reader.decompress(base64.b85decode(text), _LARGEST)
        if reader.unconsumed_tail:
            raise _too_large("It unpacks to more than 32 MiB.")
        if not reader.eof:
            raise ValueError("it is cut off")  # noqa: TRY301
        return validation.parse_json(raw)
    except (ValueError, zlib.error) as error:
        raise bad("contents", "what the module `contents` returns", "damaged") from error


def _too_large(cause: str) -> StackError:
    return StackError(
        "The contents of the stack are too large.",
        cause,
        "Look for a folder in the stack that does not belong there, such as a data set.",
        code="contents.too-large",
    )


def _unique(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    if len({part.id for part in parts}) != len(parts):
        raise bad("parts", "parts with different ids", len(parts))
    return parts


def _file(row: object, parts: tuple[Part, ...], where: str) -> File:
    """Return a row of the table of files."""
    if not isinstance(row, list) or len(row) != len(File._fields):
        raise bad(where, "a path, a part, a digest and a link", shortened(row))
    path, number, digest, link = row
    if validation.count(number, where) >= len(parts):
        raise bad(where, "the number of a part", number)
    if digest:
        names.sha256(digest, where)
    return File(short(path, where), parts[number].id, str(digest), short(link, where))
