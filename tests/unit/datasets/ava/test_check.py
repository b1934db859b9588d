"""What a check counts and reports of a tree, at the limits of each rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    check,
    dataset,
    lists,
    rows,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.official import (
    VERSIONS,
    predicted,
)
from support.errors import fails

FRAMES, LEAD = 60, 30
NUMBERS = dataset.DataSet(cut_s=0, frames=FRAMES, lead=LEAD)
RELEASE = VERSIONS["2.2"]
HALVES = {"train": "a", "val": "c"}
BOX = "0.1,0.2,0.3,0.4"
JPEG = b"\xff\xd8\xff\xd9"


@pytest.fixture
def tree(tmp_path: Path) -> dataset.Layout:
    """A tree without a fault: a video of 60 frames in each split, listed after 30 repeated rows."""
    tree = dataset.layout(str(tmp_path / "ava"))
    tree.annotations.mkdir(parents=True)
    tree.frame_lists.mkdir()
    for index, (split, video) in enumerate(HALVES.items()):
        folder = tree.frames_of(video)
        folder.mkdir(parents=True)
        for number in range(1, FRAMES + 1):
            (folder / dataset.frame_name(video, number)).write_bytes(JPEG)
        text = "".join(lists.frame_list({video: FRAMES}, index, NUMBERS))
        (tree.frame_lists / f"{split}.csv").write_text(text)
        (tree.annotations / RELEASE.boxes(split)).write_text(f"{video},0902,{BOX},1,0\n")
        (tree.annotations / predicted(split)).write_text(f"{video},0902,{BOX},,0.9\n")
        (tree.annotations / RELEASE.excluded(split)).write_text(f"{video},0902\n")
    (tree.annotations / RELEASE.label_map).write_text(rows.label_map_text(["sit", "wave"]))
    tree.names.write_text("a.mp4\nc.mp4\n")
    return tree


def run(tree: dataset.Layout) -> check.Checked:
    return check.run(tree, NUMBERS, "2.2")


def truth(tree: dataset.Layout, split: str = "train") -> Path:
    return tree.annotations / RELEASE.boxes(split)


def append(path: Path, text: str, times: int = 1) -> None:
    path.write_text(path.read_text() + f"{text}\n" * times)


def test_everything_that_was_read_is_counted_and_reported(tree: dataset.Layout) -> None:
    reported: list[tuple[str, int, int | None]] = []
    found = check.run(
        tree,
        NUMBERS,
        "2.2",
        progress=lambda name, done, total: reported.append((name, done, total)),
    )
    assert found.findings == ()
    assert found.to_dict()["ok"] is True
    assert found.counted == {
        "train videos": 1,
        "train frames": LEAD + FRAMES,
        "val videos": 1,
        "val frames": LEAD + FRAMES,
        "frames": 2 * FRAMES,
        "bytes": 2 * FRAMES * len(JPEG),
        "classes": 2,
        "rows of ava_train_v2.2.csv": 1,
        "rows of ava_train_predicted_boxes.csv": 1,
        "rows of ava_train_excluded_timestamps_v2.2.csv": 1,
        "rows of ava_val_v2.2.csv": 1,
        "rows of ava_val_predicted_boxes.csv": 1,
        "rows of ava_val_excluded_timestamps_v2.2.csv": 1,
    }
    each = LEAD + FRAMES
    assert reported[0] == (check.ALL, 0, 2 * each)
    assert sorted(reported[1:]) == [("a", each, each), ("c", each, each)]


@pytest.mark.parametrize(
    ("file", "row"),
    [
        (RELEASE.boxes("train"), f"a,0902,{BOX}"),
        (RELEASE.boxes("train"), f"a,0903,{BOX},1,0"),
        (predicted("train"), f"a,0902,{BOX},,7"),
        (predicted("val"), f"c,0903,{BOX},,0.95"),
        (RELEASE.excluded("train"), "a,902,1"),
        (RELEASE.excluded("val"), "c,late"),
    ],
)
@pytest.mark.parametrize(("count", "shown", "more"), [(1, 1, 0), (5, 5, 0), (6, 5, 1), (8, 5, 3)])
def test_five_wrong_rows_of_a_kind_are_shown_and_the_others_counted(
    tree: dataset.Layout, file: str, row: str, count: int, shown: int, more: int
) -> None:
    append(tree.annotations / file, row, count)
    found = run(tree)
    assert not found.ok
    assert {finding.level for finding in found.findings} == {"error"}
    assert {Path(finding.where).name for finding in found.findings} == {file}
    messages = [finding.message for finding in found.findings]
    assert [int(text.split()[1].rstrip(":")) for text in messages[:shown]] == [*range(2, shown + 2)]
    assert [text.split()[0] for text in messages[shown:]] == ([str(more)] if more else [])
    assert found.counted[f"rows of {file}"] == count + 1


def test_labels_outside_the_map_are_one_warning_with_their_number(tree: dataset.Layout) -> None:
    append(truth(tree), f"a,0902,{BOX},3,0", 7)
    (finding,) = run(tree).findings
    assert (finding.level, finding.message.split()[0]) == ("warning", "7")
    (tree.annotations / RELEASE.label_map).write_text("")
    assert [row.level for row in run(tree).findings] == ["error"]  # the map's own


@pytest.mark.parametrize(
    ("frames", "second", "ok"), [(61, "0903", True), (60, "0903", False), (60, "0902", True)]
)
def test_a_box_is_late_from_the_first_second_after_the_list(
    tree: dataset.Layout, frames: int, second: str, *, ok: bool
) -> None:
    numbers = dataset.DataSet(cut_s=0, frames=frames, lead=LEAD)
    text = "".join(lists.frame_list({"a": frames}, 0, numbers))
    (tree.frame_lists / "train.csv").write_text(text)
    (tree.frames_of("a") / dataset.frame_name("a", 61)).write_bytes(JPEG)
    append(truth(tree), f"a,{second},{BOX},1,0")
    late = [row for row in run(tree).findings if Path(row.where) == truth(tree)]
    assert (late == []) is ok


def test_rows_of_a_list_that_name_another_frame(tree: dataset.Layout) -> None:
    path = tree.frame_lists / "val.csv"
    for count, shown in ((1, 1), (5, 5), (6, 5)):
        text = "".join(lists.frame_list({"c": FRAMES}, 1, NUMBERS))
        for number in range(10, 10 + count):
            text = text.replace(f"c/c_{number:06d}", f"c/c_{number + 20:06d}")
        path.write_text(text)
        wrong = run(tree).findings
        assert [row.message.split()[-1] for row in wrong] == [
            f"{number}." for number in range(10, 10 + shown)
        ]


@pytest.mark.parametrize(("absent", "more"), [(5, False), (6, True)])
def test_videos_without_frames_are_named_up_to_five(
    tree: dataset.Layout, absent: int, *, more: bool
) -> None:
    append(tree.names, "\n".join(f"m{number}.mp4" for number in range(absent)))
    (finding,) = run(tree).findings
    assert finding.level == "error"
    assert finding.message.split()[0] == str(absent)
    assert ("..." in finding.message) is more
    assert ("m4" in finding.message, "m5" in finding.message) == (True, False)
    elsewhere = check.run(tree, NUMBERS, "2.2", folder=tree.root / ".")
    assert elsewhere.findings == (finding,)


def test_incomplete_frames_are_named_up_to_five(tree: dataset.Layout) -> None:
    tree.work.mkdir()
    assert run(tree).findings == ()
    for number in range(6):
        (tree.work / f"w{number}").mkdir()
    (finding,) = run(tree).findings
    assert (finding.level, finding.where) == ("warning", str(tree.work))
    assert ("w4" in finding.message, "w5" in finding.message) == (True, False)


def test_folders_and_files_that_no_list_names(tree: dataset.Layout) -> None:
    (tree.frames / "b").mkdir()
    (tree.frames / "note").touch()
    found = run(tree).findings
    assert [(row.level, Path(row.where).name) for row in found] == [
        ("warning", "b"),
        ("warning", "note"),
    ]
    for path in tree.frame_lists.iterdir():
        path.unlink()
    warned = [row.where for row in run(tree).findings if row.level == "warning"]
    assert Path(str(tree.frames / "note")) in map(Path, warned)
    assert str(tree.frames / "b") not in warned  # without lists, all would be foreign


def test_what_a_split_may_lack(tree: dataset.Layout) -> None:
    for path in (
        tree.annotations / predicted("train"),
        tree.annotations / RELEASE.excluded("train"),
    ):
        path.unlink()
    assert run(tree).findings == ()
    persons, excluded = (
        tree.annotations / predicted("val"),
        tree.annotations / RELEASE.excluded("val"),
    )
    for path in (persons, excluded):
        path.unlink()
    assert [(row.level, row.where) for row in run(tree).findings] == [
        ("error", str(persons)),
        ("error", str(excluded)),
    ]


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_list_and_its_boxes_have_the_same_videos(tree: dataset.Layout, split: str) -> None:
    used = truth(tree) if split == "train" else tree.annotations / predicted("val")
    end = "1,0" if split == "train" else ",0.9"
    for number in range(6):
        append(used, f"f{number},0902,{BOX},{end}")
    (finding,) = run(tree).findings
    assert (finding.level, finding.where) == ("error", str(used))
    assert finding.message.split()[0] == "6"
    assert ("f4" in finding.message, "f5" in finding.message) == (True, False)
    used.write_text("")
    (finding,) = run(tree).findings
    assert (finding.level, finding.where, finding.message.split()[0]) == ("error", str(used), "1")
    assert finding.message.endswith(f": {HALVES[split]}.")


def test_only_persons_of_the_threshold_count_as_boxes(tree: dataset.Layout) -> None:
    persons = tree.annotations / predicted("val")
    persons.write_text(f"c,0902,{BOX},,0.899\n")
    assert [row.where for row in run(tree).findings] == [str(persons)]


def test_ground_truth_of_videos_outside_the_list_is_a_warning(tree: dataset.Layout) -> None:
    for number in range(6):
        append(truth(tree, "val"), f"f{number},0902,{BOX},1,0")
    (finding,) = run(tree).findings
    assert (finding.level, finding.message.split()[0]) == ("warning", "6")
    assert ("f4" in finding.message, "f5" in finding.message) == (True, False)


def test_without_frames_the_folder_is_named(tree: dataset.Layout) -> None:
    tree.frames.rename(tree.root / "away")
    found = run(tree).findings
    assert [row.where for row in found] == [
        str(tree.frames),
        str(tree.frames_of("a")),
        str(tree.frames_of("c")),
    ]


@pytest.mark.parametrize("every", [True, False])
def test_an_empty_split_says_how_many_videos_are_left_out(
    tree: dataset.Layout, *, every: bool
) -> None:
    (tree.annotations / predicted("val")).write_text(f"x,0902,{BOX},,1\n")
    with fails("ava.empty-split", "Of 1 videos", "1 are left out", "val") as caught:
        lists.write(tree, NUMBERS, "2.2", every=every)
    assert "train" not in str(caught.value)


def test_empty_lists_and_empty_boxes_leave_out_nothing(tree: dataset.Layout) -> None:
    for split in HALVES:
        (tree.frame_lists / f"{split}.csv").write_text(rows.HEADER + "\n")
    with fails("ava.empty-split", "train and val") as caught:
        lists.write(tree, NUMBERS, "2.2", every=True)
    assert caught.value.cause == "No list and no boxes name one."


def test_written_lists_count_their_rows_and_number_videos_across_splits(
    tree: dataset.Layout,
) -> None:
    made = lists.write(tree, NUMBERS, "2.2", every=False)
    assert made.changed
    assert (made.left_out, made.classes) == ({}, ())
    assert made.splits == {split: {"videos": 1, "frames": FRAMES} for split in HALVES}
    folder = Path(made.folder)
    for index, (split, video) in enumerate(HALVES.items()):
        listed = [
            row.split() for row in (folder / f"frame_lists/{split}.csv").read_text().splitlines()
        ][1:]
        assert {row[1] for row in listed} == {str(index)}
        assert [int(row[2]) for row in listed] == [*range(LEAD + FRAMES)]
        shown = [max(1, number - LEAD) for number in range(1, LEAD + FRAMES + 1)]
        assert [row[3] for row in listed] == [
            f"{video}/{dataset.frame_name(video, number)}" for number in shown
        ]
    text = Path(made.config).read_text()
    assert f'TEST_PREDICT_BOX_LISTS: ["{predicted("val")}"]' in text
    assert "NUM_CLASSES" not in text
    assert not lists.write(tree, NUMBERS, "2.2", every=False).changed
    append(folder / "frame_lists/val.csv", "x")
    assert lists.write(tree, NUMBERS, "2.2", every=False).changed
    assert not lists.write(tree, NUMBERS, "2.2", every=False).changed
    (tree.annotations / predicted("val")).unlink()
    text = Path(lists.write(tree, NUMBERS, "2.2", every=False).config).read_text()
    assert "TEST_PREDICT_BOX_LISTS: []" in text
