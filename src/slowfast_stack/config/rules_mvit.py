"""Rules on the shapes of MViT: patches, the depth of its lists, widths, heads and pooling.

The sizes are computed as slowfast/models/video_model_builder.py and attention.py at 287ec00 do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slowfast_stack.config import usage
from slowfast_stack.config.findings import Finding
from slowfast_stack.config.rules_resnet import after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.config.content import Content

_MULTIPLIED = ("MVIT.DIM_MUL", "MVIT.HEAD_MUL")
_STRIDES = ("MVIT.POOL_Q_STRIDE", "MVIT.POOL_KV_STRIDE")
_MODES = ("avg", "max", "conv", "conv_unshared")
_SINE_PARTS = 16  # a sine and a cosine for height and width in 3/4 of the width, for time in 1/4


def _applies(read: Content) -> bool:
    return usage.runs(read) and usage.is_mvit(read)


def _numbers(value: object, count: int) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == count
        and all(isinstance(n, int | float) for n in value)
    )


def lists(read: Content) -> Iterator[Finding]:
    """Compare the lists of blocks with the depth, and what they say of each block."""
    if not _applies(read) and usage.model(read) != "PTVMViT":
        return
    depth = read.get("MVIT.DEPTH")
    if depth < 1:
        yield Finding("limit", "MVIT.DEPTH", f"{depth} blocks; upstream stops.", "At least 1.")
        return
    for keys, length, last in ((_MULTIPLIED, 2, depth), (_STRIDES, 4, depth - 1)):
        for key in keys:
            yield from _entries(key, read.get(key), length, last)


def _entries(key: str, rows: list[object], length: int, last: int) -> Iterator[Finding]:
    what = "a block and a factor" if length == 2 else "a block and three strides"  # noqa: PLR2004
    for row in rows:
        if not isinstance(row, list | tuple) or not _numbers(row, length):
            message = f"{row!r} is not {what}; upstream stops."
            yield Finding("blocks", key, message, f"[[1, {'2.0' if length == 2 else '1, 2, 2'}]]")  # noqa: PLR2004
        elif not -last - 1 <= row[0] <= last:
            message = f"{row} names block {row[0]}, and the last is {last}; upstream stops."
            fixed = [r for r in rows if _numbers(r, length) and abs(r[0]) <= last]  # type: ignore[index]
            yield Finding("blocks", key, message, f"{fixed}", set={key: fixed})
            return
        elif length == 4 and min(row[1:]) < 1:  # noqa: PLR2004
            message = f"{row} has a stride below 1; upstream stops."
            yield Finding("blocks", key, message, "Strides of at least 1.")


def patches(read: Content) -> Iterator[Finding]:
    """Compare the patches of the first convolution with those that the model expects."""
    if not _applies(read):
        return
    flat = read.get("MVIT.PATCH_2D")
    axes, images = (2 if flat else 3), "imagenet" in usage.data_sets(read)
    if flat != images and flat:
        message = "Patches of a picture cannot be cut from clips; upstream stops."
        yield Finding("patches", "MVIT.PATCH_2D", message, "False, with three numbers each.")
        return
    parts = ("KERNEL", "STRIDE", "PADDING")
    wrong = [p for p in parts if not _numbers(read.get(f"MVIT.PATCH_{p}"), axes)]
    for part in wrong:
        key = f"MVIT.PATCH_{part}"
        message = f"{read.get(key)} is not {axes} numbers; upstream stops."
        yield Finding("patches", key, message, f"{axes} numbers.")
    if wrong or min(read.get("MVIT.PATCH_STRIDE")) < 1:
        if not wrong:
            message = "A stride below 1; upstream stops."
            yield Finding("patches", "MVIT.PATCH_STRIDE", message, "At least 1.")
        return
    yield from _sizes(read, axes, images=images)


def _sizes(read: Content, axes: int, *, images: bool) -> Iterator[Finding]:
    crop, count = read.get("DATA.TRAIN_CROP_SIZE"), read.get("DATA.NUM_FRAMES")
    sizes = [crop, crop] if axes == 2 else [1 if images else count, crop, crop]  # noqa: PLR2004
    expected = [crop, crop] if axes == 2 else [count, crop, crop]  # noqa: PLR2004
    kernel, stride, padding = (
        read.get(f"MVIT.PATCH_{part}") for part in ("KERNEL", "STRIDE", "PADDING")
    )
    names = ["DATA.NUM_FRAMES", "DATA.TRAIN_CROP_SIZE", "DATA.TRAIN_CROP_SIZE"][3 - axes :]
    for name, size, wanted, k, s, p in zip(
        names, sizes, expected, kernel, stride, padding, strict=True
    ):
        made = after(size, k, s, p)
        if made != wanted // s or made < 1:
            message = (
                f"Patches of kernel {k}, stride {s} and padding {p} cut {size} into {made} parts, "
                f"and the model expects {wanted // s}; upstream stops."
            )
            yield Finding("patches", name, message, f"A multiple of {s}.")
            return


@dataclass
class _Block:
    """A block: widths, heads, and the sides of what it looks at."""

    index: int
    dim: int
    attended: int
    heads: int


def _rounded(width: float, factor: float, divisor: int = 1) -> int:
    """Round a width as slowfast.models.utils.round_width does."""
    if not factor:
        return int(width)
    width *= factor
    out = max(divisor or 1, int(width + divisor / 2) // divisor * divisor)
    return int(out + divisor if out < 0.9 * width else out)


def _blocks(read: Content) -> list[_Block]:
    depth, heads = read.get("MVIT.DEPTH"), read.get("MVIT.NUM_HEADS")
    dims, mult = [1.0] * (depth + 1), [1.0] * (depth + 1)
    for row in read.get("MVIT.DIM_MUL"):
        dims[row[0]] = row[1]
    for row in read.get("MVIT.HEAD_MUL"):
        mult[row[0]] = row[1]
    dim, found = read.get("MVIT.EMBED_DIM"), []
    inside = read.get("MVIT.DIM_MUL_IN_ATT")
    for i in range(depth):
        heads = _rounded(heads, mult[i])
        place = i if inside else i + 1
        out = _rounded(dim, dims[place], _rounded(heads, mult[place]))
        found.append(_Block(i, dim, out if inside else dim, heads))
        dim = out
    return found


def widths(read: Content) -> Iterator[Finding]:
    """Compare the width of each block with its heads."""
    if not _applies(read):
        return
    if read.get("MVIT.EMBED_DIM") < 1 or any(lists(read)) or read.get("MVIT.REV.ENABLE"):
        return
    for block in _blocks(read):
        if block.heads < 1 or block.attended % block.heads:
            message = (
                f"Block {block.index} has {block.attended} channels for {block.heads} heads; "
                "upstream stops."
            )
            fix = "A multiple of NUM_HEADS, with DIM_MUL and HEAD_MUL for the same blocks."
            yield Finding("heads", "MVIT.EMBED_DIM", message, fix)
            return


def _kernel(read: Content, strides: list[int]) -> list[int]:
    given = read.get("MVIT.POOL_KVQ_KERNEL")
    return list(given) if given is not None else [s + 1 if s > 1 else s for s in strides]


def pooling(read: Content) -> Iterator[Finding]:
    """Follow the sides through the pooling of queries, keys and the residual of each block."""
    mode, key = read.get("MVIT.MODE"), "MVIT.MODE"
    if not _applies(read) and usage.model(read) != "PTVMViT":
        return
    if mode not in _MODES:
        message = f"{mode} is not a way to pool; upstream stops."
        yield Finding("unknown-name", key, message, "conv", set={key: "conv"})
    elif mode == "conv_unshared" and not read.get("MVIT.POOL_FIRST"):
        message = "conv_unshared pools before the projection alone; upstream stops."
        yield Finding("pooling", "MVIT.POOL_FIRST", message, "True, or MVIT.MODE conv.")
    adaptive, kernel = "MVIT.POOL_KV_STRIDE_ADAPTIVE", "MVIT.POOL_KVQ_KERNEL"
    for name in (adaptive, kernel):
        value = read.get(name)
        if value is not None and (not _numbers(value, 3) or min(value) < 1):
            message = f"{value!r} is not three numbers of at least 1; upstream stops."
            yield Finding(
                "pooling", name, message, "[1, 8, 8]" if name == adaptive else "[3, 3, 3]"
            )
            return
    if not _applies(read) or any(lists(read)) or any(patches(read)):
        return
    yield from _followed(read)


def _followed(read: Content) -> Iterator[Finding]:
    stride = read.get("MVIT.PATCH_STRIDE")
    crop = read.get("DATA.TRAIN_CROP_SIZE")
    count = read.get("DATA.NUM_FRAMES") // stride[0] if len(stride) > 2 else 1  # noqa: PLR2004
    sizes = [count, crop // stride[-2], crop // stride[-1]]
    for row in sorted(read.get("MVIT.POOL_Q_STRIDE")):
        strides = list(row[1:])
        if math.prod(strides) == 1:
            continue
        made = [
            after(n, k, s, k // 2)
            for n, k, s in zip(sizes, _kernel(read, strides), strides, strict=True)
        ]
        skip = [s + 1 if s > 1 else s for s in strides]
        kept = [after(n, k, s, k // 2) for n, k, s in zip(sizes, skip, strides, strict=True)]
        narrow = read.get("MVIT.MODE") == "avg" and any(
            n < k for n, k in zip(sizes, _kernel(read, strides), strict=True)
        )
        if made != kept or min(made) < 1 or narrow:
            message = (
                f"Block {row[0]} pools {sizes} to {made}, and what goes past it to {kept}; "
                "upstream stops."
            )
            fix = "An odd kernel, and sides that the strides divide."
            yield Finding("pooling", "MVIT.POOL_Q_STRIDE", message, fix)
            return
        sizes = made


def switches(read: Content) -> Iterator[Finding]:
    """Compare switches that exclude each other."""
    if not _applies(read):
        return
    train, test = read.get("DATA.TRAIN_CROP_SIZE"), read.get("DATA.TEST_CROP_SIZE")
    if train != test:
        key = "DATA.TEST_CROP_SIZE"
        message = f"A transformer is trained and tested with one size, not {train} and {test}."
        yield Finding("crop-size", key, f"{message} Upstream stops.", f"{train}", set={key: train})
    fixed_positions = read.get("MVIT.USE_FIXED_SINCOS_POS")
    if fixed_positions and not read.get("MVIT.USE_ABS_POS"):
        message = "Fixed positions are absolute positions, which are off; upstream stops."
        key = "MVIT.USE_ABS_POS"
        yield Finding("positions", key, message, "True", set={key: True})
    elif fixed_positions and read.get("MVIT.SEP_POS_EMBED"):
        message = "Fixed positions exclude separate ones; upstream stops."
        key = "MVIT.SEP_POS_EMBED"
        yield Finding("positions", key, message, "False", set={key: False})
    elif fixed_positions and read.get("MVIT.EMBED_DIM") % _SINE_PARTS:
        message = f"Fixed positions need a width that is a multiple of {_SINE_PARTS}."
        yield Finding("positions", "MVIT.EMBED_DIM", message, f"A multiple of {_SINE_PARTS}.")


_FUSIONS = ("add", "max", "min", "avg", "concat")


def _fuses(name: str) -> bool:
    return name in _FUSIONS or "concat_linear" in name


def reversible(read: Content) -> Iterator[Finding]:
    """Compare the fusions, the buffered blocks and the path past them of a reversible model."""
    if not (_applies(read) and read.get("MVIT.REV.ENABLE")):
        return
    if read.get("MASK.ENABLE"):
        message = "A reversible model has no blocks for masked pretraining; upstream stops."
        fixed: dict[str, object] = {"MVIT.REV.ENABLE": False}
        yield Finding("reversible", "MVIT.REV.ENABLE", message, "False", set=fixed)
        return
    buffered, key = list(read.get("MVIT.REV.BUFFER_LAYERS")), "MVIT.REV.BUFFER_LAYERS"
    for name in ("MVIT.REV.RESPATH_FUSE", *(("MVIT.REV.PRE_Q_FUSION",) if buffered else ())):
        value, right = str(read.get(name)), "concat" if name.endswith("FUSE") else "avg"
        if not _fuses(value):
            message = f"{value} is not a way to fuse two streams; upstream stops."
            yield Finding("unknown-name", name, message, right, set={name: right})
        elif right == "concat" and right not in value and not read.get("MVIT.USE_MEAN_POOLING"):
            message = f"{value} fuses after a norm for both streams; upstream stops."
            yield Finding("reversible", name, message, right, set={name: right})
    path = "MVIT.REV.RES_PATH"
    if buffered and read.get(path) not in ("conv", "max"):
        message = f"{read.get(path)} is not a path past the attention; upstream stops."
        yield Finding("unknown-name", path, message, "conv", set={path: "conv"})
    wider = {row[0] for row in read.get("MVIT.DIM_MUL") if _numbers(row, 2) and row[1] != 1}
    pooled = read.get("MVIT.POOL_Q_STRIDE")
    wider |= {row[0] for row in pooled if _numbers(row, 4) and math.prod(row[1:]) > 1}
    if wider - set(buffered):
        message = f"Blocks {sorted(wider)} change widths or sides, and {buffered} are buffered."
        made = sorted(wider)
        yield Finding("reversible", key, f"{message} Upstream stops.", f"{made}", set={key: made})


RULES = (lists, patches, widths, pooling, switches, reversible)
