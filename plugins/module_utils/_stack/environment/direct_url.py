"""Where an installed package comes from, as its ``direct_url.json`` (PEP 610) says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import StackError, Unreadable, reason
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
    path = info / FILE
    try:
        found = mapping(json.loads(path.read_text(encoding="utf-8")), FILE)
        folder = mapping(found.get("dir_info") or {}, "dir_info")
        return DirectUrl(text(found.get("url"), "url"), bool(folder.get("editable")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, StackError) as error:
        hint = f"Install the package of {info.name} again."
        raise Unreadable(
            f"{path} cannot be read.", reason(error), hint, code="record.unreadable"
        ) from error
