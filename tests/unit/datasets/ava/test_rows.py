"""Rows of frame lists, boxes and label maps at their limits; official files and their places."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    Unreadable,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    official,
    rows,
    sources,
)

HEADER = "original_vido_id video_id frame_id path labels\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_frame_row_is_read_as_it_was_written(tmp_path: Path) -> None:
    row = rows.frame_row("a%d", 3, 7, "a%d/a%d_000008.jpg")
    assert row == 'a%d 3 7 a%d/a%d_000008.jpg ""\n'
    assert list(rows.frame_rows(written(tmp_path, HEADER + row))) == [
        (2, "a%d", "a%d/a%d_000008.jpg")
    ]


@pytest.mark.parametrize(
    "text",
    [
        'a 0 0 a/a_000001.jpg ""\n',
        HEADER + "a 0 0 a/a_000001.jpg\n",
        HEADER + 'a 0 0 a/a b_000001.jpg ""\n',
        HEADER + "\n",
    ],
)
def test_a_list_that_the_loader_would_misread_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        list(rows.frame_rows(written(tmp_path, text)))
    assert caught.value.code == "ava.invalid-list"


def test_another_header_of_five_words_is_skipped_as_the_loader_does(tmp_path: Path) -> None:
    assert list(rows.frame_rows(written(tmp_path, "a b c d e\n"))) == []


def test_a_missing_list_and_bytes_that_are_no_text_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\n")
    for path in (tmp_path / "absent", tmp_path / "bytes"):
        with pytest.raises(Unreadable) as caught:
            list(rows.lines(path))
        assert caught.value.code == "file.unreadable"


def test_the_highest_number_of_each_video_is_that_of_its_last_rows(tmp_path: Path) -> None:
    text = HEADER + "".join(
        f'{video} 0 {number - 1} {video}/{video}_{number:06d}.jpg ""\n'
        for video, number in (("a", 1), ("a", 12), ("b_1", 3), ("a", 5), ("c", 9))
    )
    found = rows.highest_numbers(written(tmp_path, text + "broken row\n"))
    assert found == {"a": 12, "b_1": 3, "c": 9}


GOOD = ["v", "0902", "0.1", "0.2", "0.6", "0.8", "12", "1"]
PERSON = ["v", "1798", "0", "0", "1", "1", "", "0.95"]


def changed(fields: list[str], place: int, text: str) -> list[str]:
    return [*fields[:place], text, *fields[place + 1 :]]


def test_rows_of_boxes_that_are_right() -> None:
    assert rows.wrong_box(GOOD, predicted=False) == ""
    assert rows.wrong_box(GOOD[:7], predicted=False) == ""
    assert rows.wrong_box(PERSON, predicted=True) == ""
    first, last = str(dataset.SECONDS[0]), str(dataset.SECONDS[-1])
    for second in (first, last):
        assert rows.wrong_box(changed(GOOD, 1, second), predicted=False) == ""
    for label in ("1", str(dataset.CLASSES)):
        assert rows.wrong_box(changed(GOOD, 6, label), predicted=False) == ""
    for score in ("0", "1", "0.0"):
        assert rows.wrong_box(changed(PERSON, 7, score), predicted=True) == ""


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (1, "x"),
        (1, str(dataset.SECONDS[0] - 1)),
        (1, str(dataset.SECONDS[-1] + 1)),
        (2, "left"),
        (2, "-0.1"),
        (2, "0.6"),
        (2, "0.7"),
        (4, "1.01"),
        (3, "0.8"),
        (3, "-0.01"),
        (5, "1.5"),
        (6, "0"),
        (6, str(dataset.CLASSES + 1)),
        (6, "walk"),
        (6, ""),
    ],
)
def test_each_wrong_field_is_noticed(place: int, text: str) -> None:
    assert rows.wrong_box(changed(GOOD, place, text), predicted=False)


@pytest.mark.parametrize(("place", "text"), [(7, "1.1"), (7, "-0.1"), (7, "high"), (6, "0")])
def test_a_wrong_end_of_a_predicted_row_is_noticed(place: int, text: str) -> None:
    assert rows.wrong_box(changed(PERSON, place, text), predicted=True)


@pytest.mark.parametrize(("count", "predicted"), [(6, False), (9, False), (7, True), (9, True)])
def test_another_number_of_columns_is_wrong(count: int, *, predicted: bool) -> None:
    assert rows.wrong_box([*GOOD, "1"][:count], predicted=predicted)


def test_a_person_counts_from_the_threshold_on() -> None:
    assert rows.THRESHOLD == 0.9
    assert rows.strong(changed(PERSON, 7, "0.9"))
    assert not rows.strong(changed(PERSON, 7, "0.899"))


def test_a_label_map_is_read_as_it_was_written(tmp_path: Path) -> None:
    text = rows.label_map_text(["sit", "wave (to)"])
    assert rows.label_map(written(tmp_path, text)) == {1: "sit", 2: "wave (to)"}
    old = 'label {\n  name: "x"\n  label_id: 80\n  label_type: POSE\n}\n'
    assert rows.label_map(written(tmp_path, old)) == {80: "x"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "item {\n  id: 1\n}\n",
        'item {\n  name: "x"\n  id: 0\n}\n',
        'item {\n  name: "x"\n  id: 81\n}\n',
        'item {\n  name: "x"\n  id: one\n}\n',
        "item {\n  name: x\n  id: 1\n}\n",
    ],
)
def test_a_label_map_that_says_no_class_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        rows.label_map(written(tmp_path, text))
    assert caught.value.code == "ava.invalid-list"


def test_official_files_of_a_release() -> None:
    names = [file.path for file in official.files("2.2")]
    assert names == [
        "ava_file_names_trainval_v2.1.txt",
        "frame_lists/train.csv",
        "frame_lists/val.csv",
        "annotations/ava_train_predicted_boxes.csv",
        "annotations/ava_val_predicted_boxes.csv",
        "annotations/ava_test_predicted_boxes.csv",
        "annotations/ava_v2.2.zip",
    ]
    assert [file.unpack for file in official.files("2.1")] == [False] * 6 + [True]
    for file in official.files("2.1"):
        assert file.url.startswith("https://")
        assert file.url.endswith(file.path)
    version = official.VERSIONS["2.2"]
    assert version.boxes("val") == "ava_val_v2.2.csv"
    assert version.excluded("train") == "ava_train_excluded_timestamps_v2.2.csv"
    assert {key: row.name for key, row in official.VERSIONS.items()} == {"2.1": "2.1", "2.2": "2.2"}


@pytest.fixture
def layout(tmp_path: Path) -> dataset.Layout:
    return dataset.layout(str(tmp_path / "ava"))


def test_the_names_of_the_official_list_are_by_id(layout: dataset.Layout) -> None:
    assert sources.names(layout) == {}
    layout.names.parent.mkdir(parents=True)
    layout.names.write_text("-5KQ.mkv\nb.MP4\n")
    assert sources.names(layout) == {"-5KQ": "-5KQ.mkv", "b": "b.MP4"}


@pytest.mark.parametrize("text", ["a.mp4 a.mkv", "a/b.mp4", ".mp4"])
def test_names_that_are_no_videos_are_refused(layout: dataset.Layout, text: str) -> None:
    layout.names.parent.mkdir(parents=True)
    layout.names.write_text(text)
    with pytest.raises(Unreadable) as caught:
        sources.names(layout)
    assert caught.value.code == "ava.invalid-list"


def test_videos_of_a_folder_are_by_id_and_a_complete_one_is_preferred(tmp_path: Path) -> None:
    assert sources.present(tmp_path / "absent") == {}
    for name in ("a.mp4", "b.cut.nut", "b.mkv", "c.cut.nut", ".d.mp4", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "e.mp4").mkdir()
    found = sources.present(tmp_path)
    assert {video: path.name for video, path in found.items()} == {
        "a": "a.mp4",
        "b": "b.mkv",
        "c": "c.cut.nut",
    }
    (tmp_path / "a.avi").touch()
    with pytest.raises(StackError) as caught:
        sources.present(tmp_path)
    assert caught.value.code == "ava.duplicate-video"


def test_a_part_begins_where_its_note_says(layout: dataset.Layout) -> None:
    complete, part = layout.videos / "a.mp4", layout.videos / "a.cut.nut"
    assert sources.source_of(layout, "a", complete) == sources.Source(complete, None)
    note = sources.cut_note(layout, "a")
    note.parent.mkdir(parents=True)
    note.write_text('{"origin_s": "902.5"}')
    assert sources.source_of(layout, "a", part) == sources.Source(part, 902.5)
    for text in ("", "{}", "[]", '{"origin_s": null}'):
        note.write_text(text)
        with pytest.raises(Unreadable) as caught:
            sources.source_of(layout, "a", part)
        assert caught.value.code == "record.unreadable"
