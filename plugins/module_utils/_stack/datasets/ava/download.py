"""Bring the lists, annotations and videos of AVA: in parallel, resumed, verified, each reported."""

from __future__ import annotations

import json
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import quote

from ...core import disk_space, download
from ...core.errors import StackError, Unreadable
from ...core.files import atomic_write
from ...core.process import locked
from . import clip_download, manifest, media, official, sources
from .results import FAILED, NEW, THERE, Item, Tell, failed, silent
from .scheduler import part_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.process import Commands
    from .dataset import DataSet, Layout

_SMALL = 1 << 28  # bytes: larger files are compared by size alone unless asked for
_CUT_BYTES = 100 * 10**6  # 25-35 GB for 299 videos, estimated
_WHOLE_BYTES = 525 * 10**6  # 157 GB for 299 videos, DATASET.md of Long-Term Feature Banks
_NO_MEMBER = (".", "..", "")


@dataclass(frozen=True)
class Want:
    """What to bring.

    ``mirror`` takes the place of all hosts; ``sums`` are SHA-256 by path below the root; ``whole``
    fetches whole videos; ``verify`` reads large files again; ``changed_is_meant`` forgets what
    was recorded; ``jobs`` is the number of connections.
    """

    version: str = "2.2"
    mirror: str | None = None
    whole: bool = False
    lists_only: bool = False
    videos: tuple[str, ...] = ()
    shard: tuple[int, int] = (0, 1)
    jobs: int = 4
    attempts: int = 5
    verify: bool = False
    changed_is_meant: bool = False
    room_check: bool = True
    sums: Mapping[str, str] = field(default_factory=dict)
    tools: media.Tools = media.Tools()  # noqa: RUF009  (frozen)


class Record:
    """What was seen of each file when it first came: size and SHA-256, by path below the root."""

    def __init__(self, commands: Commands, tree: Layout) -> None:
        self._commands, self._lock = commands, threading.Lock()
        self._path = tree.state / "downloads.json"

    def load(self) -> dict[str, dict[str, Any]]:
        """Return the record. Raises Unreadable."""
        try:
            told: dict[str, dict[str, Any]] = json.loads(self._path.read_text(encoding="utf-8"))
            return dict(told["files"])
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{self._path} cannot be read."
            raise Unreadable(
                message,
                str(error),
                "Restore it, or remove it to begin anew.",
                code="record.unreadable",
            ) from error

    def note(self, path: str, url: str, size: int, sha256: str) -> None:
        """Remember a file; several processes may do so."""
        line = {"url": url, "size": size, "sha256": sha256}
        with self._lock, locked(self._commands, self._path.with_suffix(".lock")):
            files = self.load()
            if files.get(path) != line:
                files[path] = line
                text = json.dumps({"schema": 1, "files": dict(sorted(files.items()))}, indent=1)
                atomic_write(self._path, text + "\n")


def run(
    commands: Commands, tree: Layout, numbers: DataSet, want: Want, tell: Tell = silent
) -> list[Item]:
    """Bring everything and return a line for each file. Raises StackError where none can begin."""
    if not want.whole and not want.lists_only:
        media.version(commands, want.tools)
    record = Record(commands, tree)
    record.load()
    mine = Fetcher(commands, tree, numbers, want, record, tell)
    with ThreadPoolExecutor(max(1, want.jobs)) as pool:
        try:
            items = list(pool.map(mine.file, official.files(want.version)))
            videos = [] if want.lists_only else _videos(tree, want)
            if want.room_check:
                each = _WHOLE_BYTES if want.whole else _CUT_BYTES
                absent = videos_absent(tree, [name for name, _file in videos])
                disk_space.require(tree.videos, each * len(absent), len(absent), "the videos")
            items += pool.map(mine.video, videos)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return items


def _videos(tree: Layout, want: Want) -> list[tuple[str, str]]:
    """Return id and file name of each video to bring. Raises StackError for an unknown one."""
    names = sources.names(tree)
    unknown = sorted(set(want.videos) - names.keys())
    if unknown:
        message = f"{unknown[0]} is no video of the list."
        raise StackError(
            message,
            f"{tree.names} does not name it.",
            "See the names in that file.",
            code="ava.unknown-video",
        )
    return [(video, names[video]) for video in part_of(sorted(want.videos or names), want.shard)]


def videos_absent(tree: Layout, videos: list[str]) -> list[str]:
    """Return those of which neither the file nor the frames are there."""
    here = sources.present(tree.videos)
    return [name for name in videos if name not in here and not manifest.read(tree, name)]


