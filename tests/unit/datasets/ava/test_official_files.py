"""Which official files are taken from the tree, and what is refused before videos are downloaded."""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import (
    download as core_download,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.first_downloads import (
    FirstDownloads,
    Recorded,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    download,
    manifest,
    media,
    official,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.results import (
    Result,
)
from support.errors import fails
from support.http import FileServer, serving

NUMBERS = dataset.DataSet()
ARCHIVE = "annotations/ava_v2.2.zip"
LIST = "frame_lists/val.csv"
LARGE = 2**28


@pytest.fixture
def tree(tmp_path: Path) -> dataset.Layout:
    """A tree with all official files, which another program has fetched."""
    tree = dataset.layout(str(tmp_path / "ava"))
    for file in official.files("2.2"):
        path = tree.root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("row\n")
    tree.names.write_text("a.mp4\nb.mkv\nc.mp4\n")
    with zipfile.ZipFile(tree.root / ARCHIVE, "w") as packed:
        packed.writestr("ava/boxes.csv", "new")
        packed.writestr("ava/labels.pbtxt", "new")
        for name in ("ava/.hidden", "__MACOSX/_x", "ava/_y", "ava/"):
            packed.writestr(name, "x")
    (tree.annotations / "boxes.csv").write_text("mine")
    return tree


def run(
    tree: dataset.Layout, numbers: dataset.DataSet = NUMBERS, **options: object
) -> dict[str, Result]:
    given = {"lists_only": True, "attempts": 1, "mirror": "http://127.0.0.1:9", **options}
    wanted = download.Options(**given)  # type: ignore[arg-type]
    return {row.name: row for row in download.run(Commands(), tree, numbers, wanted)}


def record(tree: dataset.Layout, name: str, size: int, sha256: str = "0" * 64) -> None:
    FirstDownloads(tree.state / "downloads.json").add(name, Recorded(size, sha256, url="u"))


def test_files_in_place_are_taken_and_their_digests_recorded(tree: dataset.Layout) -> None:
    found = run(tree)
    assert {row.state for row in found.values()} == {"present"}
    assert found[LIST].bytes == 4
    assert found[LIST].sha256 == hashlib.sha256(b"row\n").hexdigest()
    assert found[LIST].part is False
    known = FirstDownloads(tree.state / "downloads.json").load()
    assert sorted(known) == sorted(file.path for file in official.files("2.2"))
    assert (known[LIST].size, known[LIST].sha256) == (4, found[LIST].sha256)
    here = {path.name for path in tree.annotations.iterdir()}
    assert {"boxes.csv", "labels.pbtxt"} <= here
    assert not here & {".hidden", "_x", "_y", "ava"}
    assert (tree.annotations / "boxes.csv").read_text() == "mine"
    assert (tree.annotations / "labels.pbtxt").read_text() == "new"


@pytest.mark.parametrize(
    ("size", "recorded", "options", "state"),
    [
        (LARGE + 1, LARGE + 1, {}, "present"),
        (LARGE + 1, LARGE + 1, {"verify": True}, "failed"),
        (LARGE + 1, LARGE, {}, "failed"),
        (LARGE, LARGE, {}, "failed"),
        (LARGE + 1, LARGE + 1, {"sums": {LIST: "1" * 64}}, "failed"),
        (5, 5, {}, "failed"),
    ],
)
def test_a_large_file_is_compared_by_its_size_alone(
    tree: dataset.Layout, size: int, recorded: int, options: dict[str, object], state: str
) -> None:
    os.truncate(tree.root / LIST, size)
    record(tree, LIST, recorded)
    found = run(tree, **options)[LIST]
    assert (found.state, found.code) == (
        state,
        "" if state == "present" else "download.checksum-mismatch",
    )
    assert found.sha256 is None


def test_a_change_that_is_accepted_is_downloaded(tree: dataset.Layout) -> None:
    record(tree, LIST, 4)
    assert run(tree)[LIST].code == "download.checksum-mismatch"
    assert run(tree, accept_change=True)[LIST].state == "present"
    assert FirstDownloads(tree.state / "downloads.json").load()[LIST].sha256 != "0" * 64


def test_an_archive_that_is_none(tree: dataset.Layout) -> None:
    (tree.root / ARCHIVE).write_text("text")
    assert run(tree)[ARCHIVE].code == "archive.unreadable"
    (tree.root / LIST).unlink()
    assert run(tree)[LIST].code == "download.interrupted"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"row\n", ""),
        (b"", "download.unexpected-content"),
        (b" \n", "download.unexpected-content"),
        (b"<html>", "download.unexpected-content"),
        (b"\n <!DOCTYPE HTML><p>", "download.unexpected-content"),
        (b"<label>", ""),
    ],
)
def test_a_web_page_in_place_of_a_file_never_appears(
    tree: dataset.Layout, body: bytes, code: str
) -> None:
    (tree.root / LIST).unlink()
    with serving(FileServer(body)) as server:
        found = run(tree, mirror=f"{server.address}/")[LIST]
    assert (found.state, found.code) == ("failed" if code else "new", code)
    assert (tree.root / LIST).exists() is not bool(code)


