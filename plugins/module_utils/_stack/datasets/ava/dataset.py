"""What an AVA-style data set is: its numbers, its tree, and the names of its files.

The numbers of AVA are upstream's: frames at 30 a second from second 900 on (slowfast/datasets/
ava_helper.py, SlowFast 287ec00), 27,030 of them for 901 seconds (datasets/DATASET.md).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from ...core import saved
from ...core.validation import bad, mapping, only_keys

ORIGIN = 900  # the second that the loader gives to the first row of a video
FPS = 30  # a constant of the loader
SECONDS = range(902, 1799)  # the seconds whose boxes the loader knows
CLASSES = 80  # the highest label that the loader takes
SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm")


@dataclass(frozen=True)
class DataSet:
    """The parameters of a data set.

    ``cut_s`` is the second of a video where its frames begin, ``frames`` how many there are (None:
    as many as the video gives), ``lead`` how often the first frame is listed before the others,
    ``quality`` FFmpeg's scale for JPEG, ``bytes_per_frame`` what to reckon with before the start
    (upstream's files have 48.5 KB on average: 392 GB in 8.08 million, DATASET.md of Long-Term
    Feature Banks; ours are 8 % larger).
    """

    name: str = "ava"
    cut_s: int = 900
    frames: int | None = 27030
    lead: int = 0
    quality: int = 1
    bytes_per_frame: int = 52500

    @property
    def seconds(self) -> float:
        """Return how many seconds of a video are used; 0 means all of it."""
        return (self.frames or 0) / FPS


@dataclass(frozen=True)
class Layout:
    """The tree of a data set, as the guide draws it, below an absolute ``root``."""

    root: Path

    @property
    def frames(self) -> Path:
        """Return AVA.FRAME_DIR, with a folder of JPEG files for each video."""
        return self.root / "frames"

    @property
    def frame_lists(self) -> Path:
        """Return the folder of the official frame lists."""
        return self.root / "frame_lists"

    @property
    def annotations(self) -> Path:
        """Return the folder of the official annotations."""
        return self.root / "annotations"

    @property
    def videos(self) -> Path:
        """Return the folder of downloaded videos."""
        return self.root / "videos"

    @property
    def names(self) -> Path:
        """Return the list of video files; the one of v2.1 serves v2.2, too (SlowFast#92)."""
        return self.root / "ava_file_names_trainval_v2.1.txt"

    @property
    def lists(self) -> Path:
        """Return the folder of written lists, which is never that of the official ones."""
        return self.root / "lists"

    @property
    def work(self) -> Path:
        """Return the folder of incomplete frames, on the file system of the frames."""
        return self.frames / ".work"

    @property
    def state(self) -> Path:
        """Return the folder of manifests, records and locks."""
        return self.root / ".ava"

    def frames_of(self, video: str) -> Path:
        """Return the folder of the frames of a video."""
        return self.frames / video

    def manifest_of(self, video: str) -> Path:
        """Return the file that says which frames of a video were verified."""
        return self.state / "manifests" / f"{video}.json"


def frame_name(video: str, number: int) -> str:
    """Return the name of a frame, counted from 1, as upstream's script names it."""
    return f"{video}_{number:06d}.jpg"


def layout(root: str) -> Layout:
    """Return the tree at a path; `~` and relative paths are made absolute."""
    return Layout(Path(root).expanduser().absolute())


def load(tree: Layout) -> DataSet:
    """Return the numbers that a tree was made with, else those of AVA. Raises Unreadable."""
    return saved.read(_saved(tree), described, "Restore it or remove it.") or DataSet()


def described(value: object) -> DataSet:
    """Return the numbers given as plain data; what is left out is as in AVA. Raises StackError."""
    given = mapping(value, "the data set")
    known = {field.name: field for field in dataclasses.fields(DataSet)}
    only_keys(given, "the data set", tuple(known))
    for key, number in given.items():
        free = key == "frames" and number is None
        if key != "name" and not free and (not isinstance(number, int) or number < 0):
            raise bad(key, "a whole number", number)
    return DataSet(**given)


def save(tree: Layout, numbers: DataSet) -> None:
    """Save the numbers of a tree."""
    saved.write(_saved(tree), {"schema": 1, **dataclasses.asdict(numbers)})


def _saved(tree: Layout) -> Path:
    return tree.state / "dataset.json"


def chosen(tree: Layout, **given: int | None) -> DataSet:
    """Return the numbers of a tree with those that are given, and save changes."""
    known = load(tree)
    asked = {key: number for key, number in given.items() if number is not None}
    wanted = described({**dataclasses.asdict(known), **asked})
    if wanted != known:
        save(tree, wanted)
    return wanted


def usable_name(video: str) -> bool:
    """Return whether a video's name can be used in SlowFast's lists and be a folder."""
    odd = any(letter.isspace() or letter in ',/"' for letter in video)
    return bool(video) and not odd and not video.startswith(".") and video.isprintable()
