"""Lists, annotations and the used part of each video, from a server with failures."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import download
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    sources,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    download as ava_download,
)
from support.ava_trees import FILES, GOOD, NUMBERS, Tree, small_disk
from support.errors import fails
from support.http import FileServer
from support.synthetic_ava import numbers


def test_every_file_is_a_line_and_one_dead_link_holds_up_nothing(
    tree: Tree, server: FileServer
) -> None:
    items = tree.fetch(server)
    states = {name.rpartition("/")[2]: item.state for name, item in items.items()}
    bad = {"dead.mp4", "short.mp4", "broken.mkv", "empty.mp4"}
    assert {name for name in FILES if states[name] == "failed"} == bad
    assert all(states[name] == "new" for name in states if name not in bad)
    assert "HTTP 403" in items["videos/dead.mp4"].cause
    assert "3.0 s; 5 s are needed" in items["videos/short.mp4"].cause
    assert (tree.layout.annotations / "ava_train_v2.2.csv").is_file()
    assert sorted(sources.present(tree.layout.videos)) == sorted(GOOD)


def test_a_second_run_fetches_only_what_failed(tree: Tree, server: FileServer) -> None:
    tree.fetch(server)
    server.sent.clear()
    items = tree.fetch(server)
    assert {path for path, sent in server.sent.items() if sent} == {
        "trainval/short.mp4",
        "trainval/broken.mkv",
    }
    assert sum(item.state == "present" for item in items.values()) == len(items) - 4


def test_frames_of_a_part_are_those_of_the_complete_byte_for_byte(
    finished: Tree, filled_elsewhere: Tree
) -> None:
    filled_elsewhere.extract(videos=tuple(GOOD))
    for video in GOOD:
        ours, complete = finished.frames(video), filled_elsewhere.frames(video)
        assert len(ours) == len(complete) == 90
        assert [p.read_bytes() for p in ours] == [p.read_bytes() for p in complete]


@pytest.fixture
def filled_elsewhere(tmp_path: Path, mirror: Path) -> Tree:
    tree = Tree(dataset.layout(str(tmp_path / "elsewhere")))
    shutil.copytree(mirror / "trainval", tree.layout.videos)
    return tree


def test_a_server_without_ranges_gives_complete_files(tree: Tree, server: FileServer) -> None:
    server.ranges = False
    items = tree.fetch(server, videos=("c", "a%d_ü"))
    assert items["videos/c.webm"].part is False
    assert (tree.layout.videos / "a%d_ü.mp4").is_file()
    tree.extract(videos=("c",))
    assert numbers(tree.layout.frames_of("c"), "c")[:3] == [50, 51, 52]


def test_a_complete_file_that_breaks_off_goes_on(tree: Tree, server: FileServer) -> None:
    path = "trainval/d.avi"
    size = (server.folder / path).stat().st_size
    server.cut[path] = 20_000
    assert tree.fetch(server, full_videos=True, videos=("d",))["videos/d.avi"].state == "failed"
    server.cut.clear()
    server.sent.clear()
    assert tree.fetch(server, full_videos=True, videos=("d",))["videos/d.avi"].state == "new"
    assert server.sent[path] == size - 20_000


def test_ranges_are_asked_for_and_dead_addresses_reported(server: FileServer) -> None:
    url = f"{server.address}/trainval/c.webm"
    assert download.takes_ranges(url)
    server.ranges = False
    assert not download.takes_ranges(url)
    with fails("download.refused"):
        download.takes_ranges(f"{server.address}/nothing")


def test_a_changed_file_is_refused_until_it_is_accepted(tree: Tree, server: FileServer) -> None:
    names = "frame_lists/val.csv"
    tree.fetch(server, lists_only=True)
    record = json.loads((tree.layout.state / "downloads.json").read_text())["files"]
    assert record[names]["size"] == (server.folder / names).stat().st_size
    (tree.layout.root / names).write_text("mine\n")
    item = tree.fetch(server, lists_only=True)[names]
    assert (item.state, (tree.layout.root / names).read_text()) == ("failed", "mine\n")
    assert "SHA-256" in item.cause
    again = tree.fetch(server, lists_only=True, accept_change=True)[names]
    assert again.state in ("present", "new")


def test_given_checksums_decide(tree: Tree, server: FileServer) -> None:
    items = tree.fetch(server, lists_only=True, sums={"frame_lists/train.csv": "0" * 64})
    assert items["frame_lists/train.csv"].state == "failed"
    assert not (tree.layout.frame_lists / "train.csv").exists()
    assert items["frame_lists/val.csv"].state == "new"


def test_unknown_videos_and_an_archive_that_is_none_are_reported(
    tree: Tree, server: FileServer, tmp_path: Path
) -> None:
    with fails("ava.unknown-video"):
        tree.fetch(server, videos=("nobody",))
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/ava_v2.2.zip").write_bytes(b"PK no archive")
    server.content = tmp_path
    other = Tree(type(tree.layout)(tmp_path / "other"))
    item = other.fetch(server, lists_only=True)["annotations/ava_v2.2.zip"]
    assert item.code == "archive.unreadable"


def test_a_web_page_is_no_list(tree: Tree, server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "frame_lists").mkdir()
    (tmp_path / "frame_lists/train.csv").write_text("<!DOCTYPE html><p>log in")
    server.content = tmp_path
    item = Tree(type(tree.layout)(tmp_path / "o")).fetch(server, lists_only=True)
    assert item["frame_lists/train.csv"].code == "download.unexpected-content"


def test_shards_divide_the_list_without_rest(tree: Tree, server: FileServer) -> None:
    tree.fetch(server, lists_only=True)
    parts = [ava_download.Options(shard=(i, 3)) for i in range(3)]
    shares = [ava_download.absent(tree.layout, part) for part in parts]
    assert sorted(name for share in shares for name in share) == sorted(
        Path(name).stem for name in FILES
    )
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    with fails("ava.invalid-shard"):
        ava_download.absent(tree.layout, ava_download.Options(shard=(3, 3)))


@pytest.mark.parametrize("options", ["size=4k", "nr_inodes=1"])
def test_a_full_disk_gives_up_one_video_and_the_next_run_gets_it(
    tree: Tree, server: FileServer, options: str
) -> None:
    tree.fetch(server, lists_only=True)
    small_disk(tree.layout.videos, options)
    try:
        item = tree.fetch(server, videos=("c",), disk_check=False)["videos/c.webm"]
        assert item.state == "failed"
        assert "disk is full" in item.message or "No space left" in item.cause
        assert "Free" in item.hint
        assert not [path for path in tree.layout.videos.iterdir() if path.is_file()]
    finally:
        subprocess.run(["umount", str(tree.layout.videos)], check=True)
    assert tree.fetch(server, videos=("c",))["videos/c.webm"].state == "new"


def test_a_file_that_is_no_video_is_reported_in_the_words_of_ffprobe(
    tree: Tree, server: FileServer, mirror: Path, tmp_path: Path
) -> None:
    shutil.copytree(mirror, tmp_path / "other")
    server.content = tmp_path / "other"
    (server.folder / "trainval/c.webm").write_bytes(b"\x00" * 5000)
    item = tree.fetch(server, videos=("c",))["videos/c.webm"]
    assert "Invalid data" in item.cause
    assert "{" not in item.cause + item.message


PROGRAM = """
import sys
sys.path[:0] = {path!r}
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import dataset, download
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
tree = dataset.layout({root!r})
want = download.Options(mirror={address!r}, attempts=1, videos=("d",))
items = download.run(Commands(), tree, dataset.DataSet(cut_s=2, frames=90), want)
sys.exit(any(item.state == "failed" for item in items))
"""


def fetching(tree: Tree, server: FileServer) -> subprocess.Popen[bytes]:
    """Fetch one video in a process of its own, from a server that takes its time."""
    server.pause = 0.02
    root, address = str(tree.layout.root), server.address
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(path=sys.path, root=root, address=address)]
    )
    while not list(tree.layout.videos.glob(".d.*")):
        assert process.poll() is None
        time.sleep(0.002)
    return process


def test_killed_in_the_middle_no_part_of_a_part_is_taken(tree: Tree, server: FileServer) -> None:
    tree.fetch(server, lists_only=True)
    process = fetching(tree, server)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not sources.present(tree.layout.videos)
    server.pause = 0
    # Waits for the orphan, which holds the lock, and starts again.
    assert tree.fetch(server, videos=("d",))["videos/d.avi"].state == "new"
    assert [path.name for path in tree.layout.videos.iterdir()] == ["d.cut.nut"]
    assert tree.extract(videos=("d",))["d"].frames == NUMBERS.frames


def test_two_downloads_at_once_fetch_a_video_once(tree: Tree, server: FileServer) -> None:
    tree.fetch(server, lists_only=True)
    process = fetching(tree, server)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(tree.fetch, server, videos=("d",))
        assert process.wait() == 0
        assert second.result()["videos/d.avi"].state == "present"
