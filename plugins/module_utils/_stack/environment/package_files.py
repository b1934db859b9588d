"""The files that a package lists in its RECORD, compared with those that are there."""

from __future__ import annotations

import base64
import csv
import hashlib
from typing import TYPE_CHECKING

from ..core.names import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .stack_files import Files


def listed(text: str) -> Iterator[tuple[str, str]]:
    """Yield path and digest of a package's own files, from the text of its RECORD.

    Left out are the metadata folder and whatever installing makes: scripts and compiled copies.
    """
    for row in csv.reader(text.splitlines()):
        path, digest = (*row, "", "")[:2]
        made = ".dist-info/" in path or path.startswith("..") or path.endswith(".pyc")
        if digest and not made:
            yield path, digest


def content(files: Files, site: str, listing: Path) -> str | None:
    """Return the SHA-256 over paths and digests of the files that a list names, as they are now.

    ``site`` is the path of their folder below that of the stack. None where the list is missing.
    """
    try:
        text = listing.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    own = sorted(f"{path} {_digest(files, f'{site}/{path}')}" for path, _was in listed(text))
    return hashlib.sha256("\n".join(own).encode()).hexdigest()


def _digest(files: Files, path: str) -> str:
    """Return the digest of a file as a RECORD writes it."""
    row = files.rows.get(path)
    if row is None or not row.sha256:
        return "absent"
    encoded = base64.urlsafe_b64encode(bytes.fromhex(row.sha256)).decode().rstrip("=")
    return f"sha256={encoded}"


def unlike_wheel(stack: Path, files: Files) -> dict[str, list[str]]:
    """Return the files of each package that differ from what its wheel lists, by path.

    Damage of uv's cache reaches every environment that is installed from it.
    """
    found: dict[str, list[str]] = {}
    for listing in sorted((stack / "env").glob("lib/python*/site-packages/*.dist-info/RECORD")):
        site = listing.parent.parent.relative_to(stack)
        name = listing.parent.name.partition("-")[0]
        text = read_regular(listing).decode("utf-8", "replace")
        wrong = [
            f"{site}/{path}"
            for path, digest in listed(text)
            if digest.startswith("sha256=") and _digest(files, f"{site}/{path}") != digest
        ]
        if wrong:
            found[name] = wrong
    return found
