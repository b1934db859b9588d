"""Extract the frames of many videos: in parallel, resumed, shared by processes on one tree."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ...core import disk_space
from ...core.errors import StackError, not_writable
from ...core.files import Busy
from ...core.process import locked
from ...core.progress import ALL, Progress, silent
from . import lists, manifest, media, sources
from .dataset import FPS
from .extract import Order, extract, finished
from .job import Job
from .results import FAILED, Result, failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ...core.process import Commands
    from .dataset import DataSet, Layout

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What to extract.

    ``videos`` are ids (none: all that the tree knows of), ``folder`` holds the files (None: the
    tree's own), ``shard`` is (which, of how many), ``jobs`` how many at once (0: one for a core).
    """

    videos: tuple[str, ...] = ()
    folder: Path | None = None
    shard: tuple[int, int] = (0, 1)
    jobs: int = 0
    replace: bool = False
    disk_check: bool = True
    tools: media.Tools = media.Tools()  # noqa: RUF009  (frozen)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def part_of(names: Sequence[T], shard: tuple[int, int]) -> list[T]:
    """Return the share of a work list of one shard. Raises StackError."""
    which, of = shard
    if not 0 <= which < of:
        message = f"There is no shard {which} of {of}."
        raise StackError(
            message,
            "Shards are numbered from 0 to the number of shards minus one.",
            f"Give --shard 0 to {of - 1}.",
            code="ava.invalid-shard",
        )
    return list(names)[which::of]


def orders(tree: Layout, numbers: DataSet, options: Options) -> list[Order]:
    """Return the videos to extract, in the order of their names. Raises StackError."""
    found = sources.present(options.folder or tree.videos)
    listed = lists.highest(tree)
    known = sorted(options.videos or {*sources.names(tree), *listed} or found)
    if not known:
        raise StackError(
            f"There is nothing to extract in {tree.root}.",
            f"Neither a list of videos nor a file in {options.folder or tree.videos} was found.",
            "Download them: slowfast-stack ava download.",
            code="ava.nothing-to-extract",
        )
    jobs = options.jobs or cores()
    chosen = part_of(known, options.shard)
    threads = max(1, jobs // max(1, len(chosen)))
    return [
        Order(
            video,
            listed.get(video, numbers.frames),
            sources.source_of(tree, video, found[video]) if video in found else None,
            replace=options.replace,
            threads=threads,
        )
        for video in chosen
    ]


def run(
    commands: Commands,
    tree: Layout,
    numbers: DataSet,
    options: Options,
    progress: Progress = silent,
) -> list[Result]:
    """Extract and return a result for each video; one that fails does not stop the others.

    Videos that another process is working on are left to it and checked in the end.
    Raises StackError where nothing can begin.
    """
    job = Job(commands, options.tools, tree, numbers, progress)
    return _all(job, options, orders(tree, numbers, options))


def extract_clips(job: Job, options: Options, clips: Mapping[str, Path]) -> list[Result]:
    """Do the same for clips that are in no list; the keys are the names of their frames."""
    threads = max(1, (options.jobs or cores()) // max(1, len(clips)))
    todo = [
        Order(name, job.numbers.frames, sources.Source(path), options.replace, threads)
        for name, path in clips.items()
    ]
    return _all(job, options, todo)


def _all(job: Job, options: Options, todo: list[Order]) -> list[Result]:
    if not all(manifest.read(job.tree, order.video) for order in todo):
        media.version(job.commands, job.tools)
    if options.disk_check:
        _require_disk_space(job, todo)
    job.progress(ALL, 0, sum(order.frames or 0 for order in todo) or None)

    with ThreadPoolExecutor(options.jobs or cores()) as pool:
        try:
            first = list(pool.map(partial(_one, job, wait=False), todo))
            left = [order for order, result in zip(todo, first) if result is None]
            rest = iter(list(pool.map(partial(_one, job, wait=True), left)))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [
        result or next(rest) or Result(order.video, FAILED) for order, result in zip(todo, first)
    ]


def _one(job: Job, order: Order, *, wait: bool) -> Result | None:
    """Return the result of a video; None where another process has it and ``wait`` is false."""
    lock = job.tree.state / "locks" / f"{order.video}.lock"
    try:
        with locked(job.commands, lock, wait=wait) as held:
            return _extracted(replace(job, commands=held), order)
    except Busy:
        return None
    except OSError as error:
        return failed(order.video, not_writable(lock, error))


def _extracted(job: Job, order: Order) -> Result:
    try:
        result = extract(job, order)
    except StackError as error:
        return failed(order.video, error)
    except OSError as error:
        message, cause = f"{order.video} was not extracted.", f"{error.filename}: {error.strerror}."
        hint = "Correct that and run the same command again; finished videos are kept."
        return failed(order.video, StackError(message, cause, hint, code="ava.extraction-failed"))
    job.progress(order.video, result.frames or 0, result.frames)
    return result


def absent(tree: Layout, numbers: DataSet, options: Options) -> list[str]:
    """Return the videos whose frames do not exist. Raises StackError."""
    todo = orders(tree, numbers, options)
    return [order.video for order in todo if not finished(tree, order)]


def _require_disk_space(job: Job, todo: list[Order]) -> None:
    files = sum(
        _frames(job, order)
        for order in todo
        if order.source and not manifest.read(job.tree, order.video)
    )
    size = files * job.numbers.bytes_per_frame
    disk_space.require(job.tree.frames, size, files, f"{files} frames")


def _frames(job: Job, order: Order) -> int:
    """Return how many frames to expect, by the length of the video where no list says it."""
    if order.frames is not None or order.source is None:
        return order.frames or 0
    try:
        found = media.probe(job.commands, job.tools, f"file:{order.source.path}")
    except media.BrokenVideo:  # it becomes a result
        return 0
    length = found.end_s - found.start_s
    return 0 if math.isnan(length) else int(length * FPS)
