"""Rules on how clips are cut from videos: scales, crops, views, repeats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from slowfast_stack.config import usage
from slowfast_stack.config.findings import ERROR, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content

_SCALES = "DATA.TRAIN_JITTER_SCALES"
_PLACES = 3  # left, center and right
_SCALED = (*usage.SAMPLED, *usage.DECODED, "ava", "ptvssv2")


def crop(read: Content) -> Iterator[Finding]:
    """Compare the crop with the least side that a video is scaled to."""
    scales, size = read.get(_SCALES), read.get("DATA.TRAIN_CROP_SIZE")
    if usage.trained_on(read) not in _SCALED or not _is_pair(scales):
        return
    low, high = scales
    if low > high:
        message = f"{low} is above {high}: the scales are drawn from between them."
        yield Finding("scales", _SCALES, message, f"[{high}, {low}]", WARNING)
    if size > min(scales):
        message = (
            f"A video that is scaled to {min(scales)} has no crop of {size}: its clip is smaller, "
            "and clips of several sizes form no batch."
        )
        alone = usage.clips_of_a_process(read) == 1 and not usage.is_mvit(read)
        level = WARNING if alone else ERROR
        fixed = {_SCALES: [size, max(size, high)]}
        yield Finding(
            "crop-size", "DATA.TRAIN_CROP_SIZE", message, f"At most {low}.", level, set=fixed
        )


def _is_pair(scales: object) -> bool:
    return (
        isinstance(scales, list | tuple)
        and len(scales) == 2  # noqa: PLR2004
        and all(isinstance(n, int | float) and n >= 1 for n in scales)
    )


def test_crop(read: Content) -> Iterator[Finding]:
    """Compare the crop of a test in one place with the scale, which is that of the training."""
    scales, size = read.get(_SCALES), read.get("DATA.TEST_CROP_SIZE")
    one = read.get("TEST.NUM_SPATIAL_CROPS") == 1
    named = usage.tests(read) and str(read.get("TEST.DATASET")).lower() == "kinetics"
    if named and one and _is_pair(scales) and size > scales[0]:
        message = f"With one crop a video is tested at a side of {scales[0]}, which has no {size}."
        key = "DATA.TEST_CROP_SIZE"
        yield Finding("crop-size", key, message, f"At most {scales[0]}.", set={key: int(scales[0])})


def places(read: Content) -> Iterator[Finding]:
    """Compare the crops and views of a test with those that a data set knows."""
    crops, key = read.get("TEST.NUM_SPATIAL_CROPS"), "TEST.NUM_SPATIAL_CROPS"
    if not usage.tests(read) or read.get("DETECTION.ENABLE"):
        return
    data_set = str(read.get("TEST.DATASET")).lower()
    if data_set in usage.SAMPLED and crops > _PLACES:
        message = f"A video is cropped in up to {_PLACES} places, not in {crops}; upstream stops."
        yield Finding("views", key, message, f"{_PLACES}", set={key: _PLACES})
    views, name = read.get("TEST.NUM_TEMPORAL_CLIPS"), "TEST.NUM_TEMPORAL_CLIPS"
    if not views:
        views, name = [read.get("TEST.NUM_ENSEMBLE_VIEWS")], "TEST.NUM_ENSEMBLE_VIEWS"
    wrong = [n for n in views if not isinstance(n, int) or n < 1]
    if wrong:
        message = f"{wrong[0]!r} views of each video; upstream stops."
        yield Finding("views", name, message, "At least 1.")


def relative(read: Content) -> Iterator[Finding]:
    """Refuse one of the two lists that cut relatively without the other."""
    pair = ("DATA.TRAIN_JITTER_SCALES_RELATIVE", "DATA.TRAIN_JITTER_ASPECT_RELATIVE")
    given = [key for key in pair if read.get(key)]
    if usage.trained_on(read) in usage.SAMPLED and len(given) == 1:
        other = next(key for key in pair if key not in given)
        message = f"{given[0]} needs {other}, which is empty; upstream stops."
        fixed = {other: [0.08, 1.0] if "SCALES" in other else [0.75, 1.3333]}
        yield Finding("form", other, message, f"{fixed[other]}", set=fixed)


def chunks(read: Content) -> Iterator[Finding]:
    """Compare the chunks of a list of videos with a batch."""
    size, total = read.get("DATA.LOADER_CHUNK_SIZE"), read.get("DATA.LOADER_CHUNK_OVERALL_SIZE")
    batch = read.get("TRAIN.BATCH_SIZE") // usage.processes(read)
    if usage.trained_on(read) != "kinetics" or size < 1 or total < 1:
        return
    # pandas takes the first row of each chunk for a header.
    last = total - (math.ceil(total / size) - 1) * size - 1
    if min(size, last) < batch * usage.processes(read):
        key = "DATA.LOADER_CHUNK_SIZE"
        message = f"A chunk has {min(size, last)} videos, and a batch takes more; upstream stops."
        yield Finding("empty-loader", key, message, "0", set={key: 0})


RULES = (crop, test_crop, places, relative, chunks)
