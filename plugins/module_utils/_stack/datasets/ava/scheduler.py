"""The frames of many videos: in parallel, resumed, shared with whoever works on the same tree."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ...core import disk_space
from ...core.errors import StackError
from ...core.files import Busy
from ...core.process import Commands, locked
from . import lists, manifest, media, sources
from .dataset import FPS
from .extract import Order, extract, is_done
from .results import ALL, FAILED, Item, Tell, failed, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .dataset import DataSet, Layout

T = TypeVar("T")


@dataclass(frozen=True)
class Want:
    """What to extract.

    ``videos`` are ids (none: all that the tree knows of), ``folder`` holds the files (None: the
    tree's own), ``shard`` is (which, of how many), ``jobs`` how many at once (0: one for a core).
    """

    videos: tuple[str, ...] = ()
    folder: Path | None = None
    shard: tuple[int, int] = (0, 1)
    jobs: int = 0
    replace: bool = False
    room_check: bool = True
    tools: media.Tools = media.Tools()  # noqa: RUF009  (frozen)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def part_of(things: Sequence[T], shard: tuple[int, int]) -> list[T]:
    """Return the part of a work list that falls to one of several. Raises StackError."""
    which, of = shard
    if not 0 <= which < of:
        message = f"There is no shard {which} of {of}."
        raise StackError(
            message,
            "The first one is 0, the last one less by one than their number.",
            code="ava.invalid-shard",
        )
    return list(things)[which::of]


def orders(tree: Layout, numbers: DataSet, want: Want) -> list[Order]:
    """Return what is to be done, in the order of the names. Raises StackError."""
    found = sources.present(want.folder or tree.videos)
    listed = lists.highest(tree)
    known = sorted(want.videos or {*sources.names(tree), *listed} or found)
    if not known:
        raise StackError(
            f"There is nothing to extract in {tree.root}.",
            f"Neither a list of videos nor a file in {want.folder or tree.videos} was found.",
            "Get them: slowfast-stack ava download.",
            code="ava.nothing-to-extract",
        )
    jobs = want.jobs or cores()
    chosen = part_of(known, want.shard)
    threads = max(1, jobs // max(1, len(chosen)))
    return [
        Order(
            video,
            listed.get(video, numbers.frames),
            sources.source_of(tree, video, found[video]) if video in found else None,
            replace=want.replace,
            threads=threads,
        )
        for video in chosen
    ]


def run(
    commands: Commands, tree: Layout, numbers: DataSet, want: Want, tell: Tell = silent
) -> list[Item]:
    """Extract and return a line for each video; one that fails does not hold up the others.

    Videos that another process is working on are left to it and looked at in the end.
    Raises StackError where nothing can begin.
    """
    return _all(commands, tree, numbers, want, orders(tree, numbers, want), tell)


def extract_clips(
    commands: Commands,
    tree: Layout,
    numbers: DataSet,
    want: Want,
    clips: Mapping[str, Path],
    tell: Tell = silent,
) -> list[Item]:
    """Do the same for clips that no list names; the keys are the names of their frames."""
    threads = max(1, (want.jobs or cores()) // max(1, len(clips)))
    todo = [
        Order(name, numbers.frames, sources.Source(path), replace=want.replace, threads=threads)
        for name, path in clips.items()
    ]
    return _all(commands, tree, numbers, want, todo, tell)


def _all(
    commands: Commands,
    tree: Layout,
    numbers: DataSet,
    want: Want,
    todo: list[Order],
    tell: Tell,
) -> list[Item]:
    if not all(manifest.read(tree, order.video) for order in todo):
        media.version(commands, want.tools)
    if want.room_check:
        _require_room(commands, tree, numbers, want, todo)
    tell(ALL, 0, sum(order.frames or 0 for order in todo) or None)

    def one(order: Order, *, wait: bool) -> Item | None:
        lock = tree.state / "locks" / f"{order.video}.lock"
        try:
            with locked(commands, lock, wait=wait) as held:
                return _one(held, tree, numbers, want, order, tell)
        except Busy:
            return None
        except OSError as error:
            message = f"{lock} cannot be written."
            return failed(
                order.video,
                StackError(message, f"{error.strerror}.", _FREE, code="file.not-writable"),
            )

    with ThreadPoolExecutor(want.jobs or cores()) as pool:
        try:
            first = list(pool.map(lambda order: one(order, wait=False), todo))
            left = [order for order, item in zip(todo, first) if item is None]
            rest = iter(list(pool.map(lambda order: one(order, wait=True), left)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [item or next(rest) or Item(order.video, FAILED) for order, item in zip(todo, first)]


def _one(
    commands: Commands, tree: Layout, numbers: DataSet, want: Want, order: Order, tell: Tell
) -> Item:
    try:
        item = extract(
            commands,
            want.tools,
            tree,
            numbers,
            order,
            lambda done: tell(order.video, done, order.frames),
        )
    except StackError as error:
        return failed(order.video, error)
    except OSError as error:
        cause = f"{error.filename}: {error.strerror}."
        return failed(
            order.video,
            StackError(f"{order.video} was given up.", cause, _FREE, code="ava.extraction-failed"),
        )
    tell(order.video, item.facts["frames"], item.facts["frames"])
    return item


def absent(tree: Layout, numbers: DataSet, want: Want) -> list[str]:
    """Return the videos whose frames are not there; nothing is changed. Raises StackError."""
    return [order.video for order in orders(tree, numbers, want) if not is_done(tree, order)]


def _require_room(
    commands: Commands, tree: Layout, numbers: DataSet, want: Want, todo: list[Order]
) -> None:
    files = sum(
        _frames(commands, want, order)
        for order in todo
        if order.source and not manifest.read(tree, order.video)
    )
    disk_space.require(tree.frames, files * numbers.bytes_per_frame, files, f"{files} frames")


def _frames(commands: Commands, want: Want, order: Order) -> int:
    """Return how many frames are to come, where nothing orders it by the length of the video."""
    if order.frames is not None or order.source is None:
        return order.frames or 0
    try:
        found = media.probe(commands, want.tools, f"file:{order.source.path}")
    except media.BrokenVideo:  # it will be a line of the report
        return 0
    length = found.end_s - found.start_s
    return 0 if math.isnan(length) else int(length * FPS)


_FREE = "Free the place, or allow to write there; then run the same command again."
