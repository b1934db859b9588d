"""Rules on the shapes of ResNet, SlowFast and X3D: what each layer makes of the clip.

The sizes are computed as slowfast/models/video_model_builder.py at 287ec00 does; a convolution or
a pooling of kernel k, stride s and padding p makes (n + 2 p - k) // s + 1 of n.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from slowfast_stack.config import usage
from slowfast_stack.config.findings import WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
_WIDTHS = (1, 4, 8, 16)  # of the stages before each fusion, times WIDTH_PER_GROUP
_POOLED = ("c2d", "i3d")  # architectures that halve the frames after the first stage
_HEAD = 32  # the head expects a crop to be divided by this
_CROP = "DATA.TRAIN_CROP_SIZE"


def pathways(read: Content) -> int:
    """Return the number of pathways of the model."""
    return 2 if usage.backbone(read) in ("SlowFast", "PTVSlowFast") else 1


def after(size: int, kernel: int, stride: int, padding: int) -> int:
    """Return the size after a convolution or pooling; 0 or less where none is left."""
    return (size + 2 * padding - kernel) // stride + 1


def blocks(read: Content) -> Iterator[Finding]:
    """Compare the blocks with temporal kernels, and with non-local ones, with all blocks."""
    depth, key = BLOCKS.get(read.get("RESNET.DEPTH")), "RESNET.NUM_BLOCK_TEMP_KERNEL"
    if depth is None or usage.backbone(read) not in ("ResNet", "SlowFast"):
        return
    given, count = read.get(key), pathways(read)
    if _is_stages(given, count) and any(
        number > blocks for stage, blocks in zip(given, depth, strict=False) for number in stage
    ):
        message = f"{given} is more than the blocks of RESNET.DEPTH {read.get('RESNET.DEPTH')}."
        fixed = [[min(n, most) for n in row] for row, most in zip(given, depth, strict=False)]
        yield Finding("blocks", key, f"{message} Upstream stops.", f"{fixed}", set={key: fixed})
    places = read.get("NONLOCAL.LOCATION")
    for stage, most in zip(places, depth, strict=False):
        late = [index for row in stage for index in row if not 0 <= index < most]
        if late:
            message = f"Block {late[0]} is named in a stage with {most}: nothing is added there."
            fix = f"From 0 to {most - 1}."
            yield Finding("blocks", "NONLOCAL.LOCATION", message, fix, WARNING)


def _is_stages(given: object, count: int) -> bool:
    """Return whether a value has a list of numbers for each stage, one for each pathway."""
    return (
        isinstance(given, list)
        and len(given) >= len(_WIDTHS)
        and all(isinstance(row, list) and len(row) == count for row in given[: len(_WIDTHS)])
        and all(isinstance(n, int) for row in given[: len(_WIDTHS)] for n in row)
    )


def channels(read: Content) -> Iterator[Finding]:
    """Compare the channels that the fast pathway gives with those that the slow one expects."""
    width, beta = read.get("RESNET.WIDTH_PER_GROUP"), read.get("SLOWFAST.BETA_INV")
    ratio, key = read.get("SLOWFAST.FUSION_CONV_CHANNEL_RATIO"), "SLOWFAST.BETA_INV"
    if usage.backbone(read) != "SlowFast" or min(width, beta, ratio) < 1:
        return
    fast = width // beta
    if not fast:
        message = f"WIDTH_PER_GROUP {width} divided by {beta} leaves no channel; upstream stops."
        yield Finding("channels", key, message, f"At most {width}.")
    elif beta < ratio:
        message = f"The fusion gives {ratio} channels for each of {beta}; upstream divides by 0."
        other = "SLOWFAST.FUSION_CONV_CHANNEL_RATIO"
        yield Finding("channels", other, message, f"At most {beta}.")
    elif any(w * width // (beta // ratio) != w * width // beta * ratio for w in _WIDTHS):
        message = (
            f"WIDTH_PER_GROUP {width}, BETA_INV {beta} and FUSION_CONV_CHANNEL_RATIO {ratio} do "
            "not divide: the fused channels are not those that are expected. Upstream stops."
        )
        yield Finding("channels", key, message, "A divisor of WIDTH_PER_GROUP; 8 and 2.")
    groups = read.get("RESNET.NUM_GROUPS")
    if fast and groups > 1 and groups * width // beta % groups:
        message = f"The channels of the fast pathway cannot be divided into {groups} groups."
        yield Finding("channels", "RESNET.NUM_GROUPS", message, "1")


def fusion(read: Content) -> Iterator[Finding]:
    """Compare the frames that the fusion gives with those of the slow pathway."""
    kernel, key = read.get("SLOWFAST.FUSION_KERNEL_SZ"), "SLOWFAST.FUSION_KERNEL_SZ"
    alpha, frames = read.get("SLOWFAST.ALPHA"), read.get("DATA.NUM_FRAMES")
    if usage.backbone(read) not in ("SlowFast", "PTVSlowFast") or alpha < 1 or frames % alpha:
        return
    if kernel < 1 or after(frames, kernel, alpha, kernel // 2) != frames // alpha:
        message = f"A kernel of {kernel} gives other frames than the slow pathway; upstream stops."
        yield Finding("fusion-kernel", key, message, "An odd number: 5", set={key: 5})


class Side(NamedTuple):
    """A side of a picture after each stage of the model."""

    stages: tuple[int, ...]

    @property
    def last(self) -> int:
        """Return the side that the head sees."""
        return self.stages[-1]


def sides(read: Content, crop: int, pathway: int) -> Side:
    """Return the side of a crop after each stage of a pathway, 0 where nothing is left."""
    strides = read.get("RESNET.SPATIAL_STRIDES")
    size = after(after(crop, 7, 2, 3), 3, 2, 1)
    found = []
    for stage in strides[: len(_WIDTHS)]:
        size = after(size, 1, max(1, stage[pathway]), 0) if size > 0 else 0
        found.append(size)
    return Side(tuple(found))


def _has_pooling_head(read: Content) -> bool:
    adapts = read.get("MULTIGRID.SHORT_CYCLE") or usage.model(read) == "ContrastiveModel"
    plain = usage.backbone(read) in ("ResNet", "SlowFast", "PTVResNet", "PTVSlowFast")
    return plain and not adapts and not read.get("DETECTION.ENABLE")


def spatial(read: Content) -> Iterator[Finding]:
    """Compare the pooling of the head with the side that is left of a crop."""
    strides, count = read.get("RESNET.SPATIAL_STRIDES"), pathways(read)
    if not _is_stages(strides, count) or min(n for row in strides for n in row) < 1:
        return
    if count > 1 and any(len(set(row)) > 1 for row in strides):
        message = f"{strides} differ between the pathways, whose sides then differ too."
        key, fixed = "RESNET.SPATIAL_STRIDES", [[row[0]] * count for row in strides]
        yield Finding("strides", key, f"{message} Upstream stops.", f"{fixed}", set={key: fixed})
        return
    if not usage.runs(read) or not _has_pooling_head(read):
        return
    crop, pool = read.get(_CROP), read.get(_CROP) // _HEAD
    if pool < 1:
        message = (
            f"The head pools {_HEAD}th parts of the crop, and {crop} has none; upstream stops."
        )
        yield Finding("crop-size", _CROP, message, "At least 32.")
        return
    if usage.trains(read):
        yield from _trained(read, pool)
    left = sides(read, read.get("DATA.TEST_CROP_SIZE"), 0).last
    if usage.tests(read) and left < pool:
        key = "DATA.TEST_CROP_SIZE"
        message = f"The head pools {pool} of a side, and a crop of {read.get(key)} leaves {left}."
        yield Finding("crop-size", key, f"{message} Upstream stops.", f"{crop}", set={key: crop})


def _trained(read: Content, pool: int) -> Iterator[Finding]:
    crop = read.get(_CROP)
    left = sides(read, crop, 0).last
    if left < pool:
        message = f"The head pools {pool} of a side, and a crop of {crop} leaves {left}."
        key = "RESNET.SPATIAL_STRIDES"
        yield Finding("crop-size", key, f"{message} Upstream stops.", "[[1], [2], [2], [2]]")
    elif left > pool and not usage.model(read).startswith("PTV"):
        places = (left - pool + 1) ** 2
        message = (
            f"A crop of {crop} leaves {left} of a side, and the head pools {pool}: it answers for "
            f"{places} places, which training takes for {places} times the classes."
        )
        fix = f"A multiple of {_HEAD}, and strides of [1], [2], [2], [2]."
        yield Finding("crop-size", _CROP, message, fix, WARNING)


def frames(read: Content) -> Iterator[Finding]:
    """Refuse too few frames for an architecture that halves them."""
    arch, count = str(read.get("MODEL.ARCH")), read.get("DATA.NUM_FRAMES")
    plain = usage.backbone(read) in ("ResNet", "PTVResNet")
    if plain and "imagenet" in usage.data_sets(read) and count != 1:
        key = "DATA.NUM_FRAMES"
        message = f"A picture is one frame, and the head pools {count}; upstream stops."
        yield Finding("frames", key, message, "1", set={key: 1})
    if plain and arch in _POOLED and count == 1 and "imagenet" not in usage.data_sets(read):
        message = f"{arch} pools pairs of frames, and there is one; upstream stops."
        yield Finding("frames", "DATA.NUM_FRAMES", message, "At least 2.")


def x3d(read: Content) -> Iterator[Finding]:
    """Compare the pooling of X3D's head with what is left of the crop of the test."""
    if usage.model(read) not in ("X3D", "PTVX3D") or not usage.tests(read):
        return
    trained, tested = (read.get(f"DATA.{part}_CROP_SIZE") for part in ("TRAIN", "TEST"))
    pool, left = math.ceil(trained / _HEAD), math.ceil(tested / _HEAD)
    if left < pool:
        key = "DATA.TEST_CROP_SIZE"
        message = f"The head pools {pool} of a side, and a crop of {tested} leaves {left}."
        fixed = {key: trained}
        yield Finding("crop-size", key, f"{message} Upstream stops.", f"{trained}", set=fixed)


