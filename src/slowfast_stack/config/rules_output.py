"""Rules on what a run writes: the folder of its checkpoints and log, of TensorBoard, of results."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from slowfast_stack.config import usage
from slowfast_stack.config.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.rules_files import Rule

_MOUNTS = Path("/proc/self/mounts")
# File systems of the kernel, where even root creates no folder.
_KERNEL = frozenset({"proc", "sysfs", "devpts", "securityfs", "debugfs", "tracefs", "bpf"})


def folders(read: Content, here: Path) -> Iterator[Finding]:
    """Refuse folders that cannot be created or written."""
    if not (usage.runs(read) or read.get("DEMO.ENABLE")):
        return
    output, key = here / read.get("OUTPUT_DIR"), "OUTPUT_DIR"
    places = [(key, output)]
    if usage.trains(read):
        places.append((key, output / "checkpoints"))
    if read.get("TENSORBOARD.ENABLE"):
        named = read.get("TENSORBOARD.LOG_DIR")
        place = named or f"runs-{read.get('TRAIN.DATASET')}"
        places.append(("TENSORBOARD.LOG_DIR" if named else key, output / place))
    for name, place in places:
        if why := refusal(place):
            message = f"{place} cannot be written: {why}; upstream stops."
            yield Finding("output-folder", name, message, "A folder that this user may write.")
            return


def refusal(folder: Path) -> str:
    """Return why a folder cannot be created or written in; an empty text where it can."""
    try:
        place = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
        place = place.resolve(strict=True)
        free = os.statvfs(place)
    except OSError as error:
        return error.strerror or "it cannot be read"
    if not place.is_dir():
        return f"{place} is not a folder"
    if free.f_flag & os.ST_RDONLY or _file_system(place) in _KERNEL:
        return f"{place} is on a file system that cannot be written"
    return "" if os.access(place, os.W_OK | os.X_OK) else f"this user may not write in {place}"


def _file_system(place: Path) -> str:
    """Return the type of the file system of a folder, an empty text where that is not known."""
    try:
        rows = [line.split() for line in _MOUNTS.read_text(errors="replace").splitlines()]
    except OSError:
        return ""
    holders = {str(path) for path in (place, *place.parents)}
    found = [(len(row[1]), row[2]) for row in rows if len(row) > 2 and row[1] in holders]  # noqa: PLR2004
    return max(found, default=(0, ""))[1]


def results(read: Content, here: Path) -> Iterator[Finding]:
    """Look for the folder of the results of a test."""
    named, key = read.get("TEST.SAVE_RESULTS_PATH"), "TEST.SAVE_RESULTS_PATH"
    clips = read.get("TEST.ENABLE") and not read.get("DETECTION.ENABLE")
    output = here / read.get("OUTPUT_DIR")
    path = output / named
    right = Path(named).name
    if not (clips and named):
        return
    if path.parent != output and not path.parent.is_dir():
        message = f"There is no folder {path.parent}; the test stops when it is done."
        yield Finding("missing-folder", key, message, right, set={key: right})
    elif path.is_dir() or path == output / "checkpoints":
        message = f"{path} is a folder; the test stops when it is done."
        yield Finding("output-folder", key, message, "The name of a file.")
    elif path.parent != output and (why := refusal(path.parent)):
        message = f"{path} cannot be written: {why}; the test stops when it is done."
        yield Finding("output-folder", key, message, right, set={key: right})


RULES: tuple[Rule, ...] = (folders, results)
