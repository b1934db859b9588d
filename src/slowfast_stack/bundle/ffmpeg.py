"""Download the sources of the planned FFmpeg, each from the first location that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import archives
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from slowfast_stack.bundle import sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
        DownloadPlan,
    )


def download(name: str, locations: Sequence[DownloadPlan], folder: Path) -> tuple[Path, str]:
    """Return the file of a source and its path in the bundle. Raises StackError."""
    failures = []
    for location in locations:
        try:
            return _download(location, folder)
        except StackError as error:
            failures.append(f"{error.message} {error.cause}".strip())
    raise StackError(
        f"The source of {name} could not be downloaded.",
        " ".join(failures),
        f"Check the network, or name a copy with --source {name}=PLACE; then run again.",
        code="ffmpeg.no-source",
    )


def _download(location: DownloadPlan, folder: Path) -> tuple[Path, str]:
    if location.origin == "git":
        packed = sources.pack(location.url or "", location.commit or "", folder)
        return packed, f"sources/{packed.name}"
    sha256 = location.sha256 or ""
    kept = folder / sha256
    kept.mkdir(parents=True, exist_ok=True)
    if location.origin == "debian":
        package, suite = location.package or "", location.suite or ""
        found = archives.from_debian(Commands(), package, suite, sha256, kept)
    else:
        found = archives.fetch(location.url or "", sha256, kept)
    return found, f"sources/{sha256}{found.name[found.name.rindex('.tar') :]}"
