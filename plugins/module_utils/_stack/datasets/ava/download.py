"""Download the lists, annotations and videos of AVA: in parallel, resumed and verified."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Callable
from urllib.parse import quote

from ...core import disk_space, download, names, zips
from ...core.errors import StackError, Unreadable, not_writable, reason
from ...core.files import atomic_write
from ...core.first_downloads import FirstDownloads, Recorded
from ...core.process import locked
from ...core.progress import Progress, silent
from . import clip_download, manifest, media, official, sources
from .job import Job
from .results import NEW, PRESENT, Result, failed
from .scheduler import part_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ...core.process import Commands
    from .dataset import DataSet, Layout

_SMALL = 1 << 28  # bytes: larger files are compared by size alone unless asked for
_CUT_BYTES = 100 * 10**6  # 25-35 GB for 299 videos, estimated
_FULL_BYTES = 525 * 10**6  # 157 GB for 299 videos, DATASET.md of Long-Term Feature Banks
_NO_MEMBER = (".", "..", "")


@dataclass(frozen=True)
class Options:
    """What to download.

    ``mirror`` replaces all hosts; ``sums`` are SHA-256 by path below the root; ``full_videos``
    downloads complete videos; ``verify`` reads large files again; ``accept_change`` ignores the
    recorded digests; ``jobs`` is the number of connections.
    """

    version: str = "2.2"
    mirror: str | None = None
    full_videos: bool = False
    lists_only: bool = False
    videos: tuple[str, ...] = ()
    shard: tuple[int, int] = (0, 1)
    jobs: int = 4
    attempts: int = 5
    verify: bool = False
    accept_change: bool = False
    disk_check: bool = True
    sums: Mapping[str, str] = field(default_factory=dict)
    tools: media.Tools = media.Tools()  # noqa: RUF009  (frozen)

    def __post_init__(self) -> None:
        """Refuse a mirror that would show a password to whoever lists processes."""
        if self.mirror:
            names.address(self.mirror, "mirror")


def run(
    commands: Commands,
    tree: Layout,
    numbers: DataSet,
    options: Options,
    progress: Progress = silent,
) -> list[Result]:
    """Download everything; return a result for each file. Raises StackError if none can start."""
    if numbers.frames is None:  # each video is used to its end
        options = replace(options, full_videos=True)
    if not options.full_videos and not options.lists_only:
        media.version(commands, options.tools)
    record = FirstDownloads(tree.state / "downloads.json")
    record.load()
    job = Job(commands, options.tools, tree, numbers, progress)
    mine = _Fetcher(job, options, record)
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        try:
            items = list(pool.map(mine.file, official.files(options.version)))
            videos = [] if options.lists_only else _videos(tree, options)
            if options.disk_check:
                each = _FULL_BYTES if options.full_videos else _CUT_BYTES
                absent = videos_absent(tree, [name for name, _file in videos])
                disk_space.require(tree.videos, each * len(absent), len(absent), "the videos")
            items += pool.map(mine.video, videos)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return items


def _videos(tree: Layout, options: Options) -> list[tuple[str, str]]:
    """Return id and file name of each video to download. Raises StackError for an unknown one."""
    names = sources.names(tree)
    unknown = sorted(set(options.videos) - names.keys())
    if unknown:
        message = f"{unknown[0]} is not in the list of videos."
        raise StackError(
            message,
            f"{tree.names} does not name it.",
            "See the names in that file.",
            code="ava.unknown-video",
        )
    return [
        (video, names[video]) for video in part_of(sorted(options.videos or names), options.shard)
    ]


def videos_absent(tree: Layout, videos: list[str]) -> list[str]:
    """Return the videos that have neither a file nor frames."""
    here = sources.present(tree.videos)
    return [name for name in videos if name not in here and not manifest.read(tree, name)]


def absent(tree: Layout, options: Options) -> list[str]:
    """Return what would be fetched, as far as it is known. Raises StackError."""
    files = [row.path for row in official.files(options.version)]
    videos = [] if options.lists_only else [name for name, _file in _videos(tree, options)]
    lacking = [path for path in files if not (tree.root / path).exists()]
    return lacking + videos_absent(tree, videos)


@dataclass(frozen=True)
class _Fetcher:
    """Downloads one file or video at a time; an error becomes its result."""

    job: Job
    options: Options
    record: FirstDownloads

    def file(self, row: official.Official) -> Result:
        """Download a list or an archive of annotations."""
        return _result(row.path, lambda: self._file(row))

    def video(self, named: tuple[str, str]) -> Result:
        """Download the used part of a video, or all of it."""
        return _result(f"videos/{named[1]}", lambda: self._video(*named))

    def _file(self, row: official.Official) -> Result:
        mirror = self.options.mirror
        url = f"{mirror.rstrip('/')}/{quote(row.path)}" if mirror else row.url
        result = self._complete(row.path, url)
        if row.unpack:
            _unpack(self.job.tree, row.path)
        return result

    def _video(self, video: str, file: str) -> Result:
        name, tree = f"videos/{file}", self.job.tree
        if manifest.read(tree, video) and tree.frames_of(video).is_dir():
            return Result(name, PRESENT, "its frames exist")
        base = official.VIDEO_URL
        if self.options.mirror:
            base = f"{self.options.mirror.rstrip('/')}/{official.VIDEO_MIRROR}"
        url = f"{base}/{quote(file)}"
        with locked(self.job.commands, tree.state / "locks" / f"{video}.video.lock"):
            here = sources.present(tree.videos).get(video)
            if here and here.name.endswith(sources.CUT) and not self.options.full_videos:
                return Result(name, PRESENT, bytes=here.stat().st_size, part=True)
            full = self.options.full_videos or (here is not None and here.name == file)
            if full or not download.takes_ranges(url):
                return self._complete(name, url)
            path = clip_download.fetch(replace(self.job, progress=self._report(name)), video, url)
        size = path.stat().st_size
        self.job.progress(name, size, size)
        return Result(name, NEW, bytes=size, part=True)

    def _complete(self, name: str, url: str) -> Result:
        path, observed = self.job.tree.root / name, self.record.load().get(name)
        expected = self.options.sums.get(name)
        if observed and not expected and not self.options.accept_change:
            expected = observed.sha256
            same = path.is_file() and path.stat().st_size == observed.size
            if same and observed.size > _SMALL and not self.options.verify:
                return Result(name, PRESENT, bytes=observed.size)
        got = download.get(
            download.Download(url, path, expected, keep=not self.options.accept_change),
            progress=self._report(name),
            validate=_no_page,
            attempts=self.options.attempts,
        )
        self.record.add(name, Recorded(got.size, got.sha256, url=url))
        state = NEW if got.new else PRESENT
        return Result(name, state, bytes=got.size, sha256=got.sha256, part=False)

    def _report(self, name: str) -> Progress:
        """Return a callback that reports progress under the name of the result."""
        return lambda _name, done, total: self.job.progress(name, done, total)


def _result(name: str, fetch: Callable[[], Result]) -> Result:
    try:
        return fetch()
    except StackError as error:
        return failed(name, error)
    except OSError as error:
        return failed(name, not_writable(name, error))


def _no_page(path: Path) -> None:
    with path.open("rb") as file:
        begin = file.read(64).lstrip().lower()
    if not begin or begin.startswith((b"<!doctype html", b"<html")):
        raise download.MismatchError(
            f"{path} is a web page." if begin else f"{path} is empty.",
            "The server sent another document instead of the file.",
            "Open the address in a browser: a proxy or a login page may have answered.",
            code="download.unexpected-content",
        )


def _unpack(tree: Layout, path: str) -> None:
    """Extract the files of an archive beside it, except for those that exist. Raises StackError."""
    archive = tree.root / path
    try:
        with archive.open("rb") as file, zips.opened(file, str(archive)) as opened:
            zips.require_small(opened, archive.stat().st_size)
            for member in opened.infolist():
                name = PurePosixPath(member.filename).name
                place = archive.with_name(name)
                if member.is_dir() or name in _NO_MEMBER or name.startswith((".", "_")):
                    continue
                if not place.exists():
                    atomic_write(place, zips.text(opened, member))
    except OSError as error:
        raise Unreadable(
            f"{archive} cannot be extracted.",
            reason(error),
            "Download it again.",
            code="archive.unreadable",
        ) from error