@pytest.mark.parametrize(
    ("full", "here", "size", "count"),
    [
        (False, (), "300.0 MB", 3),
        (True, (), "1.6 GB", 3),
        (True, ("a.mp4",), "1.1 GB", 2),
        (False, ("a.mp4", "b.cut.nut"), "100.0 MB", 1),
    ],
)
def test_the_disk_space_is_that_of_the_videos_that_are_absent(
    tree: dataset.Layout,
    monkeypatch: pytest.MonkeyPatch,
    *,
    full: bool,
    here: tuple[str, ...],
    size: str,
    count: int,
) -> None:
    tree.videos.mkdir()
    for name in here:
        (tree.videos / name).touch()
    assert len(download.videos_absent(tree, ["a", "b", "c"])) == count
    none = os.statvfs_result((1, 1, 1, 0, 0, 1, 1, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _folder: none)
    with fails("disk.full", f"{size} are needed", f"{count} inodes", tree.videos):
        run(tree, lists_only=False, full_videos=full, tools=media.Tools("true", "true"))


def test_what_would_be_fetched(tree: dataset.Layout) -> None:
    def absent(**options: object) -> list[str]:
        return download.absent(tree, download.Options(**options))  # type: ignore[arg-type]

    assert absent() == ["a", "b", "c"]
    assert absent(lists_only=True) == []
    assert absent(shard=(1, 2)) == ["b"]
    assert absent(videos=("c", "a")) == ["a", "c"]
    (tree.root / LIST).unlink()
    assert absent(lists_only=True) == [LIST]
    assert absent(version="2.1", lists_only=True) == [LIST, "annotations/ava_v2.1.zip"]
    manifest.write(tree, manifest.Manifest("a", 1, 1, "0"))
    assert absent() == [LIST, "b", "c"]
    with fails("ava.unknown-video", "x"):
        absent(videos=("a", "x"))


def test_a_video_whose_frames_exist_is_not_downloaded(tree: dataset.Layout) -> None:
    manifest.write(tree, manifest.Manifest("a", 1, 1, "0"))
    tree.frames_of("a").mkdir(parents=True)
    tree.videos.mkdir()
    (tree.videos / "b.cut.nut").write_bytes(b"part")
    (tree.videos / "c.mp4").write_bytes(b"complete")
    tools = media.Tools("true", "true")
    found = run(tree, lists_only=False, disk_check=False, tools=tools)
    videos = {name: row for name, row in found.items() if name.startswith("videos/")}
    assert {name: (row.state, row.bytes, row.part) for name, row in videos.items()} == {
        "videos/a.mp4": ("present", None, None),
        "videos/b.mkv": ("present", 4, True),
        "videos/c.mp4": ("present", 8, False),
    }
    again = run(tree, lists_only=False, disk_check=False, full_videos=True)
    assert again["videos/b.mkv"].code == "download.interrupted"


@pytest.mark.parametrize(
    ("mirror", "video", "official_file"),
    [
        ("http://127.0.0.1:9/m/", "http://127.0.0.1:9/m/trainval/c.mp4", "http://127.0.0.1:9/m/"),
        (None, f"{official.VIDEO_URL}/c.mp4", "https://"),
    ],
)
def test_a_mirror_replaces_every_address(
    tree: dataset.Layout,
    monkeypatch: pytest.MonkeyPatch,
    mirror: str | None,
    video: str,
    official_file: str,
) -> None:
    asked: list[str] = []

    def get(wanted: core_download.Download, **_: object) -> core_download.Downloaded:
        asked.append(wanted.url)
        return core_download.Downloaded(wanted.path, 1, "0" * 64, new=True)

    monkeypatch.setattr(core_download, "get", get)
    run(tree, mirror=mirror, lists_only=False, full_videos=True, disk_check=False, videos=("c",))
    assert asked[-1] == video
    assert all(url.startswith(official_file) for url in asked)


def test_a_data_set_without_a_number_of_frames_needs_complete_videos(
    tree: dataset.Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def get(wanted: core_download.Download, **_: object) -> core_download.Downloaded:
        asked.append(wanted.url.rpartition("/")[2])
        return core_download.Downloaded(wanted.path, 1, "0" * 64, new=True)

    monkeypatch.setattr(core_download, "get", get)
    numbers = dataset.DataSet(frames=None)
    found = run(tree, numbers, lists_only=False, tools=media.Tools("absent", "absent"))
    assert sorted(asked[-3:]) == ["a.mp4", "b.mkv", "c.mp4"]  # three at once
    assert found["videos/b.mkv"].part is False


def test_a_download_that_is_interrupted_begins_nothing_more(
    tree: dataset.Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def get(wanted: core_download.Download, **_: object) -> core_download.Downloaded:
        asked.append(wanted.url)
        time.sleep(0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr(core_download, "get", get)
    with pytest.raises(KeyboardInterrupt):
        run(tree, jobs=1)
    assert len(asked) < len(official.files("2.2"))
