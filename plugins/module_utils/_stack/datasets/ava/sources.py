"""Find the file of a video, and where in it the frames begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core import saved
from ...core.errors import StackError, Unreadable
from .dataset import SUFFIXES, usable_name

if TYPE_CHECKING:
    from pathlib import Path

    from .dataset import Layout

CUT = ".cut.nut"  # a part of a video, its packets and times as they were


@dataclass(frozen=True)
class Source:
    """A video file.

    ``origin_s`` is the time stamp at which the frames begin, in seconds as the container counts;
    None: the second of the data set, counted from the container's start.
    """

    path: Path
    origin_s: float | None = None


def names(tree: Layout) -> dict[str, str]:
    """Return the videos of the official list, file name by id. Raises StackError."""
    try:
        lines = tree.names.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(
            f"{tree.names} cannot be read.",
            str(error),
            "Download it again.",
            code="file.unreadable",
        ) from error
    found = {_stem(line): line for line in lines}
    odd = [line for line in lines if not usable_name(_stem(line))]
    if odd or len(found) < len(lines):
        cause = f"{odd[0]!r} is not the name of a video." if odd else "It names a video twice."
        raise Unreadable(
            f"{tree.names} is not a list of videos.",
            cause,
            "Download it again.",
            code="ava.invalid-list",
        )
    return found


def present(folder: Path) -> dict[str, Path]:
    """Return the video files of a folder, by id. Raises StackError for two of one id."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        video = path.name[: -len(CUT)] if path.name.endswith(CUT) else _stem(path.name)
        if path.name.startswith(".") or video == path.name or not path.is_file():
            continue
        before = found.setdefault(video, path)
        if before != path and not path.name.endswith(CUT):
            if not before.name.endswith(CUT):
                cause = f"{before.name} and {path.name} both give frames named {video}."
                raise StackError(
                    f"{folder} contains {video} twice.",
                    cause,
                    "Move one of them away.",
                    code="ava.duplicate-video",
                )
            found[video] = path  # a complete video is preferred to a part
    return found


def source_of(tree: Layout, video: str, path: Path) -> Source:
    """Return a file with the place where its frames begin. Raises Unreadable."""
    if not path.name.endswith(CUT):
        return Source(path)
    note = cut_note(tree, video)
    origin = saved.read(note, lambda data: float(data["origin_s"]), _AGAIN)
    if origin is None:
        raise Unreadable(
            f"{path} has no {note}.",
            "The file that says where its frames begin is missing.",
            _AGAIN,
            code="record.unreadable",
        )
    return Source(path, origin)


def cut_note(tree: Layout, video: str) -> Path:
    """Return the file that says where in a part of a video the frames begin."""
    return tree.state / "cuts" / f"{video}.json"


def _stem(name: str) -> str:
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


_AGAIN = "Remove the video and download it again."
