"""The frames of one video in one pass: whole and verified under their name, or not there.

One pass is sharper and better in time than upstream's cut with re-encoding, and exact in count;
`-q:v 1` and the name pattern are upstream's (slowfast/datasets/DATASET.md).
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from ...core import disk_space
from ...core.errors import StackError
from . import frames, manifest
from .dataset import FPS
from .media import BrokenVideo, Tools, probe
from .results import NEW, THERE, Item

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from ...core.process import Commands, Finished
    from .dataset import DataSet, Layout
    from .sources import Source

# Each frame is the source frame that is nearest in time. The fps filter alone changes to a source
# frame 1/60 s before its time, which is half a step too early or late at other rates than 30; a
# fine time base keeps the shift where a container counts in whole frames (AVI).
NEAREST = (
    "settb=1/720000,setpts='if(between(FR,10,120),PTS-(0.5/FR-1/60)/TB,PTS)',"
    f"fps={FPS}:start_time=0"
)
_PROGRESS = re.compile(r"^[a-z0-9_]+= *\S*$")  # the lines of -progress


@dataclass(frozen=True)
class Order:
    """The frames to have: of which video, how many (None: all that it gives), from which file.

    ``replace`` allows to put new frames in the place of a folder that is not as ordered.
    """

    video: str
    frames: int | None
    source: Source | None
    replace: bool = False
    threads: int = 1


def extract(
    commands: Commands,
    tools: Tools,
    tree: Layout,
    numbers: DataSet,
    order: Order,
    tell: Callable[[int], None],
) -> Item:
    """Return what became of the video. Raises StackError; nothing is then in place but what was.

    The caller holds the lock of the video.
    """
    known = manifest.read(tree, order.video)
    if known and is_done(tree, order):
        return Item(order.video, THERE, facts=_facts(known))
    if tree.frames_of(order.video).is_dir() and not order.replace:
        mine = known is not None and not known.get("adopted")
        if not mine:
            return _adopt(tree, order)
    if order.source is None:
        raise StackError(
            f"There is no video {order.video}.",
            "Its file is not among the videos.",
            "Get it: slowfast-stack ava download.",
            code="ava.missing-video",
        )
    return _make(commands, tools, tree, numbers, order, tell)


def argv(tools: Tools, numbers: DataSet, order: Order, folder: Path) -> list[str]:
    """Return the command of the one pass; a per cent sign in a path is no part of the pattern."""
    source = order.source
    if source is None:
        raise StackError(f"There is no video {order.video}.", code="ava.missing-video")
    if source.origin_s is None:
        begin = ["-ss", str(numbers.cut_s)] if numbers.cut_s else []
    else:
        begin = ["-seek_timestamp", "1", "-ss", f"{source.origin_s:.6f}"]
    pattern = f"{folder}/{order.video}".replace("%", "%%") + "_%06d.jpg"
    return [
        *(tools.ffmpeg, "-nostdin", "-v", "error", "-nostats", "-progress", "pipe:1"),
        *("-threads", str(order.threads), *begin, "-i", f"file:{source.path}"),
        *("-map", "0:v:0", "-an", "-vf", NEAREST),
        *(("-frames:v", str(order.frames)) if order.frames else ()),
        # Default tables: the same pixels for a tenth less processor time, in files 8 % larger.
        *("-q:v", str(numbers.quality), "-huffman", "default", "-threads", "1"),
        *("-f", "image2", pattern),
    ]


def is_done(tree: Layout, order: Order) -> bool:
    """Tell whether verified frames are as ordered; the video may have been removed since."""
    known = manifest.read(tree, order.video)
    if not known or not tree.frames_of(order.video).is_dir():
        return False
    if order.frames not in (None, known["frames"]):
        return False
    if order.source is None or known.get("adopted"):
        return True
    return bool(known["source_bytes"] == order.source.path.stat().st_size)


def _adopt(tree: Layout, order: Order) -> Item:
    """Take over frames of another origin where they are whole; they may be a person's own."""
    folder = tree.frames_of(order.video)
    seen = frames.look(folder, order.video, order.frames)
    if seen.wrong or not seen.count:
        raise StackError(
            f"{folder} was made by something else and is not as it should be.",
            seen.wrong or "It is empty.",
            "Move it away, or allow to replace it with --replace.",
            code="ava.foreign-frames",
        )
    known = manifest.write(tree, order.video, seen, {"adopted": True})
    return Item(order.video, NEW, message="adopted", facts=_facts(known))


