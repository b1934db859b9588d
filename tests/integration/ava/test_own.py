"""A data set of one's own clips, and tables that are wrong in every way."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    check,
    custom,
    rows,
    scheduler,
)
from support.ava_trees import Tree, small_disk
from support.errors import fails
from support.synthetic_ava import numbers, video

HEADER = "clip,second,x1,y1,x2,y2,label"
ROWS = [
    "my clip.mp4,0,0.1,0.2,0.3,0.4,sit,1,train",
    "my clip.mp4,1,0.1,0.2,0.3,0.4,wave,1,train",
    "my clip.mp4,1,0.1,0.2,0.3,0.4,sit,1,train",
    "Büro.avi,2,0.5,0.5,0.9,0.9,wave,2,val",
]


@pytest.fixture
def clips(tmp_path: Path, mirror: Path) -> Path:
    del mirror
    folder = tmp_path / "clips"
    video(folder / "my clip.mp4", "30", 2)
    video(folder / "Büro.avi", "24", 3)
    return folder


def table(tmp_path: Path, *lines: str, header: str = f"{HEADER},person,split") -> Path:
    path = tmp_path / "boxes.csv"
    path.write_text("\r\n".join([header, *lines]) + "\r\n", encoding="utf-8-sig")
    return path


def test_clips_and_a_table_become_a_complete_data_set(
    tree: Tree, clips: Path, tmp_path: Path
) -> None:
    made = custom.run(
        Commands(), tree.layout, table(tmp_path, *ROWS), scheduler.Options(folder=clips)
    )
    assert made.ok
    assert made.lists
    assert made.lists.classes == ("sit", "wave")
    folder = Path(made.lists.folder)
    found = check.run(tree.layout, custom.NUMBERS, "2.2", folder=folder)
    assert found.to_dict()["findings"] == []
    assert (folder / "annotations/ava_train_v2.2.csv").read_text().splitlines() == [
        "my_clip,0902,0.1000,0.2000,0.3000,0.4000,1,1",
        "my_clip,0903,0.1000,0.2000,0.3000,0.4000,2,1",
        "my_clip,0903,0.1000,0.2000,0.3000,0.4000,1,1",
    ]
    assert "NUM_CLASSES: 2" in (folder / "ava.yaml").read_text()
    again = custom.run(
        Commands(), tree.layout, table(tmp_path, *ROWS), scheduler.Options(folder=clips)
    )
    assert again.changed is False


def test_the_row_of_a_second_shows_that_second_of_the_clip(
    tree: Tree, clips: Path, tmp_path: Path
) -> None:
    made = custom.run(
        Commands(), tree.layout, table(tmp_path, *ROWS), scheduler.Options(folder=clips)
    )
    listed = list(rows.frame_rows(Path(made.lists.folder) / "frame_lists/val.csv"))
    shown = numbers(tree.layout.frames_of("Büro"), "Büro")
    for second in (0, 1, 2):
        name = listed[(902 + second - 900) * 30][2]
        assert abs(shown[int(name[-10:-4]) - 1] - 24 * second) <= 1


@pytest.mark.parametrize(
    ("lines", "header", "said"),
    [
        (["a,1,2,3"], "clip,second,x1,y1", "x2, y2, label"),
        (["a;1"], HEADER.replace(",", ";"), "commas"),
        ([], HEADER, "boxes.csv"),
        (["no one.mp4,0,0.1,0.2,0.3,0.4,x"], HEADER, "'no one.mp4'"),
        (["my clip.mp4,-1,0.1,0.2,0.3,0.4,x"], HEADER, "'-1'"),
        (["my clip.mp4,0.5,0.1,0.2,0.3,0.4,x"], HEADER, "'0.5'"),
        (["my clip.mp4,0,10,20,30,40,x"], HEADER, "x1 < x2"),
        (["my clip.mp4,0,0.1,0.2,0.3,0.4,"], HEADER, "label ''"),
        (["my clip.mp4,0,0.1,0.2,0.3,0.4,x,1"], HEADER, "header"),
        (["my clip.mp4,0,0.1,0.2,0.3,0.4,x,y"], f"{HEADER},person", "'y'"),
        (["my clip.mp4,0,0.1,0.2,0.3,0.4,x,dev"], f"{HEADER},split", "'dev'"),
        (["my clip.mp4,0,0.1,0.2,0.3,0.4,x"], HEADER, "All 1 clips"),
        (
            [f"my clip.mp4,0,0.1,0.2,0.3,0.4,label{i}" for i in range(81)]
            + ["Büro.avi,0,0.1,0.2,0.3,0.4,x"],
            HEADER,
            "82; ",
        ),
        (["my clip.mp4,5,0.1,0.2,0.3,0.4,x,train", ROWS[3].replace(",2,val", ",val")],
         f"{HEADER},split", "second 5"),
    ],
)  # fmt: skip
def test_each_wrong_table_is_named_and_nothing_is_written(
    tree: Tree, clips: Path, tmp_path: Path, lines: list[str], header: str, said: str
) -> None:
    path = table(tmp_path, *lines, header=header)
    with fails("ava.invalid-boxes", said):
        custom.run(Commands(), tree.layout, path, scheduler.Options(folder=clips), val_percent=50)
    assert not tree.layout.lists.exists()


def test_a_broken_clip_is_a_line_and_the_others_are_written(
    tree: Tree, clips: Path, tmp_path: Path
) -> None:
    (clips / "bad.mp4").write_bytes(b"no video")
    lines = [*ROWS, "bad.mp4,0,0.1,0.2,0.3,0.4,sit,1,train"]
    made = custom.run(
        Commands(), tree.layout, table(tmp_path, *lines), scheduler.Options(folder=clips)
    )
    assert [row.name for row in made.failures] == ["bad"]
    assert made.ok is False
    assert made.lists.splits["train"]["videos"] == 1


def test_two_clips_of_one_name_are_refused(tree: Tree, clips: Path, tmp_path: Path) -> None:
    video(clips / "my_clip.mkv", "30", 1)
    with fails("ava.duplicate-clip"):
        custom.run(Commands(), tree.layout, table(tmp_path, *ROWS), scheduler.Options(folder=clips))


def test_the_halves_do_not_change_when_clips_are_added() -> None:
    def boxes(count: int) -> list[custom.Box]:
        return [custom.Box(f"clip{i}", 0, (0, 0, 1, 1), "x", "0", "") for i in range(count)]

    few, many = custom.splits(boxes(30), 20), custom.splits(boxes(300), 20)
    assert all(many[clip] == half for clip, half in few.items())
    assert 30 < list(many.values()).count("val") < 90


def test_a_disk_without_space_for_the_clips_is_refused_before_the_start(
    tree: Tree, clips: Path, tmp_path: Path
) -> None:
    (clips / "bad.mp4").write_bytes(b"no video")
    small_disk(tree.layout.frames, "size=1m")
    lines = [*ROWS, "bad.mp4,0,0.1,0.2,0.3,0.4,sit,1,train"]
    try:
        # 2 and 3 seconds at 30 frames of 52,500 bytes.
        with fails("disk.full", "150 frames", "7.9 MB", "1.0 MB"):
            custom.run(
                Commands(), tree.layout, table(tmp_path, *lines), scheduler.Options(folder=clips)
            )
        assert not list(tree.layout.frames.iterdir())
    finally:
        subprocess.run(["umount", str(tree.layout.frames)], check=True)
