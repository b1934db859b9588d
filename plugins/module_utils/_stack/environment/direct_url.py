"""Where an installed package comes from, as its ``direct_url.json`` (PEP 610) says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import saved
from ..core.validation import mapping, text

if TYPE_CHECKING:
    from pathlib import Path

FILE = "direct_url.json"


class DirectUrl(NamedTuple):
    """The address that a package was installed from; ``editable`` as a source tree in place."""

    url: str
    editable: bool


def read(info: Path) -> DirectUrl | None:
    """Return what a metadata folder says; None for a package of an index. Raises ``Unreadable``."""
    return saved.read(info / FILE, _parse, f"Install the package of {info.name} again.")


def _parse(found: dict[str, Any]) -> DirectUrl:
    folder = mapping(found.get("dir_info") or {}, "dir_info")
    return DirectUrl(text(found.get("url"), "url"), bool(folder.get("editable")))
