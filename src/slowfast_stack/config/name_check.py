"""Compare a name with the content of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.names import Name, Part


@dataclass(frozen=True)
class Comparison:
    """One claim of a name beside its file."""

    part: str
    name_says: str
    file_says: str
    agrees: bool


class Expected(NamedTuple):
    """A word of a name and the values that its key may have."""

    word: str
    key: str
    values: tuple[Any, ...]


EXPECTED = (
    Expected("slowfast", "MODEL.ARCH", ("slowfast",)),
    Expected("slow", "MODEL.ARCH", ("slow",)),
    Expected("i3d", "MODEL.ARCH", ("i3d",)),
    Expected("c2d", "MODEL.ARCH", ("c2d",)),
    Expected("x3d", "MODEL.ARCH", ("x3d",)),
    Expected("csn", "MODEL.ARCH", ("csn",)),
    Expected("r2plus1d", "MODEL.ARCH", ("r2plus1d",)),
    Expected("mvit", "MODEL.ARCH", ("mvit", "maskmvit")),
    Expected("mvitv2", "MODEL.ARCH", ("mvit", "maskmvit")),
    Expected("vit", "MODEL.ARCH", ("mvit", "maskmvit")),
    Expected("res", "MODEL.ARCH", ("2d",)),
    Expected("nopool", "MODEL.MODEL_NAME", ("ResNet_nopool",)),
    Expected("multigrid", "MULTIGRID.LONG_CYCLE", (True,)),
    Expected("stepwise", "SOLVER.LR_POLICY", ("steps_with_relative_lrs",)),
    Expected("in1k", "TRAIN.CHECKPOINT_INFLATE", (True,)),
    Expected("rev", "MVIT.REV.ENABLE", (True,)),
    Expected("conv", "MVIT.MODE", ("conv",)),
    Expected("mae", "MASK.MAE_ON", (True,)),
    Expected("pt", "TASK", ("ssl",)),
    Expected("ft", "TASK", ("ssl_eval",)),
    Expected("linear", "MODEL.DETACH_FINAL_FC", (True,)),
    Expected("finetune", "TRAIN.CHECKPOINT_EPOCH_RESET", (True,)),
    Expected("byol", "CONTRASTIVE.TYPE", ("byol",)),
    Expected("moco", "CONTRASTIVE.TYPE", ("moco",)),
    Expected("simclr", "CONTRASTIVE.TYPE", ("simclr",)),
    Expected("swav", "CONTRASTIVE.TYPE", ("swav",)),
    Expected("test", "TRAIN.ENABLE", (False,)),
    Expected("data-in1k", "TRAIN.DATASET", ("imagenet",)),
    Expected("data-k400", "TRAIN.DATASET", ("kinetics",)),
    Expected("data-ssv2", "TRAIN.DATASET", ("ssv2",)),
    Expected("data-ava", "TRAIN.DATASET", ("ava",)),
    Expected("data-ucf", "MODEL.NUM_CLASSES", (101,)),
    Expected("AVA", "TRAIN.DATASET", ("ava",)),
    Expected("Kinetics", "TRAIN.DATASET", ("kinetics", "ptvkinetics")),
    Expected("ImageNet", "TRAIN.DATASET", ("imagenet",)),
    Expected("SSv2", "TRAIN.DATASET", ("ssv2", "ptvssv2")),
    Expected("Charades", "TRAIN.DATASET", ("charades", "ptvcharades")),
    Expected("c2", "TRAIN.CHECKPOINT_TYPE", ("caffe2",)),
    Expected("demo", "DEMO.ENABLE", (True,)),
)

# Blocks and width of the transformers, depth factor and image size of X3D, by model and size.
SIZES: dict[tuple[str, str], dict[str, tuple[Any, ...]]] = {
    ("mvit", "b"): {"MVIT.DEPTH": (16, 24)},
    ("mvitv2", "t"): {"MVIT.DEPTH": (10,)},
    ("mvitv2", "s"): {"MVIT.DEPTH": (16,)},
    ("mvitv2", "b"): {"MVIT.DEPTH": (24,)},
    ("mvitv2", "l"): {"MVIT.DEPTH": (48,), "MVIT.EMBED_DIM": (144,)},
    ("vit", "s"): {"MVIT.DEPTH": (12,), "MVIT.EMBED_DIM": (384,)},
    ("vit", "b"): {"MVIT.DEPTH": (12,), "MVIT.EMBED_DIM": (768,)},
    ("vit", "l"): {"MVIT.DEPTH": (24,), "MVIT.EMBED_DIM": (1024,)},
    ("vit", "h"): {"MVIT.DEPTH": (32,), "MVIT.EMBED_DIM": (1280,)},
    ("x3d", "xs"): {"X3D.DEPTH_FACTOR": (2.2,), "DATA.TRAIN_CROP_SIZE": (160,)},
    ("x3d", "s"): {"X3D.DEPTH_FACTOR": (2.2,), "DATA.TRAIN_CROP_SIZE": (160,)},
    ("x3d", "m"): {"X3D.DEPTH_FACTOR": (2.2,), "DATA.TRAIN_CROP_SIZE": (224,)},
    ("x3d", "l"): {"X3D.DEPTH_FACTOR": (5.0,), "DATA.TRAIN_CROP_SIZE": (312,)},
}
# Blocks of the fourth stage of a ResNet, by its depth.
FOURTH_STAGE = {50: 6, 101: 23}


def compare(name: Name, content: Content) -> tuple[Comparison, ...]:
    """Compare each part of a name that can be compared, and what the name leaves out."""
    found: list[Comparison] = []
    for part in name.parts:
        found += [_equal(part, row, content) for row in EXPECTED if row.word == part.word.id]
        special = SPECIAL.get(part.word.id)
        found += special(part, name, content) if special else []
    return tuple(found + _unmentioned(name, content))


def _equal(part: Part, row: Expected, content: Content) -> Comparison:
    return _one(part, row.key, row.values, content)


def _one(part: Part, key: str, values: tuple[Any, ...], content: Content) -> Comparison:
    expected = " or ".join(map(str, values))
    value = content.get(key)
    return Comparison(
        part.text,
        f"{key} {expected}",
        f"{key} {value if value != '' else '(empty)'}",
        value in values,
    )


def _clip(part: Part, _name: Name, content: Content) -> list[Comparison]:
    said = (part.number("frames"), part.number("stride"))
    options = clips(content)
    found = ", ".join(
        f"{frames}x{stride} ({message})" for message, (frames, stride) in options.items()
    )
    return [Comparison(part.text, f"{said[0]}x{said[1]}", found, said in options.values())]


def clips(content: Content) -> dict[str, tuple[int, int]]:
    """Return frames and stride of the clip, and of the slow pathway where there is one."""
    frames, stride = content.get("DATA.NUM_FRAMES"), content.get("DATA.SAMPLING_RATE")
    if content.get("MODEL.ARCH") != "slowfast":
        return {"the clip": (frames, stride)}
    alpha = content.get("SLOWFAST.ALPHA")
    return {"the full clip": (frames, stride), "slow pathway": (frames // alpha, stride * alpha)}


def _backbone(part: Part, _name: Name, content: Content) -> list[Comparison]:
    return [_one(part, "RESNET.DEPTH", (part.number("depth"),), content)]


def _temporal(part: Part, name: Name, content: Content) -> list[Comparison]:
    blocks = [FOURTH_STAGE[part.number(pathway)] for pathway in ("slow", "fast")]
    found = content.get("RESNET.NUM_BLOCK_TEMP_KERNEL")[2]
    said = f"{blocks} blocks of the fourth stage look over time"
    return [
        *_backbone(part, name, content),
        Comparison(part.text, said, f"{found} blocks", list(found) == blocks),
    ]


def _size(part: Part, name: Name, content: Content) -> list[Comparison]:
    row = SIZES.get((name.model, part.text.lower()), {})
    return [_one(part, key, values, content) for key, values in row.items()]


def _depth(part: Part, _name: Name, content: Content) -> list[Comparison]:
    return [_one(part, "MVIT.DEPTH", (part.number("depth"),), content)]


def _syn(part: Part, _name: Name, content: Content) -> list[Comparison]:
    devices = part.number("devices") or 1
    return [_one(part, "BN.NUM_SYNC_DEVICES", (devices,), content)]


def _version(part: Part, _name: Name, content: Content) -> list[Comparison]:
    version, key = part.groups["version"], "AVA.GROUNDTRUTH_FILE"
    return [_one(part, key, (f"ava_val_v{version}.csv",), content)]


def _nln(part: Part, _name: Name, content: Content) -> list[Comparison]:
    has = _non_local(content)
    return [Comparison(part.text, "non-local blocks", "some" if has else "none", has)]


def _pytorchvideo(part: Part, _name: Name, content: Content) -> list[Comparison]:
    model = str(content.get("MODEL.MODEL_NAME"))
    said = "MODEL.MODEL_NAME PTV..."
    return [Comparison(part.text, said, f"MODEL.MODEL_NAME {model}", model.startswith("PTV"))]


def _non_local(content: Content) -> bool:
    stages = content.get("NONLOCAL.LOCATION") or []
    return any(blocks for stage in stages for blocks in stage)


def _unmentioned(name: Name, content: Content) -> list[Comparison]:
    """List what a file has and such a name would usually mention."""
    found = []
    if _non_local(content) and not name.part("nln"):
        where = content.get("NONLOCAL.LOCATION")
        value = f"NONLOCAL.LOCATION {where}"
        found += [Comparison("", "no non-local blocks (no NLN)", value, agrees=False)]
    if content.get("MULTIGRID.LONG_CYCLE") and not name.part("multigrid"):
        found += [Comparison("", "no multigrid", "MULTIGRID.LONG_CYCLE True", agrees=False)]
    return found


SPECIAL: dict[str, Callable[[Part, Name, Content], list[Comparison]]] = {
    "clip": _clip,
    "backbone": _backbone,
    "backbone-temporal": _temporal,
    "size": _size,
    "depth": _depth,
    "syn": _syn,
    "version": _version,
    "nln": _nln,
    "pytorchvideo": _pytorchvideo,
}