def absent(tree: Layout, want: Want) -> list[str]:
    """Return what would be fetched, as far as it is known. Raises StackError."""
    files = [thing.path for thing in official.files(want.version)]
    videos = [] if want.lists_only else [name for name, _file in _videos(tree, want)]
    lacking = [path for path in files if not (tree.root / path).exists()]
    return lacking + videos_absent(tree, videos)


@dataclass(frozen=True)
class Fetcher:
    """Brings one thing at a time; an error is a line, never an end."""

    commands: Commands
    tree: Layout
    numbers: DataSet
    want: Want
    record: Record
    tell: Tell

    def file(self, thing: official.Official) -> Item:
        """Bring a list or an archive of annotations."""
        return self._line(thing.path, lambda: self._file(thing))

    def video(self, named: tuple[str, str]) -> Item:
        """Bring the used part of a video, or all of it."""
        return self._line(f"videos/{named[1]}", lambda: self._video(*named))

    def _line(self, name: str, bring: Callable[[], Item]) -> Item:
        try:
            return bring()
        except StackError as error:
            return failed(name, error)
        except OSError as error:
            cause = f"{error.filename}: {error.strerror}."
            hint = "Free the place, or allow to write there; then run the same command again."
            return Item(name, FAILED, f"{name} was given up.", cause, hint)

    def _file(self, thing: official.Official) -> Item:
        mirror = self.want.mirror
        url = f"{mirror.rstrip('/')}/{quote(thing.path)}" if mirror else thing.url
        item = self._whole(thing.path, url)
        if thing.unpack:
            _unpack(self.tree, thing.path)
        return item

    def _video(self, video: str, file: str) -> Item:
        name, tree = f"videos/{file}", self.tree
        known = manifest.read(tree, video)
        if known and tree.frames_of(video).is_dir():
            return Item(name, THERE, "its frames are there")
        base = official.VIDEO_URL
        if self.want.mirror:
            base = f"{self.want.mirror.rstrip('/')}/{official.VIDEO_MIRROR}"
        url = f"{base}/{quote(file)}"
        with locked(self.commands, tree.state / "locks" / f"{video}.video.lock"):
            here = sources.present(tree.videos).get(video)
            if here and here.name.endswith(sources.CUT) and not self.want.whole:
                return Item(name, THERE, facts={"bytes": here.stat().st_size, "part": True})
            whole = self.want.whole or (here is not None and here.name == file)
            if whole or not download.takes_ranges(url):
                return self._whole(name, url)
            path = clip_download.fetch(
                self.commands,
                self.want.tools,
                tree,
                self.numbers,
                (video, url),
                lambda done: self.tell(name, done, None),
            )
        size = path.stat().st_size
        self.tell(name, size, size)
        return Item(name, NEW, facts={"bytes": size, "part": True})

    def _whole(self, name: str, url: str) -> Item:
        path, seen = self.tree.root / name, self.record.load().get(name)
        expected = self.want.sums.get(name)
        if seen and not expected and not self.want.changed_is_meant:
            expected = seen["sha256"]
            same = path.is_file() and path.stat().st_size == seen["size"]
            if same and seen["size"] > _SMALL and not self.want.verify:
                return Item(name, THERE, facts={"bytes": seen["size"]})
        got = download.get(
            download.Wanted(url, path, expected, keep=not self.want.changed_is_meant),
            progress=lambda done, total: self.tell(name, done, total),
            look=_no_page,
            attempts=self.want.attempts,
        )
        self.record.note(name, url, got.size, got.sha256)
        facts = {"bytes": got.size, "sha256": got.sha256, "part": False}
        return Item(name, NEW if got.new else THERE, facts=facts)


def _no_page(path: object) -> None:
    with open(str(path), "rb") as file:  # noqa: PTH123  (any path)
        begin = file.read(64).lstrip().lower()
    if not begin or begin.startswith((b"<!doctype html", b"<html")):
        raise download.Refused(
            f"{path} is a web page." if begin else f"{path} is empty.",
            "The server answered with something else than the file.",
            "Look at the address in a browser: a proxy or a login page may have answered.",
            code="download.unexpected-content",
        )


def _unpack(tree: Layout, path: str) -> None:
    """Put the files of an archive beside it where they are not there yet. Raises StackError."""
    archive = tree.root / path
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist():
                name = PurePosixPath(member.filename).name
                place = archive.with_name(name)
                if member.is_dir() or name in _NO_MEMBER or name.startswith((".", "_")):
                    continue
                if not place.exists():
                    atomic_write(place, opened.read(member).decode("utf-8"))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise Unreadable(
            f"{archive} cannot be unpacked.",
            f"{error}.",
            "Get it again.",
            code="archive.unreadable",
        ) from error
