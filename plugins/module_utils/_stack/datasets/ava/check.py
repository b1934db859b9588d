"""Check a data set as training will read it: tree, frames, lists, boxes, labels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.construct import plain
from ...core.errors import StackError
from ...core.progress import ALL, Progress, silent
from ...core.validation import is_number
from . import frames, rows, sources
from .dataset import FPS, ORIGIN
from .official import SPLITS, VERSIONS, predicted
from .scheduler import cores

if TYPE_CHECKING:
    from pathlib import Path

    from .dataset import DataSet, Layout
    from .official import Version

ERROR, WARNING = "error", "warning"
_SHOWN = 5  # of one kind in one file


@dataclass(frozen=True)
class Finding:
    """An error or a warning: where, what, and what to do."""

    level: str
    where: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Checked:
    """The findings, and how much was examined."""

    findings: tuple[Finding, ...]
    counted: dict[str, int]

    @property
    def ok(self) -> bool:
        """Return whether training finds all that it opens."""
        return not any(finding.level == ERROR for finding in self.findings)

    def to_dict(self) -> dict[str, object]:
        """Return plain data."""
        return {"ok": self.ok, **plain(self)}


@dataclass
class _Look:
    """The state of one check."""

    tree: Layout
    numbers: DataSet
    release: Version
    folder: Path
    findings: list[Finding]
    counted: dict[str, int]

    @property
    def annotations(self) -> Path:
        return self.folder / "annotations"

    def error(self, where: object, message: str, hint: str = "") -> None:
        self.findings.append(Finding(ERROR, str(where), message, hint))

    def warn(self, where: object, message: str, hint: str = "") -> None:
        self.findings.append(Finding(WARNING, str(where), message, hint))

    def summary(self, error: StackError) -> None:
        self.error(error.message.rstrip("."), error.cause, error.hint)


def run(
    tree: Layout,
    numbers: DataSet,
    version: str,
    *,
    folder: Path | None = None,
    deep: bool = True,
    progress: Progress = silent,
) -> Checked:
    """Check a tree with the lists and annotations in ``folder`` (None: the official ones).

    ``deep`` also reads the begin and end of every JPEG file.
    """
    look = _Look(tree, numbers, VERSIONS[version], folder or tree.root, [], {})
    listed = {split: _frame_list(look, split) for split in SPLITS}
    _tree(look, listed)
    _frames(
        look, {k: v for of in listed.values() for k, v in of.items()}, deep=deep, progress=progress
    )
    labels = _labels(look)
    for split in SPLITS:
        _boxes(look, split, listed[split], labels)
        _excluded(look, split)
    return Checked(tuple(look.findings), look.counted)


def _tree(look: _Look, listed: dict[str, dict[str, int]]) -> None:
    tree = look.tree
    if not tree.frames.is_dir():
        look.error(tree.frames, "There is no folder of frames.", "Extract them: ava extract.")
        return
    known = {video for videos in listed.values() for video in videos}
    for path in sorted(tree.frames.iterdir()):
        if path == tree.work:
            left = sorted(entry.name for entry in path.iterdir())
            if left:
                cause = f"Incomplete frames: {', '.join(left[:_SHOWN])}."
                look.warn(path, cause, "Continue with: ava extract.")
        elif not path.is_dir():
            look.warn(path, "It is not a folder of frames.", "Move it away.")
        elif known and path.name not in known:
            look.warn(path, "It is in no list.", "Write the lists again, or move it away.")
    missing = sorted(set(sources.names(tree)) - {path.name for path in tree.frames.iterdir()})
    if missing and look.folder == tree.root:
        more = ", ..." if len(missing) > _SHOWN else ""
        message = f"{len(missing)} videos have no frames: {', '.join(missing[:_SHOWN])}{more}."
        look.error(
            tree.frames, message, "Continue with ava extract, or use lists of the present frames."
        )


def _frame_list(look: _Look, split: str) -> dict[str, int]:
    """Return how many rows each video has; check the order and the names in them."""
    path = look.folder / "frame_lists" / f"{split}.csv"
    found: dict[str, int] = {}
    wrong = 0
    try:
        for number, video, name in rows.frame_rows(path):
            index = found[video] = found.get(video, 0) + 1
            frame = max(1, index - look.numbers.lead)
            if name != f"{video}/{video}_{frame:06d}.jpg":
                wrong += 1
                if wrong <= _SHOWN:
                    look.error(
                        path, f"Line {number} names {name}; expected frame {frame}.", _REWRITE
                    )
    except StackError as error:
        look.summary(error)
    if not found:
        look.error(path, "It names no frame.", _REWRITE)
    look.counted[f"{split} videos"] = len(found)
    look.counted[f"{split} frames"] = sum(found.values())
    return found


def _frames(look: _Look, listed: dict[str, int], *, deep: bool, progress: Progress) -> None:
    progress(ALL, 0, sum(listed.values()))

    def one(video: str) -> tuple[str, frames.Observed]:
        wanted = listed[video] - look.numbers.lead
        folder = look.tree.frames_of(video)
        observed = frames.examine(folder, video, wanted, bytes_too=deep)
        progress(video, listed[video], listed[video])
        return video, observed

    with ThreadPoolExecutor(cores()) as pool:
        for video, observed in pool.map(one, sorted(listed)):
            if observed.wrong:
                again = f"Extract it again: ava extract --replace --only={video}."
                look.error(look.tree.frames_of(video), f"{observed.wrong}.", again)
            look.counted["frames"] = look.counted.get("frames", 0) + observed.count
            look.counted["bytes"] = look.counted.get("bytes", 0) + observed.size


def _labels(look: _Look) -> dict[int, str]:
    path = look.annotations / look.release.label_map
    try:
        found = rows.label_map(path)
    except StackError as error:
        look.summary(error)
        return {}
    look.counted["classes"] = len(found)
    return found


def _boxes(look: _Look, split: str, listed: dict[str, int], labels: dict[int, str]) -> None:
    """Compare the boxes of a split with its list: the loader requires the same videos in both."""
    truth = look.annotations / look.release.boxes(split)
    persons = look.annotations / predicted(split)
    with_truth = _box_file(look, truth, listed, labels, is_predicted=False)
    used, path = with_truth, truth
    if split == "val":
        if not persons.exists():
            hint = "Download it (ava download), or run a detector of your own."
            look.error(persons, "It is missing; the evaluation reads its boxes.", hint)
            return
        used, path = _box_file(look, persons, listed, labels, is_predicted=True), persons
        foreign = sorted(with_truth - listed.keys())
        if foreign:
            message = f"{len(foreign)} videos are not in the list: {', '.join(foreign[:_SHOWN])}."
            look.warn(truth, message, f"The evaluation counts all they show as missed. {_REWRITE}")
    elif persons.exists():
        _box_file(look, persons, listed, labels, is_predicted=True)
    for message, videos in (
        ("have frames in the list and no box that is used", listed.keys() - used),
        ("have boxes and no frames in the list", used - listed.keys()),
    ):
        if videos:
            names = ", ".join(sorted(videos)[:_SHOWN])
            look.error(path, f"{len(videos)} videos {message}: {names}.", _REWRITE)


def _box_file(
    look: _Look, path: Path, listed: dict[str, int], labels: dict[int, str], *, is_predicted: bool
) -> set[str]:
    """Return the videos with a box that is used."""
    good, kinds, count = set(), _Kinds(look, path), 0
    try:
        for number, line in rows.lines(path):
            fields = line.strip().split(",")
            count += 1
            wrong = rows.wrong_box(fields, predicted=is_predicted)
            if wrong:
                kinds.add("row", f"Line {number}: {wrong}.")
                continue
            if not is_predicted or rows.strong(fields):
                good.add(fields[0])
            at = (int(fields[1]) - ORIGIN) * FPS
            if fields[0] in listed and at >= listed[fields[0]]:
                last = listed[fields[0]]
                kinds.add("frame", f"Line {number}: second {fields[1]} is after frame {last}.")
            if labels and not is_predicted and int(fields[6]) not in labels:
                kinds.add("label", f"Line {number}: label {fields[6]} is not in the map.")
    except StackError as error:
        look.summary(error)
    kinds.close()
    look.counted[f"rows of {path.name}"] = count
    return good


class _Kinds:
    """Report the first few of each kind, and how many more there are.

    The evaluation leaves out labels that its map lacks: 20 of the 80 classes are like that.
    """

    def __init__(self, look: _Look, path: Path) -> None:
        self._look, self._path = look, path
        self._counts: dict[str, int] = {}

    def add(self, kind: str, message: str) -> None:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= _SHOWN and kind != "label":
            self._look.error(self._path, message, "Correct that row, or download the file again.")

    def close(self) -> None:
        for kind, count in self._counts.items():
            if kind == "label":
                message = f"{count} rows have labels that are not in the label map."
                self._look.warn(self._path, message, "The evaluation leaves them out.")
            elif count > _SHOWN:
                self._look.error(
                    self._path, f"{count - _SHOWN} more rows are wrong in the same way."
                )


def _excluded(look: _Look, split: str) -> None:
    path, count = look.annotations / look.release.excluded(split), 0
    if not path.exists():
        if split == "val":
            look.error(
                path, "It is missing; the evaluation opens it.", "Download it: ava download."
            )
        return
    kinds = _Kinds(look, path)
    try:
        for number, line in rows.lines(path):
            fields, count = line.strip().split(","), count + 1
            if len(fields) != 2 or not is_number(fields[1]):  # noqa: PLR2004  (id and second)
                kinds.add("row", f"Line {number}: {line!r} is not a video and a second.")
    except StackError as error:
        look.summary(error)
    kinds.close()
    look.counted[f"rows of {path.name}"] = count


_REWRITE = "Write lists of the present frames: ava lists."
