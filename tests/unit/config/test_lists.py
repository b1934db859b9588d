"""Lists of frames, folders of pictures, and folders for results, as upstream opens them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slowfast_stack.config import content, rules_output
from slowfast_stack.config.validate import check

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[Path], object]

IDS = {
    *("missing-list", "missing-folder", "missing-videos", "missing-file", "separator"),
    *("class-count", "one-label", "labels", "empty-loader", "output-folder", "masked"),
}
HEADER = "original_vido_id video_id frame_id path labels\n"
SSV2 = "something-something-v2-"
TEXT = """
TRAIN: {{DATASET: {0}, BATCH_SIZE: 2}}
TEST: {{DATASET: {0}, NUM_ENSEMBLE_VIEWS: 1, NUM_SPATIAL_CROPS: 1}}
DATA: {{PATH_TO_DATA_DIR: {1}, MULTI_LABEL: {2}, INPUT_CHANNEL_NUM: [3]}}
MODEL: {{ARCH: slow, MODEL_NAME: ResNet, LOSS_FUNC: {3}, HEAD_ACT: {4}}}
OUTPUT_DIR: {1}/out
NUM_GPUS: 0
"""


def _made(folder: Path, kind: str) -> Path:
    (folder / "frames").mkdir(parents=True)
    for split in ("train", "val"):
        lines = [HEADER]
        for video in range(4):
            path = folder / f"frames/{split}{video}.jpg"
            path.write_bytes(b"\xff\xd8")
            labels = f'"{video},{video + 1}"' if kind == "charades" else '""'
            lines.append(f"{split}{video} {video} 0 {path} {labels}\n")
        (folder / f"{split}.csv").write_text("".join(lines))
        rows = [{"id": f"{split}{n}", "template": f"[class] {n}"} for n in range(4)]
        word = "train" if split == "train" else "validation"
        (folder / f"{SSV2}{word}.json").write_text(json.dumps(rows))
    (folder / f"{SSV2}labels.json").write_text(json.dumps({f"class {n}": str(n) for n in range(4)}))
    for split in ("train", "val", "test"):
        for label in range(3):
            holder = folder / f"{split}/n0000000{label}"
            holder.mkdir(parents=True)
            for number in range(2):
                (holder / f"{number}.JPEG").write_bytes(b"\xff\xd8\xff\xe0")
    return folder


def _found(folder: Path, kind: str, *pairs: str) -> set[tuple[str, str]]:
    many = kind == "charades"
    loss, act = ("bce_logit", "sigmoid") if many else ("cross_entropy", "softmax")
    read = content.parse(TEXT.format(kind, folder, many, loss, act))
    read = content.with_options(read, ("TEST.NUM_ENSEMBLE_VIEWS", "2", *pairs) if many else pairs)
    return {(row.level, row.id) for row in check(read, folder) if row.id in IDS}


def _write(name: str, text: str) -> Change:
    return lambda folder: (folder / name).write_text(text)


def _replace(name: str, old: str, new: str) -> Change:
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new))


def _all_pictures(pattern: str, data: bytes) -> Change:
    return lambda folder: [path.write_bytes(data) for path in folder.glob(pattern)]


def _without(pattern: str) -> Change:
    return lambda folder: [path.unlink() for path in folder.glob(pattern)]


ONE = json.dumps([{"id": f"train{n}", "template": "[class] 0"} for n in range(4)])
OTHERS = json.dumps([{"id": f"x{n}", "template": "class 0"} for n in range(4)])
BIG = json.dumps({f"class {n}": str(900 + n) for n in range(4)})


@pytest.mark.parametrize(
    ("kind", "change", "found"),
    [
        ("ssv2", lambda _folder: None, None),
        ("charades", lambda _folder: None, None),
        ("imagenet", lambda _folder: None, None),
        ("ssv2", _without("val.csv"), ("error", "missing-list")),
        ("ssv2", _write("train.csv", HEADER), ("error", "missing-list")),
        ("ssv2", _write("val.csv", "a b c d e\n"), ("error", "separator")),
        ("ssv2", _replace("val.csv", "frames/val2", "frames/nowhere"), ("error", "missing-videos")),
        ("ssv2", _write(f"{SSV2}train.json", "{"), ("error", "separator")),
        ("ssv2", _write(f"{SSV2}labels.json", "[]"), ("error", "separator")),
        ("ssv2", _write(f"{SSV2}labels.json", '{"class 0": "0"}'), ("error", "separator")),
        ("ssv2", _write(f"{SSV2}validation.json", "[]"), ("error", "missing-list")),
        ("ssv2", _write(f"{SSV2}train.json", OTHERS), ("error", "missing-list")),
        ("ssv2", _write(f"{SSV2}train.json", ONE), ("warning", "one-label")),
        ("ssv2", _write(f"{SSV2}labels.json", BIG), ("error", "class-count")),
        ("charades", _replace("train.csv", '"0,1"', '"a,b"'), ("error", "separator")),
        ("charades", _replace("train.csv", '"0,1"', '"0,400"'), ("error", "class-count")),
        (
            "charades",
            _replace("val.csv", "frames/val2", "frames/nowhere"),
            ("error", "missing-videos"),
        ),
        ("charades", _write("val.csv", HEADER), ("error", "missing-list")),
        ("ptvssv2", _write("val.csv", HEADER), ("error", "missing-list")),
        ("imagenet", _without("train/*/*"), ("error", "missing-folder")),
        ("imagenet", _without("val/*/*"), ("error", "missing-folder")),
        ("imagenet", _write("train/n00000009", "x"), ("error", "missing-folder")),
        ("imagenet", _all_pictures("train/*/*", b"text"), ("error", "missing-videos")),
        ("imagenet", _write("train/n00000001/readme.txt", "x"), ("warning", "missing-videos")),
        ("imagenet", _write("val/n00000001/readme.txt", "x"), ("error", "missing-videos")),
        ("imagenet", lambda at: (at / "val/n00000009").mkdir(), ("warning", "labels")),
    ],
)
def test_lists_and_folders_are_read_as_upstream_does(
    tmp_path: Path, kind: str, change: Change, found: tuple[str, str] | None
) -> None:
    change(_made(tmp_path / "data", kind))
    rows = _found(tmp_path / "data", kind)
    assert found in rows if found else not rows


def test_an_empty_list_of_videos_is_no_training(tmp_path: Path) -> None:
    for name in ("train", "val", "test"):
        (tmp_path / f"{name}.csv").write_text("")
    assert ("error", "missing-list") in _found(tmp_path, "kinetics")


def test_preloaded_lists_of_pictures_are_read_instead_of_folders(tmp_path: Path) -> None:
    pairs = ("DATA.PATH_TO_PRELOAD_IMDB", str(tmp_path))
    assert ("error", "missing-file") in _found(tmp_path / "nowhere", "imagenet", *pairs)
    for name in ("train", "val", "test"):
        (tmp_path / f"{name}.json").write_text("[]")
    assert _found(tmp_path / "nowhere", "imagenet", *pairs) == set()


@pytest.mark.parametrize(
    ("pairs", "id_"),
    [
        (("OUTPUT_DIR", "/proc/run"), "output-folder"),
        (("OUTPUT_DIR", "/dev/null"), "output-folder"),
        (("OUTPUT_DIR", "/dev/null/run"), "output-folder"),
        (("TENSORBOARD.ENABLE", "True", "TENSORBOARD.LOG_DIR", "/proc/run"), "output-folder"),
        (("TENSORBOARD.LOG_DIR", "/proc/run"), None),
        (("TEST.SAVE_RESULTS_PATH", "/proc/x"), "output-folder"),
        (("TEST.SAVE_RESULTS_PATH", "no/where/x.pkl"), "missing-folder"),
        (("TEST.SAVE_RESULTS_PATH", "checkpoints"), "output-folder"),
        (("TEST.SAVE_RESULTS_PATH", "x.pkl"), None),
    ],
)
def test_what_a_run_writes_can_be_written(
    tmp_path: Path, pairs: tuple[str, ...], id_: str | None
) -> None:
    found = _found(_made(tmp_path / "data", "ssv2"), "ssv2", *pairs)
    assert {row for row in found if row[0] == "error"} == ({("error", id_)} if id_ else set())


def test_a_file_is_no_place_for_checkpoints(tmp_path: Path) -> None:
    folder = _made(tmp_path / "data", "ssv2")
    (folder / "out").mkdir()
    (folder / "out/checkpoints").write_text("")
    assert ("error", "output-folder") in _found(folder, "ssv2")
    assert rules_output.refusal(folder / "out") == ""
    assert rules_output.refusal(folder / "out/more/below") == ""


@pytest.mark.parametrize(("model", "level"), [("MaskMViT", "error"), ("ResNet", "warning")])
def test_restored_clips_cannot_be_shown(tmp_path: Path, model: str, level: str) -> None:
    pairs = ("VIS_MASK.ENABLE", "True", "MODEL.MODEL_NAME", model, "MASK.MAE_ON", "True")
    found = _found(_made(tmp_path / "data", "ssv2"), "ssv2", *pairs, "MASK.ENABLE", "True")
    assert (level, "masked") in found
