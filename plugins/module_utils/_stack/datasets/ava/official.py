"""Where the files of AVA come from, and what each of them is for.

Addresses: SlowFast 287ec00, slowfast/datasets/DATASET.md; the archives of annotations:
facebookresearch/SlowFast#92 and #209, where single files answered 403. No digests are published
of them. Checked 2026-11-23, without a download.
"""

from __future__ import annotations

from dataclasses import dataclass

_AVA = "https://s3.amazonaws.com/ava-dataset"
_LTFB = "https://dl.fbaipublicfiles.com/video-long-term-feature-banks/data/ava"


@dataclass(frozen=True)
class Official:
    """A file: its place below the root and below a mirror, and its address.

    ``unpack`` is whether it is an archive whose files belong beside it.
    """

    path: str
    url: str
    unpack: bool = False


@dataclass(frozen=True)
class Version:
    """A release of the annotations and the names of the files that training opens."""

    name: str
    label_map: str

    def boxes(self, split: str) -> str:
        """Return the ground truth of a split."""
        return f"ava_{split}_v{self.name}.csv"

    def excluded(self, split: str) -> str:
        """Return the timestamps that do not count."""
        return f"ava_{split}_excluded_timestamps_v{self.name}.csv"


SPLITS = ("train", "val")
VERSIONS = {
    "2.1": Version("2.1", "ava_action_list_v2.1_for_activitynet_2018.pbtxt"),
    "2.2": Version("2.2", "ava_action_list_v2.2_for_activitynet_2019.pbtxt"),
}
NAMES = Official(
    "ava_file_names_trainval_v2.1.txt", f"{_AVA}/annotations/ava_file_names_trainval_v2.1.txt"
)
VIDEO_URL = f"{_AVA}/trainval"
VIDEO_MIRROR = "trainval"


def predicted(split: str) -> str:
    """Return the persons that a detector found."""
    return f"ava_{split}_predicted_boxes.csv"


def files(version: str) -> tuple[Official, ...]:
    """Return every file but the videos, of one release of the annotations."""
    lists = (f"frame_lists/{split}.csv" for split in SPLITS)
    boxes = (f"annotations/{predicted(split)}" for split in (*SPLITS, "test"))
    archive = f"ava_v{version}.zip"
    return (
        NAMES,
        *(Official(path, f"{_LTFB}/{path}") for path in (*lists, *boxes)),
        Official(f"annotations/{archive}", f"{_AVA}/annotations/{archive}", unpack=True),
    )