def _make(
    commands: Commands,
    tools: Tools,
    tree: Layout,
    numbers: DataSet,
    order: Order,
    tell: Callable[[int], None],
) -> Item:
    source, work = order.source, tree.work / order.video
    if source is None or source.path.stat().st_size == 0:
        raise BrokenVideo(
            f"{source and source.path} is empty.",
            "It has no bytes.",
            _AGAIN,
            code="ava.broken-video",
        )
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(parents=True)
        command = argv(tools, numbers, order, work)
        done = commands.run(command, each=lambda line: _count(line, tell))
        seen = frames.look(work, order.video, order.frames)
        said = [line for line in done.output.splitlines() if not _PROGRESS.match(line)]
        if done.rc and disk_space.is_full(work):
            message = f"The disk is full: {order.video} was given up."
            raise StackError(message, f"{work} takes no more.", _FREE, code="disk.full")
        _require_whole(commands, tools, numbers, order, (done, said, seen))
        known = manifest_of(source.path, command, said)
        _put(tree, order.video)
        told = manifest.write(tree, order.video, seen, known)
    except OSError as error:
        raise StackError(
            f"{error.filename or work} cannot be written.",
            f"{error.strerror}.",
            _FREE,
            code="file.not-writable",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Item(order.video, NEW, facts=_facts(told))


def manifest_of(source: Path, command: list[str], said: list[str]) -> dict[str, Any]:
    """Return how frames were made: the video's size, the command, what FFmpeg complained about."""
    return {
        "source": source.name,
        "source_bytes": source.stat().st_size,
        "command": command,
        "complaints": said[:20],
    }


def _require_whole(
    commands: Commands,
    tools: Tools,
    numbers: DataSet,
    order: Order,
    result: tuple[Finished, list[str], frames.Seen],
) -> None:
    done, said, seen = result
    path = order.source.path if order.source else None
    last = "\n".join(said[-3:])
    if done.rc == 0 and seen.count and not seen.wrong:
        return
    media = probe(commands, tools, f"file:{path}")  # says it where this is no video at all
    if done.rc:
        raise BrokenVideo(
            f"FFmpeg could not read {path}.",
            last or f"Exit code {done.rc}.",
            _AGAIN,
            code="ava.broken-video",
        )
    ends = f"The video ends at {media.end_s:.1f} s"
    needs = f"seconds {numbers.cut_s} to {numbers.cut_s + numbers.seconds:.0f} are needed"
    raise BrokenVideo(
        f"{path} gives {seen.count} of {order.frames or 'any'} frames.",
        f"{ends}; {needs}." + (f" {last}" if last else ""),
        "Get the video again; if it is as short as that, leave it out.",
        code="ava.incomplete-frames",
    )


def _put(tree: Layout, video: str) -> None:
    """Let the frames appear under their name; an older folder goes when the new one is there."""
    place, old = tree.frames_of(video), tree.work / f"{video}.old"
    shutil.rmtree(old, ignore_errors=True)
    if place.is_dir():
        place.rename(old)
    (tree.work / video).rename(place)
    handle = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    shutil.rmtree(old, ignore_errors=True)


def _count(line: str, tell: Callable[[int], None]) -> None:
    if line.startswith("frame="):
        number = line[len("frame=") :].strip()
        if number.isdigit():
            tell(int(number))


def _facts(known: dict[str, Any]) -> dict[str, Any]:
    complaints = known.get("complaints") or []
    return {"frames": known["frames"], "bytes": known["bytes"], "complaints": len(complaints)}


_AGAIN = "Get the video again, or leave it out."
_FREE = "Free the place and run the same command again; finished videos are kept."
