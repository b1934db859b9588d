"""Bring what the FFmpeg of a plan is made of, each from the first of its places that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import archives
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from slowfast_stack.bundle import sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def bring(name: str, places: Sequence[Mapping[str, Any]], folder: Path) -> tuple[Path, str]:
    """Return the file of a source and its path in a bundle. Raises StackError."""
    failures = []
    for place in places:
        try:
            return _bring(place, folder)
        except StackError as error:
            failures.append(f"{error.message} {error.cause}".strip())
    raise StackError(
        f"The source of {name} could not be had.",
        " ".join(failures),
        f"Check the network, or name a copy with --source {name}=PLACE; then run again.",
        code="ffmpeg.no-source",
    )


def _bring(place: Mapping[str, Any], folder: Path) -> tuple[Path, str]:
    if place["origin"] == "git":
        packed = sources.pack(place, folder)
        return packed, f"sources/{packed.name}"
    sha256 = place["sha256"]
    kept = folder / sha256
    kept.mkdir(parents=True, exist_ok=True)
    if place["origin"] == "debian":
        found = archives.from_debian(Commands(), place["package"], place["suite"], sha256, kept)
    else:
        found = archives.fetch(place["url"], sha256, kept)
    return found, f"sources/{sha256}{found.name[found.name.rindex('.tar') :]}"
