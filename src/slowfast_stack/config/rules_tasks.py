"""Rules on pretraining: contrastive models with their queues, masked ones with their heads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from slowfast_stack.config import usage
from slowfast_stack.config.findings import ERROR, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content

_HEAD_WIDTH = 64  # channels of each head of the decoder
_TUBE = 8  # frames that a tube is repeated for


def _compares(read: Content) -> bool:
    return usage.runs(read) and usage.model(read) == "ContrastiveModel"


def contrastive(read: Content) -> Iterator[Finding]:
    """Compare the widths, the queue and the views of contrastive pretraining."""
    if not _compares(read):
        return
    named, key = read.get("MODEL.LOSS_FUNC"), "MODEL.LOSS_FUNC"
    if named != "contrastive_loss":
        message = f"Contrastive pretraining has its own loss, not {named}; upstream stops."
        right = "contrastive_loss"
        yield Finding("loss", key, message, right, set={key: right})
    width, classes, key = (
        read.get("CONTRASTIVE.DIM"),
        read.get("MODEL.NUM_CLASSES"),
        "CONTRASTIVE.DIM",
    )
    if width < 1 or width != classes:
        message = f"The model gives {classes} numbers, and {width} are compared; upstream stops."
        fixed = {key: classes} if classes > 0 else {}
        yield Finding("contrastive", key, message, "MODEL.NUM_CLASSES", set=fixed)
    for key, default in (("CONTRASTIVE.T", 0.07), ("CONTRASTIVE.MLP_DIM", 2048)):
        used = key.endswith("T") or read.get("CONTRASTIVE.NUM_MLP_LAYERS") > 1
        if used and read.get(key) <= 0:
            message = f"{read.get(key)}: the loss is not a number; upstream stops."
            yield Finding("limit", key, message, f"{default}", set={key: default})
    if read.get("TASK") != "ssl":
        message = f"TASK is {read.get('TASK') or '(empty)'}, and the model is for pretraining."
        yield Finding(
            "contrastive", "TASK", f"{message} Upstream stops.", "ssl", set={"TASK": "ssl"}
        )
    yield from _queue(read)
    yield from _views(read)


def _queue(read: Content) -> Iterator[Finding]:
    length, batch = read.get("CONTRASTIVE.QUEUE_LEN"), read.get("TRAIN.BATCH_SIZE")
    key, kind = "CONTRASTIVE.QUEUE_LEN", read.get("CONTRASTIVE.TYPE")
    if usage.trains(read) and kind == "moco" and batch > 0 and (length < 1 or length % batch):
        fixed = max(1, round(length / batch)) * batch
        message = f"The queue of {length} is no multiple of the batch of {batch}; upstream stops."
        yield Finding("contrastive", key, message, f"{fixed}", set={key: fixed})
    depths, key = read.get("CONTRASTIVE.PREDICTOR_DEPTHS"), "CONTRASTIVE.PREDICTOR_DEPTHS"
    if kind == "byol" and len(depths) != 1:
        message = f"BYOL has one predictor, not {len(depths)}; upstream stops."
        yield Finding("contrastive", key, message, "[2]", set={key: [2]})


def _views(read: Content) -> Iterator[Finding]:
    views = read.get("DATA.TRAIN_CROP_NUM_TEMPORAL") * read.get("DATA.TRAIN_CROP_NUM_SPATIAL")
    compared = read.get("CONTRASTIVE.TYPE") in ("moco", "byol", "simclr", "swav")
    if usage.trains(read) and compared and views < 2:  # noqa: PLR2004
        key = "DATA.TRAIN_CROP_NUM_TEMPORAL"
        message = f"Contrastive pretraining compares two clips of a video, and takes {views}."
        yield Finding("contrastive", key, f"{message} Upstream stops.", "2", set={key: 2})
    kind, key = read.get("CONTRASTIVE.TYPE"), "CONTRASTIVE.TYPE"
    if usage.trains(read) and (kind == "self" or (kind == "mem" and views > 1)):
        message = f"{kind} compares no clips of one video, and {views} are taken; upstream stops."
        yield Finding("contrastive", key, message, "moco, byol, simclr or swav.")


def delta(read: Content) -> Iterator[Finding]:
    """Refuse a distance between clips from a decoder that cannot keep it."""
    bounds = ("CONTRASTIVE.DELTA_CLIPS_MIN", "CONTRASTIVE.DELTA_CLIPS_MAX")
    given = [key for key in bounds if math.isfinite(read.get(key))]
    pyav = read.get("DATA.DECODING_BACKEND") == "pyav" and "kinetics" in usage.data_sets(read)
    if given and pyav:
        key = "DATA.DECODING_BACKEND"
        message = f"pyav keeps no distance between clips, which {given[0]} asks for."
        fixed = {key: "torchvision"}
        yield Finding(
            "one-clip-decoder", key, f"{message} No clip is read.", "torchvision", set=fixed
        )


def projections(read: Content) -> Iterator[Finding]:
    """Refuse the layers of contrastive pretraining in a model that is trained with labels."""
    plain = usage.model(read) in ("ResNet", "SlowFast", "MViT")
    if not (usage.runs(read) and plain) or read.get("DETECTION.ENABLE"):
        return
    keys: list[tuple[str, object]] = [("CONTRASTIVE.NUM_MLP_LAYERS", 1)]
    if usage.model(read) != "MViT":
        keys.append(("CONTRASTIVE.PREDICTOR_DEPTHS", []))
    for key, usual in keys:
        if read.get(key) != usual:
            message = f"{read.get(key)}: such layers are for ContrastiveModel; upstream stops."
            yield Finding("contrastive", key, message, f"{usual}", set={key: usual})


def masked(read: Content) -> Iterator[Finding]:
    """Compare the model of masked pretraining with its switches, depth and head."""
    enabled, key = read.get("MASK.ENABLE"), "MASK.ENABLE"
    is_masked = usage.model(read) == "MaskMViT"
    if usage.runs(read) and bool(enabled) != is_masked:
        named = usage.model(read)
        message = f"{key} is {enabled}, and the model is {named}; upstream stops."
        yield Finding("masked", key, message, f"{is_masked}", set={key: is_masked})
        return
    given = usage.trained_on(read) == "kinetics" or read.get("AUG.ENABLE")
    key = "AUG.GEN_MASK_LOADER"
    if usage.runs(read) and not enabled and read.get(key) and given:
        message = f"Masks are for masked pretraining, not for {usage.model(read)}; upstream stops."
        yield Finding("masked", key, message, "False", set={key: False})
    if not (usage.runs(read) and enabled):
        return
    for key in ("LOG_MODEL_INFO", "DATA.MULTI_LABEL"):
        if read.get(key):
            why = "is traced" if key == "LOG_MODEL_INFO" else "has predictions with gradients"
            message = f"{key} asks for what masked pretraining does not give: it {why}."
            yield Finding("masked", key, f"{message} Upstream stops.", "False", set={key: False})
    if usage.tests(read):
        key, message = "TEST.ENABLE", "Masked pretraining gives pairs, which a test does not take."
        yield Finding("masked", key, f"{message} Upstream stops.", "False", set={key: False})
    yield from _loader(read)
    yield from _depth(read)
    yield from _mae(read)
    yield from _head(read)


def _loader(read: Content) -> Iterator[Finding]:
    key, ratio = "AUG.GEN_MASK_LOADER", "AUG.MASK_RATIO"
    makes_own = read.get("MASK.MAE_ON") or read.get("MASK.MAE_RND_MASK")
    given = read.get(key) and (read.get("AUG.ENABLE") or usage.trained_on(read) == "kinetics")
    if not given and not makes_own:
        message = "MaskFeat takes its masks from the data set, which makes none; upstream stops."
        fixed = {key: True, "AUG.ENABLE": True}
        yield Finding("masked", key, message, "True, with AUG.ENABLE", set=fixed)
    value = read.get(ratio)
    if not 0 < value < 1:
        message = f"A part of {value} is hidden: nothing is left to restore, or to restore it from."
        # Masks of the data set are never full; those that the model draws are.
        level = WARNING if value >= 1 and not makes_own else ERROR
        yield Finding("masked", ratio, message, "0.4", level, set={ratio: 0.4})
    elif _hidden(read, drawn=bool(makes_own)) < 1:
        message = f"A part of {value} hides no patch: the loss is not a number; upstream stops."
        yield Finding("masked", ratio, message, "0.4", set={ratio: 0.4})
    elif makes_own and _left(read, value) <= 1:
        message = f"A part of {value} leaves one patch or none; upstream stops."
        yield Finding("masked", ratio, message, "0.4", set={ratio: 0.4})
    most, key = read.get("AUG.MAX_MASK_PATCHES_PER_BLOCK"), "AUG.MAX_MASK_PATCHES_PER_BLOCK"
    if usage.trained_on(read) == "imagenet" and isinstance(most, int) and most < 1:
        message = f"Blocks of {most} patches hide nothing: the loss is not a number."
        yield Finding("masked", key, f"{message} Upstream stops.", "None", set={key: None})
    yield from _window(read, drawn=bool(makes_own))


def _patches(read: Content) -> tuple[int, int]:
    """Return the frames, and the patches of each, that the model starts with."""
    stride, crop = read.get("MVIT.PATCH_STRIDE"), read.get("DATA.TRAIN_CROP_SIZE")
    if len(stride) < 2 or min(stride) < 1:  # noqa: PLR2004
        return 1, 1
    count = read.get("DATA.NUM_FRAMES") // stride[0] if len(stride) > 2 else 1  # noqa: PLR2004
    return count, (crop // stride[-2]) * (crop // stride[-1])


def _left(read: Content, ratio: float) -> int:
    count, each = _patches(read)
    seen = each if read.get("MASK.PER_FRAME_MASKING") else count * each
    return int(seen * (1 - ratio))


def _hidden(read: Content, *, drawn: bool) -> int:
    """Return how many patches the masks of the data set hide."""
    if drawn:
        return 1
    ratio = float(read.get("AUG.MASK_RATIO"))
    if usage.trained_on(read) == "imagenet":
        pooled = [row[1:] for row in read.get("MVIT.POOL_Q_STRIDE") if len(row) == 4]  # noqa: PLR2004
        shrunk = math.prod(int(n) for row in pooled for n in row[1:])
        return round(_patches(read)[1] / max(1, shrunk) * ratio)
    return round(math.prod(map(int, read.get("AUG.MASK_WINDOW_SIZE"))) * ratio)


def _window(read: Content, *, drawn: bool) -> Iterator[Finding]:
    """Compare the masks of the data set with the frames of the patches."""
    window, key = read.get("AUG.MASK_WINDOW_SIZE"), "AUG.MASK_WINDOW_SIZE"
    stride = read.get("MVIT.PATCH_STRIDE")
    if drawn or usage.trained_on(read) != "kinetics" or len(stride) != 3:  # noqa: PLR2004
        return
    seen = read.get("DATA.NUM_FRAMES") // max(1, stride[0])
    if read.get("AUG.MASK_TUBE"):
        if len(window) != 2 or seen != _TUBE:  # noqa: PLR2004
            message = f"A tube has two sides and {_TUBE} frames of patches; upstream stops."
            name = "AUG.MASK_TUBE"
            yield Finding("masked", name, message, "False", set={name: False})
    elif len(window) != 3 or window[0] != seen:  # noqa: PLR2004
        message = f"{window} is not {seen} frames of patches with two sides; upstream stops."
        fixed = [seen, *window[-2:]]
        yield Finding("masked", key, message, f"{fixed}", set={key: fixed})


def _depth(read: Content) -> Iterator[Finding]:
    depths, key = read.get("MASK.PRETRAIN_DEPTH"), "MASK.PRETRAIN_DEPTH"
    last = read.get("MVIT.DEPTH") - 1
    if not depths or any(not isinstance(n, int) or not 0 <= n <= last for n in depths):
        message = f"{depths} are not blocks from 0 to {last}; upstream stops."
        yield Finding("masked", key, message, f"[{last}]", set={key: [last]})
    elif max(depths) != depths[-1]:
        message = f"{depths} does not end with the last block; upstream stops."
        yield Finding("masked", key, message, f"{sorted(depths)}", set={key: sorted(depths)})


def _mae(read: Content) -> Iterator[Finding]:
    """Refuse what the encoder of MAE does not have: pooling, and no positions."""
    if not read.get("MASK.MAE_ON"):
        return
    key = "MASK.MAE_ON"
    pooled = [*read.get("MVIT.POOL_Q_STRIDE"), *read.get("MVIT.POOL_KV_STRIDE")]
    pools = any(math.prod(row[1:]) > 1 for row in pooled)
    if pools or read.get("MVIT.POOL_KV_STRIDE_ADAPTIVE") is not None:
        message = "MAE leaves patches out, and what is left cannot be pooled; upstream stops."
        yield Finding("masked", key, message, "False", set={key: False})
    key = "MVIT.USE_ABS_POS"
    if not read.get(key):
        message = "The decoder of MAE has absolute positions, which are off; upstream stops."
        yield Finding("masked", key, message, "True", set={key: True})


def _head(read: Content) -> Iterator[Finding]:
    kind, key = str(read.get("MASK.HEAD_TYPE")), "MASK.HEAD_TYPE"
    width, depth = "MASK.DECODER_EMBED_DIM", "MASK.DECODER_DEPTH"
    if kind not in ("separate", "separate_xformer"):
        message = f"{kind} is not a head that upstream knows; it stops."
        yield Finding("unknown-name", key, message, "separate, or separate_xformer.")
    elif kind == "separate_xformer" and read.get(depth) < 1:
        message = "The decoder has no block; upstream stops."
        yield Finding("masked", depth, message, "1", set={depth: 1})
    elif kind == "separate_xformer":
        given = read.get(width)
        if given < _HEAD_WIDTH or given % (given // _HEAD_WIDTH):
            message = f"{given} channels cannot be divided into heads of {_HEAD_WIDTH}."
            fix = f"A multiple of {_HEAD_WIDTH}."
            yield Finding("masked", width, f"{message} Upstream stops.", fix)


def shown(read: Content) -> Iterator[Finding]:
    """Refuse pictures of what masked pretraining restores, which upstream can no longer write."""
    key = "VIS_MASK.ENABLE"
    if not (usage.runs(read) and read.get(key)):
        return
    if usage.model(read) == "MaskMViT" and read.get("MASK.MAE_ON"):
        message = "Restored clips are written by torchvision.io.video, which is no longer there."
        yield Finding("masked", key, f"{message} Upstream stops.", "False", set={key: False})
    elif usage.tests(read):
        message = "The test leaves out its results, and the model restores no pictures to show."
        yield Finding("masked", key, message, "False", WARNING, set={key: False})


RULES = (contrastive, delta, projections, masked, shown)