def non_local(read: Content) -> Iterator[Finding]:
    """Compare the frames and sides that non-local blocks see with their groups and pooling."""
    given, pools = read.get("NONLOCAL.LOCATION"), read.get("NONLOCAL.POOL")
    strides, groups = read.get("RESNET.SPATIAL_STRIDES"), read.get("NONLOCAL.GROUP")
    plain = usage.backbone(read) in ("ResNet", "SlowFast") and usage.runs(read)
    if not plain or not (
        _is_stages(strides, pathways(read)) and _is_stages(groups, pathways(read))
    ):
        return
    for pathway, stage in itertools.product(range(pathways(read)), range(len(_WIDTHS))):
        try:
            used, pool = given[stage][pathway], pools[stage][pathway]
        except (IndexError, TypeError):
            return
        if not used:
            continue
        seen = _frames_of(read, pathway, stage)
        if seen % groups[stage][pathway]:
            key = "NONLOCAL.GROUP"
            message = f"{seen} frames cannot be divided into {groups[stage][pathway]} groups."
            yield Finding("non-local", key, f"{message} Upstream stops.", "1")
        side = sides(read, read.get(_CROP), pathway).stages[stage]
        if pool and len(pool) == 3 and (pool[1] > side or pool[0] > seen):  # noqa: PLR2004
            message = f"A pool of {pool} is larger than the {seen} frames with sides of {side}."
            key = "NONLOCAL.POOL"
            yield Finding("non-local", key, f"{message} Upstream stops.", "[1, 2, 2]")


def _frames_of(read: Content, pathway: int, stage: int) -> int:
    count = int(read.get("DATA.NUM_FRAMES"))
    if pathways(read) > 1 and pathway == 0:
        count //= max(1, read.get("SLOWFAST.ALPHA"))
    halved = str(read.get("MODEL.ARCH")) in _POOLED and stage > 0
    return count // 2 if halved else count


RULES = (blocks, channels, fusion, spatial, frames, non_local, x3d)
