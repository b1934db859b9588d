"""Frames in one pass: exact, complete or not there, resumed, shared, and no other files changed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import disk_space
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    manifest,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.media import Tools
from support import ROOT
from support.ava_trees import GOOD, NUMBERS, PLAN, Tree, small_disk
from support.errors import fails
from support.synthetic_ava import numbers, video

RATES = {Path(name).stem: fps for name, (fps, _) in {**PLAN.train, **PLAN.val}.items()}


def test_each_video_is_a_line_and_the_good_ones_are_exact(filled: Tree) -> None:
    items = filled.extract()
    assert {name for name, item in items.items() if item.state == "new"} == set(GOOD)
    assert "3.0 s; seconds 2 to 5 are needed" in items["short"].cause
    assert "gives" in items["short"].message
    assert "is empty" in items["empty"].message
    assert items["broken"].message
    for name in GOOD:
        names = [path.name for path in filled.frames(name)]
        assert names == [f"{name}_{i:06d}.jpg" for i in range(1, 91)]
    assert not list(filled.layout.work.iterdir())


@pytest.mark.parametrize("name", GOOD)
def test_each_frame_is_the_nearest_one_of_the_source(finished: Tree, name: str) -> None:
    step = 1 / Fraction(RATES[name])
    seen = numbers(finished.layout.frames_of(name), name)
    off = [float(number * step - (2 + Fraction(i, 30))) for i, number in enumerate(seen)]
    assert max(map(abs, off)) <= float(step) / 2 + 0.002, off


def test_a_second_run_does_nothing_also_without_the_videos(finished: Tree) -> None:
    before = {name: finished.layout.manifest_of(name).stat().st_mtime_ns for name in GOOD}
    for path in finished.layout.videos.iterdir():
        path.unlink()
    items = finished.extract(videos=tuple(GOOD))
    assert {item.state for item in items.values()} == {"present"}
    after = {name: finished.layout.manifest_of(name).stat().st_mtime_ns for name in GOOD}
    assert before == after


def test_the_number_of_frames_is_that_of_the_list(filled: Tree) -> None:
    path = filled.layout.frame_lists / "val.csv"
    path.write_text(path.read_text() + 'c 4 90 c/c_000091.jpg ""\n')
    assert filled.extract(videos=("c", "d"))["c"].frames == 91
    assert len(filled.frames("d")) == 90


def test_complete_frames_of_another_origin_are_adopted(finished: Tree) -> None:
    finished.layout.manifest_of("c").unlink()
    before = finished.frames("c")[0].stat().st_mtime_ns
    assert finished.extract(videos=("c",))["c"].message == "adopted"
    assert finished.frames("c")[0].stat().st_mtime_ns == before
    assert finished.extract(videos=("c",))["c"].state == "present"


@pytest.mark.parametrize("harm", ["missing", "truncated", "foreign"])
def test_damaged_frames_of_another_origin_stay_until_replaced(finished: Tree, harm: str) -> None:
    finished.layout.manifest_of("c").unlink()
    victim = finished.frames("c")[5]
    if harm == "missing":
        victim.unlink()
    elif harm == "truncated":
        victim.write_bytes(victim.read_bytes()[:-2])
    else:
        (victim.parent / "notes.txt").write_text("mine")
    before = finished.frames("c")
    item = finished.extract(videos=("c",))["c"]
    assert (item.state, finished.frames("c")) == ("failed", before)
    assert harm in item.cause
    assert finished.extract(videos=("c",), replace=True)["c"].state == "new"
    assert len(finished.frames("c")) == 90


def test_a_video_that_was_replaced_is_extracted_again(filled: Tree) -> None:
    filled.extract(videos=("c",))
    video(filled.layout.videos / "c.webm", "30", 6)
    assert filled.extract(videos=("c",))["c"].state == "new"
    assert numbers(filled.layout.frames_of("c"), "c")[:3] == [60, 61, 62]


@pytest.mark.usefixtures("mirror")
def test_a_variable_frame_rate_gives_the_exact_number(tree: Tree, tmp_path: Path) -> None:
    for rate, name in (("12", "slow"), ("50", "fast")):
        video(tmp_path / f"{name}.mkv", rate, 3)
    both = tmp_path / "both.txt"
    both.write_text(f"file '{tmp_path}/slow.mkv'\nfile '{tmp_path}/fast.mkv'\n")
    tree.layout.videos.mkdir(parents=True)
    argv = ["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", str(both), "-c", "copy"]
    subprocess.run([*argv, str(tree.layout.videos / "vfr.mkv")], check=True)
    assert tree.extract()["vfr"].frames == 90


def test_a_file_without_pictures_is_called_that(filled: Tree) -> None:
    argv = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=6"]
    subprocess.run([*argv, "-c:a", "aac", str(filled.layout.videos / "empty.mp4")], check=True)
    (filled.layout.videos / "broken.mkv").write_bytes(b"\x00" * 999)
    items = filled.extract(videos=("empty", "broken"))
    assert items["empty"].cause == "It contains no video stream."
    assert "Invalid data" in items["broken"].cause
    assert "{" not in items["broken"].cause


def test_two_files_of_one_name_and_an_empty_tree_are_refused(filled: Tree, tmp_path: Path) -> None:
    (filled.layout.videos / "c.mp4").write_bytes(b"x")
    with fails("ava.duplicate-video"):
        filled.extract()
    with fails("ava.nothing-to-extract"):
        Tree(dataset.layout(str(tmp_path / "new"))).extract()


def test_without_ffmpeg_nothing_begins(filled: Tree) -> None:
    with fails("ffmpeg.not-runnable", "apt-get install ffmpeg"):
        filled.extract(tools=Tools("no-such-ffmpeg"))


def test_a_disk_without_space_is_refused_before_the_start(tmp_path: Path) -> None:
    disk_space.require(tmp_path / "not/yet/there", 1000, 10, "a few")
    with fails("disk.full", "1000000000.0 GB"):
        disk_space.require(tmp_path, 10**18, 1, "much")
    if os.statvfs(tmp_path).f_files:
        with fails("disk.full", 10**15):
            disk_space.require(tmp_path, 1, 10**15, "many")


@pytest.mark.parametrize("options", ["size=100k", "nr_inodes=40"])
def test_a_full_disk_gives_up_one_video_and_harms_nothing(filled: Tree, options: str) -> None:
    frames = filled.layout.frames
    small_disk(frames, options)
    try:
        item = filled.extract(videos=("c",), disk_check=False)["c"]
        assert item.state == "failed"
        assert "disk is full" in item.message
        assert not list(frames.rglob("*.jpg"))
    finally:
        subprocess.run(["umount", str(frames)], check=True)
    assert filled.extract(videos=("c",))["c"].state == "new"


def slow_extraction(tree: Tree) -> subprocess.Popen[bytes]:
    """Extract one long video in a process of its own, frames of which take a while."""
    video(tree.layout.videos / "long.avi", "30", 26)
    program = f"""
