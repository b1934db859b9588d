"""Lists, annotations and the used part of each video, from a server that misbehaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack import download
from ansible_collections.slowfast.stack.plugins.module_utils._stack.ava import (
    dataset,
    fetch,
    sources,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.errors import StackError
from synthetic_ava import Server, numbers
from trees import FILES, GOOD, Tree


def test_every_file_is_a_line_and_one_dead_link_holds_up_nothing(
    tree: Tree, server: Server
) -> None:
    items = tree.fetch(server)
    states = {name.rpartition("/")[2]: item.state for name, item in items.items()}
    bad = {"dead.mp4", "short.mp4", "broken.mkv", "empty.mp4"}
    assert {name for name in FILES if states[name] == "failed"} == bad
    assert all(states[name] == "new" for name in states if name not in bad)
    assert "HTTP 403" in items["videos/dead.mp4"].why
    assert "3.0 s; 5 s are needed" in items["videos/short.mp4"].why
    assert (tree.layout.annotations / "ava_train_v2.2.csv").is_file()
    assert sorted(sources.present(tree.layout.videos)) == sorted(GOOD)


def test_a_second_run_fetches_only_what_failed(tree: Tree, server: Server) -> None:
    tree.fetch(server)
    server.sent.clear()
    items = tree.fetch(server)
    assert {path for path, sent in server.sent.items() if sent} == {
        "trainval/short.mp4",
        "trainval/broken.mkv",
    }
    assert sum(item.state == "there" for item in items.values()) == len(items) - 4


def test_frames_of_a_part_are_those_of_the_whole_byte_for_byte(
    finished: Tree, filled_elsewhere: Tree
) -> None:
    filled_elsewhere.extract(videos=tuple(GOOD))
    for video in GOOD:
        ours, whole = finished.frames(video), filled_elsewhere.frames(video)
        assert len(ours) == len(whole) == 90
        assert [p.read_bytes() for p in ours] == [p.read_bytes() for p in whole]


@pytest.fixture
def filled_elsewhere(tmp_path: Path, mirror: Path) -> Tree:
    tree = Tree(dataset.layout(str(tmp_path / "elsewhere")))
    shutil.copytree(mirror / "trainval", tree.layout.videos)
    return tree


def test_a_server_without_ranges_gives_whole_files(tree: Tree, server: Server) -> None:
    server.ranges = False
    items = tree.fetch(server, videos=("c", "a%d_ü"))
    assert items["videos/c.webm"].facts["part"] is False
    assert (tree.layout.videos / "a%d_ü.mp4").is_file()
    tree.extract(videos=("c",))
    assert numbers(tree.layout.frames_of("c"), "c")[:3] == [50, 51, 52]


def test_a_whole_file_that_breaks_off_goes_on(tree: Tree, server: Server) -> None:
    path = "trainval/d.avi"
    size = (server.folder / path).stat().st_size
    server.cut[path] = 20_000
    assert tree.fetch(server, whole=True, videos=("d",))["videos/d.avi"].state == "failed"
    server.cut.clear()
    server.sent.clear()
    assert tree.fetch(server, whole=True, videos=("d",))["videos/d.avi"].state == "new"
    assert server.sent[path] == size - 20_000


def test_ranges_are_asked_for_and_dead_addresses_told(server: Server) -> None:
    url = f"{server.address}/trainval/c.webm"
    assert download.takes_ranges(url)
    server.ranges = False
    assert not download.takes_ranges(url)
    with pytest.raises(StackError, match="dead"):
        download.takes_ranges(f"{server.address}/nothing")


def test_a_changed_file_is_refused_until_it_is_meant(tree: Tree, server: Server) -> None:
    names = "frame_lists/val.csv"
    tree.fetch(server, lists_only=True)
    record = json.loads((tree.layout.state / "downloads.json").read_text())["files"]
    assert record[names]["size"] == (server.folder / names).stat().st_size
    (tree.layout.root / names).write_text("mine\n")
    item = tree.fetch(server, lists_only=True)[names]
    assert (item.state, (tree.layout.root / names).read_text()) == ("failed", "mine\n")
    assert "SHA-256" in item.why
    again = tree.fetch(server, lists_only=True, changed_is_meant=True)[names]
    assert again.state in ("there", "new")


def test_given_checksums_decide(tree: Tree, server: Server) -> None:
    items = tree.fetch(server, lists_only=True, sums={"frame_lists/train.csv": "0" * 64})
    assert items["frame_lists/train.csv"].state == "failed"
    assert not (tree.layout.frame_lists / "train.csv").exists()
    assert items["frame_lists/val.csv"].state == "new"


def test_unknown_videos_and_an_archive_that_is_none_are_told(
    tree: Tree, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(StackError, match="no video of the list"):
        tree.fetch(server, videos=("nobody",))
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/ava_v2.2.zip").write_bytes(b"PK no archive")
    server.folder = tmp_path
    other = Tree(type(tree.layout)(tmp_path / "other"))
    item = other.fetch(server, lists_only=True)["annotations/ava_v2.2.zip"]
    assert "cannot be unpacked" in item.what


def test_a_web_page_is_no_list(tree: Tree, server: Server, tmp_path: Path) -> None:
    (tmp_path / "frame_lists").mkdir()
    (tmp_path / "frame_lists/train.csv").write_text("<!DOCTYPE html><p>log in")
    server.folder = tmp_path
    item = Tree(type(tree.layout)(tmp_path / "o")).fetch(server, lists_only=True)
    assert "web page" in item["frame_lists/train.csv"].what


def test_shards_divide_the_list_without_rest(tree: Tree, server: Server) -> None:
    tree.fetch(server, lists_only=True)
    parts = [fetch.Want(shard=(i, 3)) for i in range(3)]
    shares = [fetch.absent(tree.layout, part) for part in parts]
    assert sorted(name for share in shares for name in share) == sorted(
        Path(name).stem for name in FILES
    )
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    with pytest.raises(StackError, match="no shard 3 of 3"):
        fetch.absent(tree.layout, fetch.Want(shard=(3, 3)))
