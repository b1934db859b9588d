"""What a folder of frames lacks or has too much of."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    extract,
    frames,
    manifest,
    sources,
)

JPEG = b"\xff\xd8x\xff\xd9"


def folder_of(folder: Path, *numbers: int, video: str = "v") -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    for number in numbers:
        (folder / dataset.frame_name(video, number)).write_bytes(JPEG)
    return folder


def test_complete_frames(tmp_path: Path) -> None:
    found = frames.examine(folder_of(tmp_path, 1, 2, 3), "v", 3)
    assert (found.count, found.size, found.wrong) == (3, 15, "")
    assert frames.examine(tmp_path, "v", None) == found
    (tmp_path / "v_000003.jpg").write_bytes(JPEG[:2] + JPEG)
    assert frames.examine(tmp_path, "v", 3).mark != found.mark


@pytest.mark.parametrize(
    ("numbers", "frames_", "missing", "foreign"),
    [
        ((1, 3), 3, ("v_000002.jpg",), ()),
        ((1, 3), None, ("v_000002.jpg",), ()),
        ((1, 2, 3), 2, (), ("v_000003.jpg",)),
        ((0, 1), 1, (), ("v_000000.jpg",)),
        ((), 1, ("v_000001.jpg",), ()),
        ((), None, (), ()),
    ],
)
def test_missing_and_foreign_frames(
    tmp_path: Path,
    numbers: tuple[int, ...],
    frames_: int | None,
    missing: tuple[str, ...],
    foreign: tuple[str, ...],
) -> None:
    found = frames.examine(folder_of(tmp_path / "f", *numbers), "v", frames_)
    assert (found.missing, found.foreign, found.truncated) == (missing, foreign, ())


def test_a_folder_that_is_absent_lacks_all(tmp_path: Path) -> None:
    found = frames.examine(tmp_path / "absent", "v", 2)
    assert (found.count, found.size, len(found.missing)) == (0, 0, 2)


@pytest.mark.parametrize(
    ("data", "truncated"),
    [
        (JPEG, False),
        (JPEG[:4], True),
        (JPEG[1:], True),
        (b"", True),
        (b"\xff", True),
        (b"\xff\xd8\xff\xd9", False),
    ],
)
def test_a_frame_begins_and_ends_as_a_jpeg_file(
    tmp_path: Path, data: bytes, *, truncated: bool
) -> None:
    path = folder_of(tmp_path, 1) / "v_000001.jpg"
    path.write_bytes(data)
    assert bool(frames.examine(tmp_path, "v", 1).truncated) is truncated
    assert frames.examine(tmp_path, "v", 1, bytes_too=False).truncated == ()


@pytest.mark.parametrize(("count", "more"), [(5, False), (6, True)])
def test_five_names_of_a_kind_are_shown(tmp_path: Path, count: int, *, more: bool) -> None:
    said = frames.examine(tmp_path, "v", count).wrong
    assert said.startswith(f"{count} missing: v_000001.jpg, ")
    assert ("..." in said) is more
    assert ("v_000005" in said, "v_000006" in said) == (True, False)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("v_000012.jpg", 12),
        ("v_123456.jpg", 123456),
        ("v_x.jpg", 0),
        ("w_000012.jpg", 0),
        ("v_000012.png", 12),
        ("v_.jpg", 0),
    ],
)
def test_the_last_number_among_names(name: str, last: int) -> None:
    assert frames.last_of({name: 1, "other": 1}, "v") == last


@pytest.fixture
def tree(tmp_path: Path) -> dataset.Layout:
    return dataset.layout(str(tmp_path / "ava"))


@pytest.mark.parametrize(
    ("known", "frames_", "source", "here", "expected"),
    [
        ({"source_bytes": 5}, 2, True, True, True),
        ({"source_bytes": 5}, None, True, True, True),
        ({"source_bytes": 5}, 3, True, True, False),
        ({"source_bytes": 4}, 2, True, True, False),
        ({"source_bytes": 4}, 2, False, True, True),
        ({"source_bytes": 4, "adopted": True}, 2, True, True, True),
        ({"source_bytes": 5}, 2, True, False, False),
        (None, 2, True, True, False),
    ],
)
def test_which_frames_are_finished(
    tree: dataset.Layout,
    known: dict[str, int] | None,
    frames_: int | None,
    *,
    source: bool,
    here: bool,
    expected: bool,
) -> None:
    path = tree.root / "v.mp4"
    tree.root.mkdir()
    path.write_bytes(b"video")
    made = manifest.Manifest("v", 2, 10, "0", **(known or {}))  # type: ignore[arg-type]
    if known is not None:
        manifest.write(tree, made)
    if here:
        folder_of(tree.frames_of("v"), 1, 2)
    order = extract.Order("v", frames_, sources.Source(path) if source else None)
    assert extract.finished(tree, order) == (made if expected else None)


def test_numbers_are_saved_where_they_change(tree: dataset.Layout) -> None:
    saved = tree.state / "dataset.json"
    assert dataset.chosen(tree, lead=None) == dataset.DataSet()
    assert not saved.exists()
    assert dataset.chosen(tree, lead=3, frames=None).lead == 3
    assert dataset.load(tree) == dataset.DataSet(lead=3)
    written = saved.stat().st_mtime_ns
    assert dataset.chosen(tree, lead=3) == dataset.DataSet(lead=3)
    assert saved.stat().st_mtime_ns == written
    assert dataset.chosen(tree, quality=2) == dataset.DataSet(lead=3, quality=2)


def test_the_numbers_of_ava_are_those_of_upstream() -> None:
    numbers = dataset.DataSet()
    assert (numbers.cut_s, numbers.frames, numbers.lead, numbers.quality) == (900, 27030, 0, 1)
    assert (numbers.bytes_per_frame, numbers.seconds) == (52500, 901.0)
    assert dataset.DataSet(frames=None).seconds == 0
    assert (dataset.ORIGIN, dataset.FPS, dataset.CLASSES) == (900, 30, 80)
    assert (dataset.SECONDS[0], dataset.SECONDS[-1]) == (902, 1798)