import sys
sys.path[:0] = [{str(ROOT / "plugins/module_utils")!r}]
from _stack.datasets.ava import dataset, scheduler
from _stack.core.process import Commands
tree = dataset.layout({str(tree.layout.root)!r})
numbers = dataset.DataSet(cut_s=1, frames=720)
(item,) = scheduler.run(Commands(), tree, numbers, scheduler.Options(videos=("long",)))
sys.exit(item.state != "new")
"""
    process = subprocess.Popen([sys.executable, "-c", program])
    while not list((tree.layout.work / "long").glob("*.jpg")):
        time.sleep(0.002)
    return process


@pytest.mark.usefixtures("mirror")
def test_killed_in_the_middle_nothing_half_made_is_taken_for_made(tree: Tree) -> None:
    process = slow_extraction(tree)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not tree.layout.frames_of("long").exists()
    assert manifest.read(tree.layout, "long") is None
    item = tree.extract(videos=("long",))["long"]  # waits until the orphan has ended
    assert (item.state, len(tree.frames("long"))) == ("new", NUMBERS.frames)
    assert not list(tree.layout.work.iterdir())


@pytest.mark.usefixtures("mirror")
def test_two_at_once_share_the_work(tree: Tree) -> None:
    process = slow_extraction(tree)
    video(tree.layout.videos / "other.avi", "30", 6)
    items = tree.extract(videos=("long", "other"))
    assert process.wait() == 0
    assert items["other"].state == "new"
    # The list says nothing, so 90 frames are due and 720 are there: ours, made again.
    assert len(tree.frames("long")) == NUMBERS.frames
    assert not list(tree.layout.work.iterdir())
