"""The table of custom clips, row by row, and the lists that come of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    custom,
    dataset,
    manifest,
    rows,
    scheduler,
)
from support.errors import fails

HEADER = "clip,second,x1,y1,x2,y2,label,person,split"
CLIPS = {"a": Path("a.mp4"), "b": Path("b.mp4")}
GOOD = {"clip": "a.mp4", "second": "1", "x1": "0.1", "y1": "0.2", "x2": "0.6", "y2": "0.8"}
GOOD |= {"label": "sit", "person": "3", "split": "train"}
BOX = custom.Box("a", 1, (0.1, 0.2, 0.6, 0.8), "sit", "3", "train")


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "boxes.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def row(**changes: str) -> str:
    return ",".join({**GOOD, **changes}.values())


def box(clip: str = "a", second: int = 0, label: str = "sit", split: str = "") -> custom.Box:
    return custom.Box(clip, second, (0.0, 0.0, 1.0, 0.5), label, "0", split)


def test_the_first_frame_is_repeated_for_the_two_seconds_before_the_boxes() -> None:
    assert custom.NUMBERS.lead == 60
    assert dataset.DataSet(name="custom", cut_s=0, frames=None, lead=60) == custom.NUMBERS


@pytest.mark.parametrize(
    ("clip", "name"),
    [
        ("my clip.mp4", "my_clip"),
        ("Büro.avi", "Büro"),
        ("a.b.mp4", "a.b"),
        ("plain", "plain"),
        ("..x.mp4", "x"),
        ("...mp4", "_"),
        ("a,b-c.mp4", "a_b-c"),
    ],
)
def test_names_of_clips_in_the_lists(clip: str, name: str) -> None:
    assert custom.video_name(clip) == name


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, BOX),
        ({"second": "0"}, custom.Box("a", 0, BOX.corners, "sit", "3", "train")),
        ({"second": "896"}, custom.Box("a", 896, BOX.corners, "sit", "3", "train")),
        ({"person": ""}, custom.Box("a", 1, BOX.corners, "sit", "0", "train")),
        ({"split": "val"}, custom.Box("a", 1, BOX.corners, "sit", "3", "val")),
        ({"split": ""}, custom.Box("a", 1, BOX.corners, "sit", "3", "")),
        (
            {"x1": "0", "y1": "0", "x2": "1", "y2": "1"},
            custom.Box("a", 1, (0.0, 0.0, 1.0, 1.0), "sit", "3", "train"),
        ),
        ({"clip": " a.mp4 ", "label": " sit "}, BOX),
    ],
)
def test_a_good_row_is_a_box(tmp_path: Path, changes: dict[str, str], found: custom.Box) -> None:
    assert custom.read(table(tmp_path, row(**changes)), CLIPS) == [found]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"clip": "z.mp4"}, "clip"),
        ({"second": "897"}, "second"),
        ({"second": "-1"}, "second"),
        ({"second": "1.5"}, "second"),
        ({"x1": "left"}, "corners"),
        ({"x1": "0.6"}, "corners"),
        ({"x1": "-0.1"}, "corners"),
        ({"x2": "1.1"}, "corners"),
        ({"y1": "0.8"}, "corners"),
        ({"y1": "-0.1"}, "corners"),
        ({"y2": "1.1"}, "corners"),
        ({"label": ""}, "label"),
        ({"label": '"s""t"'}, "label"),
        ({"split": "test"}, "split"),
        ({"person": "x"}, "person"),
        ({"split": "train,more"}, "more fields"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(
    tmp_path: Path, changes: dict[str, str], field: str
) -> None:
    with fails("ava.invalid-boxes", "Line 3: ", field):
        custom.read(table(tmp_path, row(), row(**changes)), CLIPS)


@pytest.mark.parametrize(("count", "more"), [(10, ""), (11, "1"), (13, "3")])
def test_ten_wrong_rows_are_named_and_the_others_counted(
    tmp_path: Path, count: int, more: str
) -> None:
    with fails("ava.invalid-boxes") as caught:
        custom.read(table(tmp_path, *[row(second="x")] * count), CLIPS)
    named = caught.value.cause.splitlines()
    assert [line.split()[1] for line in named[:10]] == [f"{line}:" for line in range(2, 12)]
    assert [line.split()[0] for line in named[10:]] == ([more] if more else [])


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("clip,second,x1,y1,x2,y2", ("6 columns", "label")),
        ("clip;second;x1;y1;x2;y2;label", ("1 columns", "commas")),
        ("", ("0 columns", "clip")),
    ],
)
def test_a_header_that_lacks_columns(tmp_path: Path, header: str, values: tuple[str, str]) -> None:
    with fails("ava.invalid-boxes", *values) as caught:
        custom.read(table(tmp_path, header=header), CLIPS)
    assert ("commas" in str(caught.value.cause)) is (";" in header)


def test_a_header_may_have_spaces_and_other_orders(tmp_path: Path) -> None:
    header = "label, clip ,second,x1,y1,x2,y2"
    (found,) = custom.read(table(tmp_path, "sit,a.mp4,1,0,0,1,1", header=header), CLIPS)
    assert (found.label, found.person, found.split) == ("sit", "0", "")


def test_a_table_without_rows_and_a_file_that_is_none(tmp_path: Path) -> None:
    with fails("ava.invalid-boxes"):
        custom.read(table(tmp_path), CLIPS)
    with fails("file.unreadable"):
        custom.read(tmp_path / "absent.csv", CLIPS)
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe")
    with fails("file.unreadable"):
        custom.read(tmp_path / "bytes.csv", CLIPS)


def test_clips_by_name_and_two_that_become_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "a b.mp4", tmp_path / "a,b.mkv"
    assert custom.clips_in(tmp_path, {"a b": first}) == {"a_b": first}
    with fails("ava.duplicate-clip", "a b.mp4", "a,b.mkv", "a_b"):
        custom.clips_in(tmp_path, {"a b": first, "a,b": second})


def test_the_split_of_a_clip_is_that_of_its_rows() -> None:
    found = custom.splits([box("a", split="val"), box("b", split="train")], 20)
    assert found == {"a": "val", "b": "train"}
    with fails("ava.invalid-boxes", "a"):
        custom.splits([box("a", split="val"), box("a", split="train")], 20)


def test_without_a_split_the_hash_of_the_name_decides() -> None:
    # The first eight digits of SHA-256 modulo 100: ca978112, 3e23e816, 2e7d2c03, 18ac3e73.
    boxes = [box(clip) for clip in "abcd"]
    chances = {"a": 10, "b": 66, "c": 3, "d": 63}
    for percent in (3, 4, 10, 11, 63, 64, 66):
        expected = {clip: "val" if chances[clip] < percent else "train" for clip in chances}
        if len(set(expected.values())) == 1:
            with fails("ava.invalid-boxes", "val"):
                custom.splits(boxes, percent)
        else:
            assert custom.splits(boxes, percent) == expected
    with fails("ava.invalid-boxes", "All 4 clips", "train"):
        custom.splits(boxes, 100)


def test_eighty_labels_are_possible_and_one_more_is_not() -> None:
    names = [f"label {number:02d}" for number in range(80)]
    assert custom.labels_of([box(label=name) for name in reversed(names)]) == names
    with fails("ava.invalid-boxes", "81", "80"):
        custom.labels_of([box(label=name) for name in (*names, "one more")])


def test_lists_of_clips_have_their_boxes_labels_and_counts(tmp_path: Path) -> None:
    tree = dataset.layout(str(tmp_path))
    boxes = [
        box("a", 0, "wave", "train"),
        box("a", 1, "sit", "train"),
        box("b", 2, "sit", "val"),
        box("b", 2, "wave", "val"),
        box("absent", 9, "run", "val"),
    ]
    made = custom.write(tree, boxes, {"a": 31, "b": 61}, 20)
    assert made.changed
    assert made.classes == ("sit", "wave")
    assert made.splits == {
        "train": {"videos": 1, "frames": 31},
        "val": {"videos": 1, "frames": 61},
    }
    folder = Path(made.folder)
    corners = "0.0000,0.0000,1.0000,0.5000"
    texts = {path.name: path.read_text() for path in (folder / "annotations").iterdir()}
    assert texts == {
        "ava_train_v2.2.csv": f"a,0902,{corners},2,0\na,0903,{corners},1,0\n",
        "ava_val_v2.2.csv": f"b,0904,{corners},1,0\nb,0904,{corners},2,0\n",
        "ava_val_predicted_boxes.csv": f"b,0904,{corners},,1.0\n",
        "ava_train_excluded_timestamps_v2.2.csv": "",
        "ava_val_excluded_timestamps_v2.2.csv": "",
        "ava_action_list_v2.2_for_activitynet_2019.pbtxt": rows.label_map_text(["sit", "wave"]),
    }
    listed = list(rows.frame_rows(folder / "frame_lists/val.csv"))
    assert len(listed) == 60 + 61
    assert "NUM_CLASSES: 2\n" in Path(made.config).read_text()
    assert not custom.write(tree, boxes, {"a": 31, "b": 61}, 20).changed
    assert custom.write(tree, boxes, {"a": 32, "b": 61}, 20, dry=True).changed
    assert custom.write(tree, boxes, {"a": 32, "b": 61}, 20).changed


@pytest.mark.parametrize(("frames", "ok"), [(30, False), (31, True)])
def test_a_box_needs_the_frame_of_its_second(tmp_path: Path, frames: int, *, ok: bool) -> None:
    tree = dataset.layout(str(tmp_path))
    boxes = [box("a", 1, split="train"), box("b", 0, split="val")]
    if ok:
        assert custom.write(tree, boxes, {"a": frames, "b": 1}, 20).changed
    else:
        with fails("ava.invalid-boxes", "1 boxes", "a has no second 1"):
            custom.write(tree, boxes, {"a": frames, "b": 1}, 20)
        with fails("ava.invalid-boxes", "12 boxes") as caught:
            custom.write(tree, [*[boxes[0]] * 12, boxes[1]], {"a": frames, "b": 1}, 20)
        assert len(caught.value.cause.splitlines()) == 10


def test_a_dry_run_says_whether_frames_would_be_made(tmp_path: Path) -> None:
    tree = dataset.layout(str(tmp_path / "ava"))
    folder = tmp_path / "clips"
    folder.mkdir()
    for clip in CLIPS.values():
        (folder / clip).write_bytes(b"video")
    path = table(tmp_path, row(), row(clip="b.mp4", split="val"))

    def planned() -> bool:
        options = scheduler.Options(folder=folder)
        made = custom.run(Commands(), tree, path, options, dry=True)
        assert (made.ok, made.results, made.lists) == (True, (), None)
        return made.changed

    assert planned()
    for name in CLIPS:
        assert planned()
        manifest.write(tree, manifest.Manifest(name, 60, 1, "0"))
    assert not planned()
    assert not tree.frames.exists()
    table(tmp_path, *(row(label=f"label {n}", split=("train", "val")[n % 2],
                          clip=("a.mp4", "b.mp4")[n % 2]) for n in range(81)))  # fmt: skip
    with fails("ava.invalid-boxes", "81"):
        planned()
