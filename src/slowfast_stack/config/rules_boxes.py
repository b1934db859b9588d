"""Rules on AVA: clips around a moment, and lists that have to name the same videos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slowfast_stack.config import data_lists, usage
from slowfast_stack.config.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slowfast_stack.config.content import Content

_EVERY = 4  # the evaluation takes each fourth second, without FULL_TEST_ON_VAL


def _reads_boxes(read: Content) -> bool:
    return "ava" in usage.data_sets(read)


def moments(read: Content) -> Iterator[Finding]:
    """Compare the frames around a moment with those of a clip."""
    frames, rate = read.get("DATA.NUM_FRAMES"), read.get("DATA.SAMPLING_RATE")
    if not _reads_boxes(read) or frames < 1 or rate < 1:
        return
    half = frames * rate // 2
    made = len(range(-half, half, rate))
    if made != frames:
        message = f"Around a moment {made} frames are taken, and the clip has {frames}."
        yield Finding("frames", "DATA.NUM_FRAMES", f"{message} Upstream stops.", "An even number.")


def cycles(read: Content) -> Iterator[Finding]:
    """Refuse multigrid for boxes, and for models whose head has one size."""
    key = "MULTIGRID.SHORT_CYCLE"
    cycle = read.get(key)
    if not (usage.trains(read) and (cycle or read.get("MULTIGRID.LONG_CYCLE"))):
        return
    why = ""
    if cycle and read.get("DETECTION.ENABLE"):
        why = "its sampler does not collect boxes"
    elif cycle and usage.trained_on(read).startswith("ptv"):
        return
    elif usage.backbone(read) not in ("ResNet", "SlowFast"):
        why = f"{usage.backbone(read)} takes clips of one size"
    if why:
        name = key if cycle else "MULTIGRID.LONG_CYCLE"
        message = f"Multigrid changes the size of clips, and {why}; upstream stops."
        yield Finding("multigrid", name, message, "False", set={name: False})


def lists(read: Content, here: Path) -> Iterator[Finding]:
    """Compare the videos of the lists of frames with those of the lists of boxes."""
    if not _reads_boxes(read):
        return
    if usage.trains(read):
        gt = [(name, False) for name in read.get("AVA.TRAIN_GT_BOX_LISTS") or ()]
        predicted = [(name, True) for name in read.get("AVA.TRAIN_PREDICT_BOX_LISTS") or ()]
        yield from _compared(read, here, "TRAIN", [*gt, *predicted], 1)
    predicted = [(name, True) for name in read.get("AVA.TEST_PREDICT_BOX_LISTS") or ()]
    every = 1 if read.get("AVA.FULL_TEST_ON_VAL") or not usage.trains(read) else _EVERY
    yield from _compared(read, here, "TEST", predicted, every)


def _compared(
    read: Content, here: Path, part: str, boxes: list[tuple[str, bool]], every: int
) -> Iterator[Finding]:
    key = f"AVA.{part}_LISTS"
    named = "AVA.TRAIN_GT_BOX_LISTS" if part == "TRAIN" else "AVA.TEST_PREDICT_BOX_LISTS"
    for name, given in ((key, read.get(key)), (named, boxes)):
        if not given:
            message = f"{name} is empty: there is nothing to read; upstream stops."
            yield Finding("missing-list", name, message, "The names of the lists.")
            return
    frames = [here / read.get("AVA.FRAME_LIST_DIR") / name for name in read.get(key)]
    files = [here / read.get("AVA.ANNOTATION_DIR") / name for name, _ in boxes]
    if not all(path.is_file() for path in (*frames, *files)):
        return  # which is another finding
    threshold = read.get("AVA.DETECTION_SCORE_THRESH")
    shown = set().union(*(data_lists.videos_of_frames(path) for path in frames))
    boxed: set[str] = set()
    for path, (name, scored) in zip(files, boxes, strict=True):
        found = data_lists.videos_of_boxes(path, threshold if scored else None, every)
        if found is None:
            message = f"{name} has a line that cannot be read as a {'score' if scored else 'box'}."
            yield Finding("boxes", named, f"{message} Upstream stops.", "The list of this kind.")
            return
        boxed |= found
    if shown != boxed:
        only = min(shown ^ boxed)
        where = "frames, and no boxes" if only in shown else "boxes, and no frames"
        message = f"{only} has {where}: both lists have to name the same videos; upstream stops."
        fix = f"Lists of the same videos; or a lower AVA.DETECTION_SCORE_THRESH than {threshold}."
        yield Finding("boxes", named, message, fix)


def evaluation(read: Content, here: Path) -> Iterator[Finding]:
    """Look into the files that the evaluation of boxes reads."""
    folder = here / read.get("AVA.ANNOTATION_DIR")
    for key, first_wrong, fix in _FILES:
        path = folder / read.get(key)
        if _reads_boxes(read) and path.is_file():
            wrong = first_wrong(path.read_text(encoding="utf-8", errors="replace"))
            if wrong is not None:
                message = f"{path} cannot be read here: {wrong[:60]!r}; upstream stops."
                yield Finding("boxes", key, message, fix)


_FILES = (
    ("AVA.GROUNDTRUTH_FILE", data_lists.unreadable_truth, "ava_val_v2.2.csv"),
    ("AVA.EXCLUSION_FILE", data_lists.unreadable_exclusion, "ava_val_excluded_timestamps_v2.2.csv"),
    (
        "AVA.LABEL_MAP_FILE",
        data_lists.unreadable_label_map,
        "ava_action_list_v2.2_for_activitynet_2019.pbtxt",
    ),
)

RULES = (moments, cycles)
FILE_RULES = (lists, evaluation)
