"""Read the packages that conda installed, from its own records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import names
from ..core.errors import StackError
from ..core.validation import mapping, parse_json
from .model import Installed, Part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDS = "conda-meta"


def installed(env: Path, label: str) -> Iterator[Installed]:
    """Yield the packages of a conda environment by name; its paths in the stack begin with ``label``.

    A record that cannot be read is left out: its files belong to no package then.
    """
    for path in sorted((env / RECORDS).glob("*.json")):
        try:
            found = mapping(parse_json(names.read_regular(path)), path.name)
        except (OSError, ValueError, StackError):
            continue
        texts = {key: _text(found.get(key)) for key in ("name", "version", "license", "sha256")}
        channel = "/".join(filter(None, (_text(found.get("channel")), _text(found.get("subdir")))))
        part = Part(
            f"conda {label} {path.name[: -len('.json')]}",
            "conda",
            texts["name"],
            texts["version"],
            licenses=(texts["license"],) if texts["license"] else (),
            origin=f"{channel}#{_text(found.get('build'))}",
            sha256=texts["sha256"],
        )
        files = found.get("files")
        rows = files if isinstance(files, list) else ()
        yield Installed(part, tuple(f"{label}/{row}" for row in rows if isinstance(row, str)))


def _text(value: object) -> str:
    return value[:1024] if isinstance(value, str) else ""
