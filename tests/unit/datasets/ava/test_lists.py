"""Frame lists and annotations exactly as the loader reads them, and what a check finds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    check,
    lists,
    rows,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.dataset import (
    described,
    load,
    usable_name,
)
from support.ava_trees import GOOD, NUMBERS, PLAN, Tree
from support.errors import fails

TRUTH = "ava_val_v2.2.csv"
PERSONS = "ava_val_predicted_boxes.csv"


def written(tree: Tree, *, every: bool = False) -> Path:
    return Path(lists.write(tree.layout, NUMBERS, "2.2", every=every).folder)


def videos(path: Path) -> list[str]:
    return sorted({video for _, video, _ in rows.frame_rows(path)})


def text_of(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_lists_of_existing_files_name_exactly_that_in_all_files(finished: Tree) -> None:
    folder = written(finished)
    for half in ("train", "val"):
        mine = sorted(name for name in GOOD if GOOD[name] == half)
        assert videos(folder / "frame_lists" / f"{half}.csv") == mine
        for file in (f"ava_{half}_v2.2.csv", f"ava_{half}_predicted_boxes.csv"):
            boxes = (folder / "annotations" / file).read_text().splitlines()
            assert sorted({row.split(",")[0] for row in boxes}) == mine


def test_lists_of_everything_are_the_official_ones_and_these_stay(finished: Tree) -> None:
    tree = finished.layout
    before = text_of(tree.frame_lists)
    made = lists.write(tree, NUMBERS, "2.2", every=True)
    folder = Path(made.folder)
    assert made.splits["train"] == {"videos": len(PLAN.train), "frames": 90 * len(PLAN.train)}
    for half in ("train", "val"):
        official = (tree.frame_lists / f"{half}.csv").read_text()
        assert (folder / "frame_lists" / f"{half}.csv").read_text() == official
    assert text_of(tree.frame_lists) == before


def test_a_second_writing_changes_nothing_and_more_frames_restore_rows(finished: Tree) -> None:
    hidden = finished.layout.root / "hidden"
    finished.layout.frames_of("c").rename(hidden)
    assert "c" in lists.write(finished.layout, NUMBERS, "2.2", every=False).left_out
    assert lists.write(finished.layout, NUMBERS, "2.2", every=False).changed is False
    hidden.rename(finished.layout.frames_of("c"))
    made = lists.write(finished.layout, NUMBERS, "2.2", every=False, dry=True)
    assert made.changed is True
    assert videos(Path(made.folder) / "frame_lists/val.csv") == ["d"]
    assert videos(written(finished) / "frame_lists/val.csv") == ["c", "d"]


def test_without_official_lists_the_boxes_say_the_halves(finished: Tree) -> None:
    official = (finished.layout.frame_lists / "train.csv").read_text()
    for path in finished.layout.frame_lists.iterdir():
        path.unlink()
    folder = written(finished, every=True)
    assert (folder / "frame_lists/train.csv").read_text().split()[:8] == official.split()[:8]


def test_a_video_whose_persons_are_all_uncertain_is_left_out(finished: Tree) -> None:
    path = finished.layout.annotations / PERSONS
    text = path.read_text().splitlines()
    path.write_text("\n".join(r[:-5] + "0.5" if r.startswith("c,") else r for r in text) + "\n")
    made = lists.write(finished.layout, NUMBERS, "2.2", every=False)
    assert made.left_out["c"] == "it has no boxes that would be used"


def test_a_name_that_would_break_the_rows_is_left_out(finished: Tree) -> None:
    path = finished.layout.annotations / TRUTH
    persons = finished.layout.annotations / PERSONS
    for file in (path, persons):
        file.write_text(file.read_text().replace("c,09", "my video,09"))
    for name in ("train.csv", "val.csv"):
        (finished.layout.frame_lists / name).unlink()
    made = lists.write(finished.layout, NUMBERS, "2.2", every=True)
    assert made.left_out["my video"] == "a list cannot hold its name"
    assert videos(Path(made.folder) / "frame_lists/val.csv") == [
        name for name in sorted(p.rpartition(".")[0] for p in PLAN.val) if name != "c"
    ]


def test_crlf_and_a_missing_header(finished: Tree) -> None:
    path = finished.layout.frame_lists / "val.csv"
    rest = path.read_text().splitlines()[1:]
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    boxes = finished.layout.annotations / TRUTH
    boxes.write_bytes(boxes.read_bytes().replace(b"\n", b"\r\n"))
    folder = written(finished)
    assert b"\r" not in (folder / "annotations" / TRUTH).read_bytes()
    assert b"\r" not in (folder / "frame_lists/val.csv").read_bytes()
    path.write_text("\n".join(rest))
    with fails("ava.invalid-list"):
        written(finished)


def test_a_tree_that_is_as_training_reads_it_has_no_finding(finished: Tree) -> None:
    found = check.run(finished.layout, NUMBERS, "2.2", folder=written(finished))
    assert found.to_dict()["findings"] == []
    assert found.counted["frames"] == 90 * len(GOOD)
    official = check.run(finished.layout, NUMBERS, "2.2")
    assert not official.ok
    assert "4 videos have no frames" in official.findings[0].message


def on(file: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        path = folder / file
        path.write_text(change(path.read_text()))

    return act


def add(file: str, row: str) -> Callable[[Path], None]:
    return on(f"annotations/{file}", lambda text: text + row + "\n")


LABELS = "annotations/ava_action_list_v2.2_for_activitynet_2019.pbtxt"
HARMS: list[tuple[str, Callable[[Path], None]]] = [
    ("4 columns instead of 7 or 8", add(TRUTH, "c,0902,0.1,0.2")),
    ("second '0901' is not one of 902 to 1798", add(TRUTH, "c,0901,0.1,0.2,0.3,0.4,1,0")),
    ("is after frame 90", add(TRUTH, "c,0910,0.1,0.2,0.3,0.4,1,0")),
    ("not x1 < x2", add(TRUTH, "c,0902,0.5,0.2,0.3,0.4,1,0")),
    ("not x1 < x2", add(TRUTH, "c,0902,10,20,30,40,1,0")),
    ("are not numbers", add(TRUTH, "c,0902,a,b,c,d,1,0")),
    ("label '81' is not one of 1 to 80", add(TRUTH, "c,0902,0.1,0.2,0.3,0.4,81,0")),
    ("label '' is not", add(TRUTH, "c,0902,0.1,0.2,0.3,0.4,,0.9")),
    ("is this a ground-truth file?", add(PERSONS, "c,0902,0.1,0.2,0.3,0.4,12,7")),
    ("7 columns instead of 8", add(PERSONS, "c,0902,0.1,0.2,0.3,0.4,12")),
    ("have boxes and no frames", add(PERSONS, "foreign,0902,0.1,0.2,0.3,0.4,,0.99")),
    (
        "no box that is used",
        on(f"annotations/{PERSONS}", lambda text: text.replace("c,", "x,")),
    ),
    ("is not a label map", on(LABELS, lambda text: text.replace("id: 3", "id: 99"))),
    ("is not a label map", on(LABELS, lambda _: "")),
    ("names no frame", on("frame_lists/val.csv", lambda text: text.splitlines()[0] + "\n")),
    ("has no header", on("frame_lists/val.csv", lambda text: text.partition("\n")[2])),
    (
        "4 fields instead of 5",
        on("frame_lists/val.csv", lambda text: text.replace(' ""', "", 3)),
    ),
    (
        "expected frame",
        on("frame_lists/val.csv", lambda text: text.replace("c_000003", "c_000004", 1)),
    ),
    (
        "is not a video and a second",
        add("ava_val_excluded_timestamps_v2.2.csv", "c,0902,1"),
    ),
    ("It is missing", lambda folder: (folder / "annotations" / PERSONS).unlink()),
    ("cannot be read", lambda folder: (folder / "annotations" / TRUTH).unlink()),
    ("cannot be read", lambda folder: (folder / LABELS).write_bytes(b"\xff\xfe")),
]


@pytest.mark.parametrize(("said", "harm"), HARMS)
def test_each_harm_is_found_and_named(
    finished: Tree, said: str, harm: Callable[[Path], None]
) -> None:
    folder = written(finished)
    harm(folder)
    found = check.run(finished.layout, NUMBERS, "2.2", folder=folder)
    assert not found.ok
    result = [f"{finding.where} {finding.message}" for finding in found.findings]
    assert any(said in text for text in result), result


@pytest.mark.parametrize("kind", ["missing", "truncated", "foreign"])
def test_frames_that_changed_are_found_with_the_command_that_fixes_them(
    finished: Tree, kind: str
) -> None:
    folder = written(finished)
    victim = finished.frames("c")[7]
    if kind == "missing":
        victim.unlink()
    elif kind == "truncated":
        victim.write_bytes(victim.read_bytes()[:-2])
    else:
        victim.with_name("c_000091.jpg").write_bytes(victim.read_bytes())
    found = check.run(finished.layout, NUMBERS, "2.2", folder=folder)
    (finding,) = found.findings
    assert f"1 {kind}" in finding.message
    assert "--only=c" in finding.hint
    fast = check.run(finished.layout, NUMBERS, "2.2", folder=folder, deep=False)
    assert fast.ok is (kind == "truncated")


def test_leftovers_and_foreign_files_are_warnings(finished: Tree) -> None:
    folder = written(finished)
    (finished.layout.work / "missing").mkdir(parents=True)
    (finished.layout.frames / "foreign").mkdir()
    (finished.layout.frames / "note.txt").write_text("x")
    found = check.run(finished.layout, NUMBERS, "2.2", folder=folder)
    assert found.ok
    assert [finding.level for finding in found.findings] == ["warning"] * 3


def test_rows_with_labels_that_the_map_lacks_are_one_warning(finished: Tree) -> None:
    folder = written(finished)
    for label in (60, 70, 80):
        add(TRUTH, f"c,0902,0.1,0.2,0.3,0.4,{label},0")(folder)
    (finding,) = check.run(finished.layout, NUMBERS, "2.2", folder=folder).findings
    assert (finding.level, finding.message[:6]) == ("warning", "3 rows")


def test_ground_truth_of_other_videos_is_a_warning(finished: Tree) -> None:
    folder = written(finished)
    add(TRUTH, "foreign,0902,0.1,0.2,0.3,0.4,1,0")(folder)
    (finding,) = check.run(finished.layout, NUMBERS, "2.2", folder=folder).findings
    assert (finding.level, finding.message) == ("warning", "1 videos are not in the list: foreign.")
    assert "counts all they show as missed" in finding.hint


def test_the_numbers_of_a_tree_are_read_strictly(finished: Tree) -> None:
    assert load(finished.layout) == NUMBERS
    assert described({"frames": None}).frames is None
    for wrong in ({"frams": 1}, {"frames": -1}, {"cut_s": "2"}, []):
        with pytest.raises(StackError):
            described(wrong)
    assert dataclasses.asdict(NUMBERS)["quality"] == 1
    (finished.layout.state / "dataset.json").write_text("{")
    with fails("record.unreadable"):
        load(finished.layout)


@pytest.mark.parametrize(
    ("name", "usable"),
    [("-5KQ", True), ("ü_1", True), ("a b", False), ("a/b", False), ("", False), (".x", False)],
)
def test_names_that_lists_can_hold(name: str, *, usable: bool) -> None:
    assert usable_name(name) is usable
